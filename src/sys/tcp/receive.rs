// SPDX-License-Identifier: GPL-2.0-only

//! Reading received bytes in place.

use super::{
    Guard,
    Sender,
    StreamHandler, //
};
use crate::sys::ffi;
use core::slice;
use kernel::{
    error::from_err_ptr,
    prelude::*, //
};

impl<H: StreamHandler> Guard<'_, H> {
    /// Calls `look` with the first contiguous piece of the unread bytes, in place; `look` returns
    /// how many bytes of it are consumed. Returns that number; returns 0 without calling `look` if
    /// there are no unread bytes. It consumes a FIN that follows the last byte.
    ///
    /// A response that `look` sends acknowledges the piece, too.
    ///
    /// # Errors
    ///
    /// `EIO` for bytes that can not be read, `ENOMEM` if there is no memory for copies of bytes
    /// that the sender could still change.
    #[inline]
    pub(crate) fn read(
        &mut self,
        look: impl FnOnce(&[u8], Sender<'_, H>) -> usize,
    ) -> Result<usize> {
        let sk = self.locked().sk();
        let mut len = 0;
        // SAFETY: By the type invariant the lock is held.
        let piece = from_err_ptr(unsafe { ffi::khttpd_peek(sk, &mut len) }.cast_mut())?;
        if piece.is_null() {
            return Ok(0);
        }
        // SAFETY: The piece is initialised and stays valid until `khttpd_tcp_read_done`: `self` is
        // borrowed mutably, and a sender does not read. Nothing writes to it: `khttpd_peek` has
        // replaced fragments that their sender could still change by copies.
        let bytes = unsafe { slice::from_raw_parts(piece, len) };
        let done = look(bytes, self.sender()).min(len);
        if done != 0 {
            // SAFETY: By the type invariant the lock is held.
            unsafe { ffi::khttpd_tcp_read_done(sk, done) };
        }
        Ok(done)
    }

    /// Tells whether the peer has sent FIN, or the connection was reset or is closed. Earlier bytes
    /// may still be unread.
    #[inline]
    pub(crate) fn received_fin(&self) -> bool {
        // SAFETY: The socket is valid.
        unsafe { ffi::khttpd_sk_received_fin(self.locked().sk()) }
    }

    /// Tells whether received bytes, or a FIN, are unread.
    #[inline]
    pub(crate) fn has_unread(&self) -> bool {
        // SAFETY: The socket is valid.
        unsafe { ffi::khttpd_sk_has_unread(self.locked().sk()) }
    }
}
