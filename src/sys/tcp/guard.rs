// SPDX-License-Identifier: GPL-2.0-only

//! The lock of a stream, taken.

use super::{
    ffi,
    Owner,
    SendBuffers,
    Stream, //
};
use crate::sys::page::PageBytes;
use core::{
    ops::{
        Deref,
        DerefMut,
        Range, //
    },
    ptr,
    slice, //
};
use kernel::{
    bindings,
    error::to_result,
    ffi::{
        c_int,
        c_uint,
        c_void, //
    },
    prelude::*,
    types::NotThreadSafe, //
};

/// The right to read from a stream, to send on it, and to change its state.
///
/// While it exists nothing may sleep.
///
/// # Invariants
///
/// The socket's spinlock is held, for this object alone, and softirqs are disabled.
pub(crate) struct Guard<'a, O: Owner> {
    stream: &'a Stream<O>,
    _cpu: NotThreadSafe,
}

impl<'a, O: Owner> Guard<'a, O> {
    /// # Safety
    ///
    /// The socket's lock was taken by `khttpd_sock_lock`, and is given over to this object.
    #[inline]
    pub(super) unsafe fn new(stream: &'a Stream<O>) -> Self {
        // INVARIANT: As the caller promises.
        Self {
            stream,
            _cpu: NotThreadSafe,
        }
    }

    #[inline]
    fn sk(&self) -> *mut bindings::sock {
        self.stream.socket().sk()
    }

    /// Whether the connection was reset or is closed, so that there is nothing more to be done.
    #[inline]
    pub(crate) fn is_dead(&self) -> bool {
        // SAFETY: The socket is valid.
        unsafe { ffi::khttpd_sock_dead(self.sk()) }
    }

    /// Whether the peer has said FIN; bytes from before may still wait.
    #[inline]
    pub(crate) fn received_fin(&self) -> bool {
        // SAFETY: The socket is valid.
        unsafe { ffi::khttpd_sock_received_fin(self.sk()) }
    }

    /// Whether received bytes, or a FIN, wait to be read.
    #[inline]
    pub(crate) fn has_unread(&self) -> bool {
        // SAFETY: The socket is valid.
        unsafe { ffi::khttpd_sock_unread(self.sk()) }
    }

    /// Shows to `look` the first contiguous piece of what was received, in place, together with
    /// the state; what it returns is the number of bytes it is done with. Returns that number; 0
    /// too when nothing waits, and then `look` is not called.
    ///
    /// # Errors
    ///
    /// What the connection has met with.
    #[inline]
    pub(crate) fn read<F>(&mut self, look: F) -> Result<usize>
    where
        F: FnOnce(&mut O::State, &[u8]) -> usize,
    {
        /// `khttpd_look_t`.
        ///
        /// # Safety
        ///
        /// `context` is valid as an `Option<F>` and a pointer to a state that is not borrowed;
        /// `bytes` is valid for reads of `len` bytes.
        unsafe extern "C" fn call<S, F: FnOnce(&mut S, &[u8]) -> usize>(
            context: *mut c_void,
            bytes: *const u8,
            len: usize,
        ) -> usize {
            // SAFETY: As the caller promises.
            let (look, state) = unsafe { &mut *context.cast::<(Option<F>, *mut S)>() };
            let Some(look) = look.take() else { return 0 };
            // SAFETY: As the caller promises.
            look(unsafe { &mut **state }, unsafe {
                slice::from_raw_parts(bytes, len)
            })
        }

        let mut context = (Some(look), self.stream.state());
        // SAFETY: The lock is held by the type invariant. `call` gets what it asks for: the state
        // is not borrowed, since `self` is borrowed mutably here, and a closure can't touch the
        // socket without `self`.
        let done = unsafe {
            ffi::khttpd_read(
                self.sk(),
                call::<O::State, F>,
                ptr::from_mut(&mut context).cast::<c_void>(),
            )
        };
        count(done)
    }

    /// Copies `pieces`, one after the other, into the send buffer; `more`: to be sent together
    /// with what is sent next. Returns how many bytes found space, and when that is not all,
    /// [`Owner::event`] follows.
    ///
    /// # Errors
    ///
    /// What the connection has met with: `EPIPE`, `ECONNRESET`, `ETIMEDOUT` and the like.
    #[inline]
    pub(crate) fn send<const N: usize>(
        &mut self,
        buffers: &SendBuffers,
        pieces: [&[u8]; N],
        more: bool,
    ) -> Result<usize> {
        let len = pieces.iter().map(|piece| piece.len()).sum();
        let pieces = pieces.map(|piece| bindings::kvec {
            iov_base: piece.as_ptr().cast_mut().cast::<c_void>(),
            iov_len: piece.len(),
        });
        // SAFETY: The lock is held and softirqs are disabled by the type invariant; the pieces are
        // valid for reads, and that is all that is done with them.
        let sent = unsafe {
            ffi::khttpd_send(
                self.sk(),
                buffers.as_raw(),
                pieces.as_ptr(),
                c_uint::try_from(N)?,
                len,
                flags(more),
            )
        };
        space(sent)
    }

    /// Sends the bytes of `range` out of `bytes` without copying them. Otherwise as
    /// [`Guard::send`]. Bytes beyond the end are not there and not sent.
    #[inline]
    pub(crate) fn splice(
        &mut self,
        buffers: &SendBuffers,
        bytes: &PageBytes,
        range: Range<usize>,
        more: bool,
    ) -> Result<usize> {
        let len = range.end.min(bytes.len()).saturating_sub(range.start);
        let (blocks, skip) = bytes.blocks(&range);
        // SAFETY: The lock is held and softirqs are disabled by the type invariant; the blocks
        // hold `skip + len` bytes, which do not change any more.
        let sent = unsafe {
            ffi::khttpd_splice(
                self.sk(),
                buffers.as_raw(),
                blocks.as_ptr(),
                c_uint::try_from(blocks.len())?,
                skip,
                len,
                flags(more),
            )
        };
        space(sent)
    }
}

impl<O: Owner> Deref for Guard<'_, O> {
    type Target = O::State;

    #[inline]
    fn deref(&self) -> &O::State {
        // SAFETY: The lock is held by the type invariant, and `self` is borrowed.
        unsafe { &*self.stream.state() }
    }
}

impl<O: Owner> DerefMut for Guard<'_, O> {
    #[inline]
    fn deref_mut(&mut self) -> &mut O::State {
        // SAFETY: The lock is held by the type invariant, and `self` is borrowed mutably.
        unsafe { &mut *self.stream.state() }
    }
}

impl<O: Owner> Drop for Guard<'_, O> {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: By the type invariant the lock is held, and nobody uses it after this.
        unsafe { ffi::khttpd_sock_unlock(self.sk()) };
    }
}

fn flags(more: bool) -> c_uint {
    if more {
        bindings::MSG_MORE
    } else {
        0
    }
}

/// A count of bytes, or a negative errno.
#[inline]
fn count(ret: c_int) -> Result<usize> {
    match usize::try_from(ret) {
        Ok(count) => Ok(count),
        Err(_) => to_result(ret).map(|()| 0),
    }
}

/// As [`count`], for sending: no space is no error.
#[inline]
fn space(ret: c_int) -> Result<usize> {
    match count(ret) {
        Err(e) if e == EAGAIN => Ok(0),
        other => other,
    }
}
