// SPDX-License-Identifier: GPL-2.0-only

//! Sockets that connect, for a task that waits.

use super::{
    address::Address,
    ffi,
    Socket, //
};
use crate::sys::device::Poll;
use core::{
    net::SocketAddr,
    ptr::{
        self,
        NonNull, //
    }, //
};
use kernel::{
    bindings,
    error::to_result,
    ffi::c_int,
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

/// A connection that was made by a task. It keeps the network namespace that it was made in.
pub(crate) struct Client(Socket);

impl Client {
    /// Connects to `peer` in the network namespace of the calling task. With `wait` it returns
    /// when it is connected, otherwise at once, and the first to send or to receive is told
    /// whether it is. Process context, may sleep.
    ///
    /// # Errors
    ///
    /// What `socket(2)` and `connect(2)` say, above all `ECONNREFUSED`, `ETIMEDOUT`, `ENETUNREACH`;
    /// `ERESTARTSYS` for a signal.
    pub(crate) fn connect(peer: SocketAddr, wait: bool) -> Result<Self> {
        let family = match peer {
            SocketAddr::V4(_) => bindings::AF_INET,
            SocketAddr::V6(_) => bindings::AF_INET6,
        };
        let mut raw = ptr::null_mut();
        // SAFETY: `raw` is valid for writes.
        to_result(unsafe {
            bindings::sock_create(
                family.try_into()?,
                bindings::sock_type_SOCK_STREAM.try_into()?,
                bindings::IPPROTO_TCP.try_into()?,
                &mut raw,
            )
        })?;
        let raw = NonNull::new(raw).ok_or(ENOMEM)?;
        // SAFETY: The socket was just made, and with success it is valid.
        let socket = unsafe { Socket::from_raw(raw) };
        let mut address = Address::new(peer)?;
        let (address, len) = address.as_raw();
        let flags = match wait {
            true => 0,
            false => c_int::try_from(bindings::O_NONBLOCK)?,
        };
        // SAFETY: The socket is valid, and so is the address.
        let error = unsafe { bindings::kernel_connect(socket.as_raw(), address, len, flags) };
        match to_result(error) {
            Err(e) if e == EINPROGRESS && !wait => Ok(Self(socket)),
            other => other.map(|()| Self(socket)),
        }
    }

    /// Sends what `from` has; with `wait` all of it, unless a signal or an error comes between.
    /// Process context, may sleep.
    ///
    /// # Errors
    ///
    /// What the connection has met with, `EPIPE` if the peer has closed it, `EAGAIN` without
    /// `wait`, `ERESTARTSYS` for a signal; nothing was sent then.
    pub(crate) fn send(&self, from: &mut IovIterSource<'_>, wait: bool) -> Result<usize> {
        // SAFETY: Socket and iterator are valid.
        size(unsafe { ffi::khttpd_sock_send(self.0.as_raw(), from.as_raw(), wait) })
    }

    /// Sends `bytes`. Process context, may sleep.
    ///
    /// # Errors
    ///
    /// As for [`Client::send`].
    pub(crate) fn send_all(&self, mut bytes: &[u8]) -> Result {
        while !bytes.is_empty() {
            // SAFETY: The socket is valid, and the bytes are.
            let sent = size(unsafe {
                ffi::khttpd_sock_send_bytes(self.0.as_raw(), bytes.as_ptr().cast(), bytes.len())
            })?;
            bytes = bytes.get(sent..).filter(|_| sent != 0).ok_or(EPIPE)?;
        }
        Ok(())
    }

    /// Receives what there is and fits into `to`; 0 when the peer sends no more. Process context,
    /// may sleep.
    ///
    /// # Errors
    ///
    /// What the connection has met with, `EAGAIN` without `wait`, `ERESTARTSYS` for a signal.
    pub(crate) fn receive(&self, to: &mut IovIterDest<'_>, wait: bool) -> Result<usize> {
        // SAFETY: Socket and iterator are valid.
        size(unsafe { ffi::khttpd_sock_receive(self.0.as_raw(), to.as_raw(), wait) })
    }

    /// What can be done at once, as `poll(2)` tells it of a socket; `file` must own the client.
    pub(crate) fn poll(&self, file: &File, poll: &Poll<'_>) -> u32 {
        // SAFETY: The socket, the file and the table are valid, and the file, which waits in the
        // table, owns the socket.
        unsafe { ffi::khttpd_sock_poll(self.0.as_raw(), file.as_ptr(), poll.as_raw()) }
    }

    /// Waits up to `limit` until the peer has acknowledged all that was sent. Process context,
    /// sleeps.
    ///
    /// # Errors
    ///
    /// What the connection has met with, `EPIPE` if that was told before and not all was
    /// acknowledged, `ETIMEDOUT` if the limit is reached, `ERESTARTSYS` for a signal.
    pub(crate) fn wait_acknowledged(&self, limit: Msecs) -> Result {
        let timeout = msecs_to_jiffies(limit);
        // SAFETY: The socket is a valid TCP socket.
        to_result(unsafe { ffi::khttpd_sock_wait_acknowledged(self.0.as_raw(), timeout) })
    }

    /// Waits as [`Client::wait_acknowledged`] does, sends FIN, and waits for that to be
    /// acknowledged, up to `limit` in all.
    ///
    /// # Errors
    ///
    /// As for [`Client::wait_acknowledged`].
    pub(crate) fn finish(&self, limit: Msecs) -> Result {
        let timeout = msecs_to_jiffies(limit);
        // SAFETY: The socket is a valid TCP socket.
        to_result(unsafe { ffi::khttpd_sock_finish(self.0.as_raw(), timeout) })
    }
}

/// What a function returns that says how much, or a negative errno.
fn size(result: isize) -> Result<usize> {
    usize::try_from(result).map_err(|_| c_int::try_from(result).map_or(EIO, Error::from_errno))
}
