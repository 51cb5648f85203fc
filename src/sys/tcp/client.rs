// SPDX-License-Identifier: GPL-2.0-only

//! Sockets that connect, for a task that waits.
//!
//! C header: [`include/linux/net.h`](srctree/include/linux/net.h)

use super::{
    address::RawAddress,
    Socket, //
};
use crate::sys::{
    device::PollCall,
    errno::EINPROGRESS,
    ffi, //
};
use core::net::SocketAddr;
use kernel::{
    bindings,
    error::to_result,
    ffi::{
        c_int,
        c_void, //
    },
    fs::File,
    iov::{
        IovIterDest,
        IovIterSource, //
    },
    prelude::*,
    time::{
        msecs_to_jiffies,
        Msecs, //
    }, //
};

/// A connection that a task has made. It keeps the network namespace of the task.
pub(crate) struct Client(Socket);

impl Client {
    /// Connects to `peer` in the network namespace of the calling task. With `wait` it returns when
    /// the connection is established, otherwise at once; then the first call that sends or receives
    /// returns the error of the connection.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    ///
    /// # Errors
    ///
    /// Those of `socket(2)` and `connect(2)`, above all `ECONNREFUSED`, `ETIMEDOUT`, `ENETUNREACH`;
    /// `ERESTARTSYS` for a signal.
    pub(crate) fn connect(peer: SocketAddr, wait: bool) -> Result<Self> {
        let socket = Socket::of_task(peer)?;
        let mut address = RawAddress::new(peer)?;
        let (address, len) = address.as_raw();
        let flags = if wait {
            0
        } else {
            c_int::try_from(bindings::O_NONBLOCK)?
        };
        // SAFETY: The socket is valid, and so is the address.
        let error = unsafe { bindings::kernel_connect(socket.as_raw(), address, len, flags) };
        match to_result(error) {
            Err(e) if e == EINPROGRESS && !wait => Ok(Self(socket)),
            other => other.map(|()| Self(socket)),
        }
    }

    /// Sends the bytes of `from`; with `wait` all of them, unless a signal or an error ends it.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    ///
    /// # Errors
    ///
    /// The error of the connection, `EPIPE` if the peer has closed it, `EAGAIN` without `wait`,
    /// `ERESTARTSYS` for a signal; then it has sent nothing.
    pub(crate) fn send(&self, from: &mut IovIterSource<'_>, wait: bool) -> Result<usize> {
        // SAFETY: The socket and the iterator are valid.
        size(unsafe { ffi::khttpd_client_send(self.0.as_raw(), from.as_raw(), wait) })
    }

    /// Sends all of `bytes`.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    ///
    /// # Errors
    ///
    /// As for [`Client::send`].
    pub(crate) fn send_all(&self, mut bytes: &[u8]) -> Result {
        while !bytes.is_empty() {
            let mut message = bindings::msghdr {
                msg_flags: bindings::MSG_NOSIGNAL,
                ..Default::default()
            };
            let mut piece = bindings::kvec {
                iov_base: bytes.as_ptr().cast_mut().cast::<c_void>(),
                iov_len: bytes.len(),
            };
            // SAFETY: The socket and the message are valid; the piece is valid for reads of its
            // length, and the function only reads it.
            let sent = unsafe {
                bindings::kernel_sendmsg(self.0.as_raw(), &mut message, &mut piece, 1, bytes.len())
            };
            let sent = size(isize::try_from(sent)?)?;
            bytes = bytes.get(sent..).filter(|_| sent != 0).ok_or(EPIPE)?;
        }
        Ok(())
    }

    /// Receives the bytes that are there and fit into `to`; returns 0 after the peer's FIN.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    ///
    /// # Errors
    ///
    /// The error of the connection, `EAGAIN` without `wait`, `ERESTARTSYS` for a signal.
    pub(crate) fn receive(&self, to: &mut IovIterDest<'_>, wait: bool) -> Result<usize> {
        // SAFETY: The socket and the iterator are valid.
        size(unsafe { ffi::khttpd_client_receive(self.0.as_raw(), to.as_raw(), wait) })
    }

    /// Returns the events of the socket for `poll(2)`. `file` must own the client.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    pub(crate) fn poll(&self, file: &File, poll: &PollCall<'_>) -> u32 {
        // SAFETY: The socket, the file and the table are valid. The file, which waits in the table,
        // owns the socket.
        unsafe { ffi::khttpd_sock_poll(self.0.as_raw(), file.as_ptr(), poll.as_raw()) }
    }

    /// Waits up to `limit` until the peer has acknowledged all bytes that were sent.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    ///
    /// # Errors
    ///
    /// The error of the connection, `EPIPE` if that was reported before and not all bytes were
    /// acknowledged, `ETIMEDOUT` at the limit, `ERESTARTSYS` for a signal.
    pub(crate) fn wait_acknowledged(&self, limit: Msecs) -> Result {
        let timeout = msecs_to_jiffies(limit);
        // SAFETY: The socket is a valid TCP socket.
        to_result(unsafe { ffi::khttpd_client_wait_acknowledged(self.0.as_raw(), timeout) })
    }

    /// Waits as [`Client::wait_acknowledged`] does, sends FIN, and waits until that is
    /// acknowledged, up to `limit` in all.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    ///
    /// # Errors
    ///
    /// As for [`Client::wait_acknowledged`].
    pub(crate) fn finish(&self, limit: Msecs) -> Result {
        let timeout = msecs_to_jiffies(limit);
        // SAFETY: The socket is a valid TCP socket.
        to_result(unsafe { ffi::khttpd_client_finish(self.0.as_raw(), timeout) })
    }
}

/// Converts a return value: a number of bytes, or a negative errno.
fn size(result: isize) -> Result<usize> {
    usize::try_from(result).map_err(|_| c_int::try_from(result).map_or(EIO, Error::from_errno))
}
