// SPDX-License-Identifier: GPL-2.0-only

//! The lock of a stream, taken.

use super::{
    ffi,
    Sender,
    Stream, //
    StreamHandler,
};
use core::{
    ops::{
        Deref,
        DerefMut, //
    },
    slice, //
};
use kernel::{
    error::from_err_ptr,
    prelude::*,
    types::NotThreadSafe, //
};

/// The right to read from a stream, to send on it, and to change its state.
///
/// While it exists nothing may sleep.
///
/// # Invariants
///
/// - The socket's spinlock is held, nobody owns the socket, and softirqs are disabled.
/// - `lent` of the stream was set for this object, which is the only one of its stream.
pub(crate) struct Guard<'a, O: StreamHandler> {
    stream: &'a Stream<O>,
    /// The lock was taken for this object, not by the caller of a callback.
    taken: bool,
    _cpu: NotThreadSafe,
}

impl<'a, O: StreamHandler> Guard<'a, O> {
    /// # Safety
    ///
    /// The socket's spinlock is held for as long as the guard exists, nobody owns the socket, and
    /// softirqs are disabled. `lent` was set for this object. If it was `taken` by
    /// `khttpd_sock_lock`, it is given over to this object.
    #[inline]
    pub(super) unsafe fn new(stream: &'a Stream<O>, taken: bool) -> Self {
        // INVARIANT: As the caller promises.
        Self {
            stream,
            taken,
            _cpu: NotThreadSafe,
        }
    }

    /// The right to send, and to change the state.
    #[inline]
    pub(crate) fn sender(&mut self) -> Sender<'_, O> {
        // SAFETY: The lock is held by the type invariant for as long as `self` is borrowed, and
        // `self`, which is the only guard, is borrowed mutably.
        unsafe { Sender::new(self.stream) }
    }

    /// Shows to `look` the first contiguous piece of what was received, in place; what it returns
    /// is the number of bytes it is done with. Returns that number; 0 too when nothing waits, and
    /// then `look` is not called.
    ///
    /// What is sent meanwhile acknowledges the piece along the way.
    ///
    /// # Errors
    ///
    /// `EIO` for what can't be read, `ENOMEM` for what can't be copied although its sender may still
    /// change it.
    #[inline]
    pub(crate) fn read(
        &mut self,
        look: impl FnOnce(&[u8], Sender<'_, O>) -> usize,
    ) -> Result<usize> {
        let sk = self.stream.socket().sk();
        let mut len = 0;
        // SAFETY: The lock is held by the type invariant.
        let piece = from_err_ptr(unsafe { ffi::khttpd_peek(sk, &mut len) }.cast_mut())?;
        if piece.is_null() {
            return Ok(0);
        }
        // SAFETY: The piece stays until `khttpd_read_done`, since `self` is borrowed mutably and
        // a sender does not read.
        let bytes = unsafe { slice::from_raw_parts(piece, len) };
        let done = look(bytes, self.sender()).min(len);
        if done != 0 {
            // SAFETY: The lock is held by the type invariant.
            unsafe { ffi::khttpd_read_done(sk, done) };
        }
        Ok(done)
    }

    /// Whether the peer has said FIN, or the connection was reset or is closed; bytes from before
    /// may still wait.
    #[inline]
    pub(crate) fn received_fin(&self) -> bool {
        // SAFETY: The socket is valid.
        unsafe { ffi::khttpd_sock_received_fin(self.stream.socket().sk()) }
    }

    /// Whether received bytes, or a FIN, wait to be read.
    #[inline]
    pub(crate) fn has_unread(&self) -> bool {
        // SAFETY: The socket is valid.
        unsafe { ffi::khttpd_sock_unread(self.stream.socket().sk()) }
    }
}

impl<O: StreamHandler> Deref for Guard<'_, O> {
    type Target = O::State;

    #[inline]
    fn deref(&self) -> &O::State {
        // SAFETY: The lock is held by the type invariant, and `self` is borrowed.
        unsafe { &*self.stream.state() }
    }
}

impl<O: StreamHandler> DerefMut for Guard<'_, O> {
    #[inline]
    fn deref_mut(&mut self) -> &mut O::State {
        // SAFETY: The lock is held by the type invariant, and `self` is borrowed mutably.
        unsafe { &mut *self.stream.state() }
    }
}

impl<O: StreamHandler> Drop for Guard<'_, O> {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: The lock is held by the type invariant, and `lent` was set for this object.
        unsafe { self.stream.give_back() };
        if self.taken {
            // SAFETY: The lock was taken for this object, and nobody uses it after this.
            unsafe { ffi::khttpd_sock_unlock(self.stream.socket().sk()) };
        }
    }
}
