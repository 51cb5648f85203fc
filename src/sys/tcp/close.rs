// SPDX-License-Identifier: GPL-2.0-only

//! The end of a stream.
//!
//! C header: [`include/net/tcp.h`](srctree/include/net/tcp.h)

use super::{
    Guard,
    Stream,
    StreamHandler, //
};
use crate::sys::ffi;
use kernel::{
    ffi::c_int,
    sync::{
        atomic::ordering::Relaxed,
        Arc, //
    }, //
};

impl<H: StreamHandler> Guard<'_, H> {
    /// Lets TCP drop the connection, before it is closed or afterwards, when the peer has
    /// acknowledged nothing for `seconds`. Without that a peer that keeps its window closed and
    /// answers each probe would hold the send buffer for minutes.
    pub(crate) fn give_up_after(&mut self, seconds: u32) {
        let milliseconds = c_int::try_from(u64::from(seconds) * 1_000).unwrap_or(c_int::MAX);
        // SAFETY: The socket is a valid TCP socket.
        unsafe { ffi::khttpd_tcp_set_user_timeout(self.locked().sk(), milliseconds) };
    }

    /// Makes [`Stream::close`](super::Stream::close) a reset, which drops the send buffer.
    pub(crate) fn reset_on_close(&mut self) {
        // SAFETY: By the type invariant the lock is held.
        unsafe { ffi::khttpd_sk_reset_on_close(self.locked().sk()) };
    }
}

impl<H: StreamHandler> Stream<H> {
    /// Closes the connection, detaches the handler and returns it, if one was attached. TCP goes on
    /// in the background until the peer has acknowledged all bytes. Does nothing the second time.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    pub(crate) fn close(&self) -> Option<Arc<H>> {
        if self.closed.xchg(true, Relaxed) {
            return None;
        }
        // SAFETY: The callbacks and the socket are private parts of this object, and it was not
        // closed before.
        unsafe { self.callbacks.close_child(self.locked.socket()) }
    }
}
