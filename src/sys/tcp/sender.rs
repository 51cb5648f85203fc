// SPDX-License-Identifier: GPL-2.0-only

//! The sending half of a guard.

use super::{
    ffi,
    SendBuffers,
    Stream, //
    StreamHandler,
};
use crate::sys::page::{
    Block,
    PageBytes, //
};
use core::ops::{
    Deref,
    DerefMut,
    Range, //
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

/// The right to send on a stream and to change its state, but not to read from it.
///
/// So what was received can be looked at in place while the reply to it is sent.
///
/// # Invariants
///
/// The stream's [`Guard`](super::Guard) exists and is borrowed mutably, for this object.
pub(crate) struct Sender<'a, O: StreamHandler> {
    stream: &'a Stream<O>,
    _cpu: NotThreadSafe,
}

impl<'a, O: StreamHandler> Sender<'a, O> {
    /// # Safety
    ///
    /// The guard of the stream exists, and is borrowed mutably for `'a`.
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

    /// Copies `pieces`, one after the other, into the send buffer; `more`: to be sent together
    /// with what is sent next. Returns how many bytes found space, and when that is not all,
    /// [`StreamHandler::event`] follows.
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
        let vectors = pieces.map(|piece| bindings::kvec {
            iov_base: piece.as_ptr().cast_mut().cast::<c_void>(),
            iov_len: piece.len(),
        });
        // SAFETY: The lock is held and softirqs are disabled by the invariants of the guard; the
        // pieces are valid for reads, and that is all that is done with them.
        let sent = unsafe {
            ffi::khttpd_send(
                self.sk(),
                buffers.as_raw(),
                vectors.as_ptr(),
                c_uint::try_from(N)?,
                len,
                flags(more),
            )
        };
        space(sent)
    }

    /// Sends the bytes of `range` out of `bytes` without copying them. Otherwise as
    /// [`Sender::send`]. Bytes beyond the end are not there and not sent.
    #[inline]
    pub(crate) fn splice(
        &mut self,
        buffers: &SendBuffers,
        bytes: PageBytes<'_>,
        range: Range<usize>,
        more: bool,
    ) -> Result<usize> {
        let len = range.end.min(bytes.len()).saturating_sub(range.start);
        let (blocks, skip) = bytes.blocks(&range);
        // SAFETY: The lock is held and softirqs are disabled by the invariants of the guard; the
        // blocks hold `skip + len` bytes, which do not change any more.
        let sent = unsafe {
            ffi::khttpd_splice(
                self.sk(),
                buffers.as_raw(),
                Block::as_raw(blocks),
                c_uint::try_from(blocks.len())?,
                skip,
                len,
                flags(more),
            )
        };
        space(sent)
    }

    /// A number that changes whenever the peer acknowledges something.
    pub(crate) fn acknowledged(&self) -> u32 {
        // SAFETY: The socket is a valid TCP socket.
        unsafe { ffi::khttpd_sock_acknowledged(self.sk()) }
    }

    /// Says FIN to the peer, together with what was sent with `more`; what the peer sends is still
    /// received.
    pub(crate) fn half_close(&mut self) {
        // SAFETY: The lock is held and softirqs are disabled by the invariants of the guard.
        unsafe { ffi::khttpd_sock_half_close(self.sk()) };
    }
}

impl<O: StreamHandler> Deref for Sender<'_, O> {
    type Target = O::State;

    #[inline]
    fn deref(&self) -> &O::State {
        // SAFETY: The guard is borrowed for this object by the type invariant, and `self` is
        // borrowed.
        unsafe { &*self.stream.state() }
    }
}

impl<O: StreamHandler> DerefMut for Sender<'_, O> {
    #[inline]
    fn deref_mut(&mut self) -> &mut O::State {
        // SAFETY: The guard is borrowed mutably for this object by the type invariant, and `self`
        // is borrowed mutably.
        unsafe { &mut *self.stream.state() }
    }
}

#[inline]
fn flags(more: bool) -> c_uint {
    if more {
        bindings::MSG_MORE
    } else {
        0
    }
}

/// A count of bytes, or a negative errno; no space is no error.
#[inline]
fn space(ret: c_int) -> Result<usize> {
    match usize::try_from(ret) {
        Ok(count) => Ok(count),
        Err(_) => match to_result(ret) {
            Err(e) if e != EAGAIN => Err(e),
            _ => Ok(0),
        },
    }
}
