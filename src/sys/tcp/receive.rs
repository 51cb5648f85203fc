// SPDX-License-Identifier: GPL-2.0-only

//! The receive queue of a stream.
//!
//! Received bytes stay in the queue, where TCP accounts for them, until they are consumed.

use super::LockedSocket;
use crate::sys::ffi;
use kernel::{
    error::to_result,
    ffi::c_int,
    prelude::*, //
};

/// The right to read from a connection.
///
/// # Context
///
/// Softirq or process context, must not sleep. This holds for all methods.
pub(crate) trait Receiver {
    /// Copies the unread bytes behind the first `skip` into `buffer`, as far as it has room, and
    /// returns the copy. The bytes stay unread.
    ///
    /// # Errors
    ///
    /// `EIO` for bytes that can not be read.
    fn copy_unread<'b>(&self, skip: usize, buffer: &'b mut [u8]) -> Result<&'b [u8]>;

    /// Consumes the first `count` unread bytes, and a FIN that follows the last of them. What stays
    /// unread does not keep the peer from sending the rest of a head.
    ///
    /// If a response to them was sent before, it has acknowledged them, too.
    fn consume(&mut self, count: usize);

    /// Makes room for the rest of an unfinished head. The peer learns of it with the acknowledgement
    /// of the bytes that have just come.
    fn make_room(&mut self);

    /// Consumes up to `limit` unread bytes, of which a FIN is one, and returns how many.
    fn discard(&mut self, limit: u32) -> u32;

    /// Leaves the acknowledgement of the unread bytes to the response, or to TCP's timer, instead of
    /// sending it as soon as they are consumed.
    fn defer_acknowledgement(&mut self);

    /// Tells whether the peer has sent FIN, or the connection was reset or is closed. Earlier bytes
    /// may still be unread.
    fn received_fin(&self) -> bool;

    /// Tells whether the connection was reset, timed out or is closed.
    fn is_dead(&self) -> bool;

    /// Tells whether received bytes, or a FIN, are unread.
    fn has_unread(&self) -> bool;
}

impl<T: LockedSocket> Receiver for T {
    #[inline]
    fn copy_unread<'b>(&self, skip: usize, buffer: &'b mut [u8]) -> Result<&'b [u8]> {
        let room = c_int::try_from(buffer.len())?;
        // SAFETY: As `LockedSocket` guarantees, the lock is held. The buffer has `room` bytes.
        let copied = unsafe {
            ffi::khttpd_copy_unread(self.sk(), u32::try_from(skip)?, buffer.as_mut_ptr(), room)
        };
        match usize::try_from(copied) {
            Ok(count) => Ok(buffer.get(..count).unwrap_or_default()),
            Err(_) => to_result(copied).map(|()| Default::default()),
        }
    }

    #[inline]
    fn consume(&mut self, count: usize) {
        // CAST: Sequence numbers have 32 bits.
        let count = count as u32;
        // SAFETY: As `LockedSocket` guarantees, the lock is held.
        unsafe { ffi::khttpd_consume(self.sk(), count) };
    }

    #[inline]
    fn make_room(&mut self) {
        // SAFETY: As `LockedSocket` guarantees, the lock is held.
        unsafe { ffi::khttpd_make_room(self.sk()) };
    }

    fn discard(&mut self, limit: u32) -> u32 {
        // SAFETY: As `LockedSocket` guarantees, the lock is held.
        unsafe { ffi::khttpd_discard_unread(self.sk(), limit) }
    }

    fn defer_acknowledgement(&mut self) {
        // SAFETY: As `LockedSocket` guarantees, the lock is held.
        unsafe { ffi::khttpd_defer_acknowledgement(self.sk()) };
    }

    #[inline]
    fn received_fin(&self) -> bool {
        // SAFETY: The socket is valid.
        unsafe { ffi::khttpd_sk_received_fin(self.sk()) }
    }

    fn is_dead(&self) -> bool {
        // SAFETY: The socket is valid.
        unsafe { ffi::khttpd_sk_is_dead(self.sk()) }
    }

    #[inline]
    fn has_unread(&self) -> bool {
        // SAFETY: The socket is valid.
        unsafe { ffi::khttpd_sk_has_unread(self.sk()) }
    }
}
