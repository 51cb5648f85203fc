// SPDX-License-Identifier: GPL-2.0-only

//! Streams that become connections of a process.
//!
//! C headers: [`include/net/inet_connection_sock.h`](srctree/include/net/inet_connection_sock.h),
//! [`include/net/request_sock.h`](srctree/include/net/request_sock.h)

use super::{
    Stream,
    StreamHandler, //
};
use crate::sys::{
    errno::{
        EAFNOSUPPORT,
        ECONNREFUSED, //
    },
    ffi, //
};
use core::net::SocketAddr;
use kernel::{
    prelude::*,
    sync::atomic::ordering::Relaxed, //
};

/// The reason why a process can not have a connection.
#[derive(Clone, Copy)]
pub(crate) enum HandOverError {
    /// No socket listens at the address.
    NoListener,
    /// The accept queue of the process is full.
    QueueFull,
    /// The socket that listens is one of the kernel.
    KernelSocket,
    /// The socket that listens is not of the family of the connection.
    WrongFamily,
    /// The socket that listens belongs to another user.
    WrongUser,
    /// The client ends the connection.
    Closing,
    /// Memory is short.
    NoMemory,
    /// BPF has taken the connection meanwhile. No handler is attached any more: close the stream.
    Lost,
}

impl HandOverError {
    fn new(e: Error) -> Self {
        match e {
            ECONNREFUSED => Self::NoListener,
            EAGAIN => Self::QueueFull,
            EPERM => Self::KernelSocket,
            EAFNOSUPPORT => Self::WrongFamily,
            EACCES => Self::WrongUser,
            ENOMEM => Self::NoMemory,
            _ => Self::Closing,
        }
    }
}

impl<H: StreamHandler> Stream<H> {
    /// Returns whether the peer has an IPv4 address.
    ///
    /// # Context
    ///
    /// Any context.
    pub(crate) fn is_ipv4(&self) -> bool {
        // SAFETY: The socket is valid.
        unsafe { ffi::khttpd_sk_is_ipv4(self.locked.sk()) }
    }

    /// Moves the connection, with all that is unread, into the accept queue of the process that
    /// listens at `to` in the network namespace of the connection; with `uid`, only if its socket
    /// belongs to that user of the user namespace that owns the network namespace. The stream has ended then, and
    /// nothing of the server refers to the connection.
    ///
    /// A handler is attached, and all that was sent is acknowledged. No other task calls this
    /// function or [`Stream::close`] meanwhile.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    ///
    /// # Errors
    ///
    /// The reason why the process can't have the connection. Unless it is lost, it is as before.
    pub(crate) fn hand_over(&self, to: SocketAddr, uid: Option<u32>) -> Result<(), HandOverError> {
        if self.closed.xchg(true, Relaxed) {
            return Err(HandOverError::Closing);
        }
        // SAFETY: The callbacks and the socket are private parts of this object, and it was neither
        // closed nor handed over before.
        let (result, handler) = unsafe {
            self.callbacks
                .hand_over_child(self.locked.socket(), to, uid)
        };
        result.map_err(|e| {
            self.closed.store(false, Relaxed);
            handler.map_or(HandOverError::new(e), |_| HandOverError::Lost)
        })
    }
}
