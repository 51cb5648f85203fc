// SPDX-License-Identifier: GPL-2.0-only

//! Sending on a connection.
//!
//! C header: [`include/net/tcp.h`](srctree/include/net/tcp.h)

use super::{
    LockedSocket,
    Pieces,
    SendBuffers,
    SockRef, //
};
use crate::sys::{
    ffi,
    page::{
        Block,
        PageBytes, //
    }, //
};
use core::ops::Range;
use kernel::{
    bindings,
    error::to_result,
    ffi::{
        c_int,
        c_uint, //
    },
    prelude::*, //
};

/// The blocks of a body that leave by one call with what precedes them: `KHTTPD_BLOCKS_MAX` in
/// `send.c`.
const BLOCKS_MAX: usize = 7;

/// The right to send on a connection.
///
/// # Context
///
/// Softirq or process context, must not sleep. This holds for all methods.
pub(crate) trait Sender {
    /// Copies `pieces`, in order, into the send buffer; with `more`, further bytes will follow at
    /// once. Returns for how many bytes there was space. If that is not all,
    /// an event of the connection follows.
    ///
    /// # Errors
    ///
    /// The error of the connection: `EPIPE`, `ECONNRESET`, `ETIMEDOUT` and the like.
    fn send(&mut self, buffers: &SendBuffers, pieces: &Pieces<'_>, more: bool) -> Result<usize>;

    /// Sends the bytes of `range` out of `bytes` without copying them, as far as they exist.
    /// Otherwise as [`Sender::send`].
    fn splice(
        &mut self,
        buffers: &SendBuffers,
        bytes: PageBytes<'_>,
        range: Range<usize>,
        more: bool,
    ) -> Result<usize>;

    /// Sends `pieces` as [`Sender::send`], and behind them the bytes of `range` as
    /// [`Sender::splice`], or at least the first [`BLOCKS_MAX`] blocks of them. Returns how many of
    /// all bytes found space.
    fn send_and_splice(
        &mut self,
        buffers: &SendBuffers,
        pieces: &Pieces<'_>,
        bytes: PageBytes<'_>,
        range: Range<usize>,
        more: bool,
    ) -> Result<usize>;

    /// Returns a number that changes whenever the peer acknowledges bytes.
    fn acknowledged(&self) -> u32;

    /// Returns whether the peer has acknowledged all that was sent, or never will. Otherwise
    /// an event follows for its next acknowledgement.
    fn await_acknowledgement(&mut self) -> bool;

    /// Sends FIN, together with the bytes that were sent with `more`. The socket still receives.
    fn half_close(&mut self);

    /// Returns the connection, for a look.
    fn sock(&self) -> SockRef<'_>;
}

impl<T: LockedSocket> Sender for T {
    #[inline]
    fn send(&mut self, buffers: &SendBuffers, pieces: &Pieces<'_>, more: bool) -> Result<usize> {
        let vectors = pieces.as_raw();
        // SAFETY: As `LockedSocket` guarantees, the lock is held and softirqs are disabled. The vectors
        // are valid for reads and have so many bytes, by the invariants of `Pieces`, and the function
        // only reads them.
        let sent = unsafe {
            ffi::khttpd_send(
                self.sk(),
                buffers.as_raw(),
                vectors.as_ptr(),
                c_uint::try_from(vectors.len())?,
                pieces.len(),
                flags(more),
            )
        };
        space(sent)
    }

    #[inline]
    fn splice(
        &mut self,
        buffers: &SendBuffers,
        bytes: PageBytes<'_>,
        range: Range<usize>,
        more: bool,
    ) -> Result<usize> {
        let len = range.end.min(bytes.len()).saturating_sub(range.start);
        let (blocks, skip) = bytes.blocks(&range);
        // SAFETY: As `LockedSocket` guarantees, the lock is held and softirqs are disabled. The blocks
        // have `skip + len` bytes, which do not change any more.
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

    #[inline]
    fn send_and_splice(
        &mut self,
        buffers: &SendBuffers,
        pieces: &Pieces<'_>,
        bytes: PageBytes<'_>,
        range: Range<usize>,
        more: bool,
    ) -> Result<usize> {
        let (blocks, skip) = bytes.blocks(&range);
        let blocks = blocks.get(..BLOCKS_MAX).unwrap_or(blocks);
        let there = blocks.iter().map(Block::len).sum::<usize>();
        let len = there.saturating_sub(skip).min(range.len());
        if blocks.first().is_none_or(|first| skip >= first.len()) {
            return self.send(buffers, pieces, more);
        }
        let vectors = pieces.as_raw();
        // SAFETY: As `LockedSocket` guarantees, the lock is held and softirqs are disabled. The vectors
        // are valid for reads and have so many bytes, by the invariants of `Pieces`. There are one to
        // `BLOCKS_MAX` blocks with at least `skip + len` bytes, which do not change any more; more than
        // `skip` are those of the first.
        let sent = unsafe {
            ffi::khttpd_send_and_splice(
                self.sk(),
                buffers.as_raw(),
                vectors.as_ptr(),
                c_uint::try_from(vectors.len())?,
                pieces.len(),
                Block::as_raw(blocks),
                c_uint::try_from(blocks.len())?,
                skip,
                len,
                flags(more || len < range.len()),
            )
        };
        space(sent)
    }

    fn acknowledged(&self) -> u32 {
        // SAFETY: The socket is a valid TCP socket.
        unsafe { ffi::khttpd_tcp_acknowledged(self.sk()) }
    }

    fn await_acknowledgement(&mut self) -> bool {
        let sk = self.sk();
        // SAFETY: As `LockedSocket` guarantees, the lock is held.
        let is_acknowledged = unsafe { ffi::khttpd_tcp_is_acknowledged(sk) };
        if !is_acknowledged {
            // SAFETY: As above.
            unsafe { ffi::khttpd_tcp_await_acknowledgement(sk) };
        }
        is_acknowledged
    }

    fn half_close(&mut self) {
        // SAFETY: As `LockedSocket` guarantees, the lock is held and softirqs are disabled.
        unsafe { ffi::khttpd_half_close(self.sk()) };
    }

    #[inline]
    fn sock(&self) -> SockRef<'_> {
        // SAFETY: As `LockedSocket` guarantees, it is a TCP socket, valid as long as `self`.
        unsafe { SockRef::new(self.sk()) }
    }
}

/// Returns the flags of a message; `more`: further bytes will follow at once.
#[inline]
pub(super) fn flags(more: bool) -> c_uint {
    if more {
        bindings::MSG_MORE
    } else {
        0
    }
}

/// Converts a return value: a number of bytes, or a negative errno. A lack of space is no error.
#[inline]
pub(super) fn space(ret: c_int) -> Result<usize> {
    match usize::try_from(ret) {
        Ok(count) => Ok(count),
        Err(_) => match to_result(ret) {
            Err(e) if e != EAGAIN => Err(e),
            _ => Ok(0),
        },
    }
}
