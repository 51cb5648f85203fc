// SPDX-License-Identifier: GPL-2.0-only

//! A connection whose handshake is complete, on its way to khttpd.

use std::net::TcpStream;
use std::os::fd::{AsFd, BorrowedFd};
use std::time::Instant;

use crate::log::Log;
use crate::poller::Interest;

/// A connection that khttpd shall take over. While khttpd is full, it waits here.
#[derive(Debug)]
pub(crate) struct Handover {
    socket: TcpStream,
    deadline: Instant,
}

impl Handover {
    /// Returns one that ends at the deadline of its handshake.
    pub(crate) fn new(socket: TcpStream, deadline: Instant) -> Self {
        Self { socket, deadline }
    }

    /// Closes the connection because khttpd was full for too long.
    pub(crate) fn expire(self, log: &Log) {
        log.peer(format_args!("adopt node: khttpd is full"));
    }

    pub(crate) fn deadline(&self) -> Instant {
        self.deadline
    }

    /// No event of the client tells when khttpd has room.
    pub(crate) fn side(&self) -> (BorrowedFd<'_>, Interest) {
        (self.socket.as_fd(), Interest::NONE)
    }
}

impl AsFd for Handover {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}
