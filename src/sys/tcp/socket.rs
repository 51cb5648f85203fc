// SPDX-License-Identifier: GPL-2.0-only

//! TCP sockets that listen or connect, and their owner.
//!
//! C headers: [`include/linux/net.h`](srctree/include/linux/net.h),
//! [`include/net/sock.h`](srctree/include/net/sock.h)

use super::address::RawAddress;
use crate::sys::{
    ffi,
    net::Net, //
};
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
    prelude::*, //
};

/// The protocol's number; `include/uapi/linux/in.h`.
const IPPROTO_TCP: c_int = 6;

/// A TCP socket, released when it is dropped.
///
/// It does not keep its network namespace: [`crate::sys::net::PernetOperations`] tell when that
/// exits.
///
/// # Invariants
///
/// The pointer is a valid TCP socket with a `struct sock`, and this object alone releases it.
pub(crate) struct Socket(NonNull<bindings::socket>);

// SAFETY: A socket is not bound to a thread, and the functions used on it lock it.
unsafe impl Send for Socket {}
// SAFETY: As above.
unsafe impl Sync for Socket {}

impl Socket {
    /// Takes over a socket.
    ///
    /// # Safety
    ///
    /// The socket is a valid TCP socket, and the caller alone may release it.
    pub(super) unsafe fn from_raw(socket: NonNull<bindings::socket>) -> Self {
        // INVARIANT: The caller guarantees it.
        Self(socket)
    }

    /// Creates a socket for the family of `address` with `create`, which gets the family, the type,
    /// the protocol, and a pointer to write to. If `create` returns 0, it has written the pointer
    /// to a new socket.
    fn new(
        address: SocketAddr,
        create: impl FnOnce(c_int, c_int, c_int, &mut *mut bindings::socket) -> c_int,
    ) -> Result<Self> {
        let family = match address {
            SocketAddr::V4(_) => bindings::AF_INET,
            SocketAddr::V6(_) => bindings::AF_INET6,
        };
        let mut raw = ptr::null_mut();
        to_result(create(
            family.try_into()?,
            bindings::sock_type_SOCK_STREAM.try_into()?,
            IPPROTO_TCP,
            &mut raw,
        ))?;
        let raw = NonNull::new(raw).ok_or(ENOMEM)?;
        // SAFETY: `create` has succeeded, so that it is a new socket, of TCP.
        Ok(unsafe { Self::from_raw(raw) })
    }

    /// Creates a socket of the calling task, which keeps the network namespace of the task.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    ///
    /// # Errors
    ///
    /// Those of `socket(2)`.
    pub(super) fn of_task(address: SocketAddr) -> Result<Self> {
        Self::new(address, |family, kind, protocol, raw| {
            // SAFETY: `raw` is valid for writes.
            unsafe { bindings::sock_create(family, kind, protocol, raw) }
        })
    }

    /// Creates a socket in `net` that is bound to `address`, beside other sockets of this function,
    /// and no other socket.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    ///
    /// # Errors
    ///
    /// Those of `bind(2)`, above all `EADDRINUSE` and `EADDRNOTAVAIL`, and `EAFNOSUPPORT` from a
    /// kernel without IPv6.
    pub(super) fn bound(net: &Net, address: SocketAddr) -> Result<Self> {
        let socket = Self::new(address, |family, kind, protocol, raw| {
            // SAFETY: The namespace is valid, and `raw` is valid for writes.
            unsafe { bindings::sock_create_kern(net.as_raw(), family, kind, protocol, raw) }
        })?;
        let has_ipv4 = address.ip().is_unspecified() || address.ip().to_canonical().is_ipv4();
        // SAFETY: By the type invariant this is a valid TCP socket.
        unsafe { ffi::khttpd_sock_prepare(socket.sk(), has_ipv4) };
        socket.bind(address)?;
        // SAFETY: By the type invariant this is a valid TCP socket.
        unsafe { ffi::khttpd_sock_reserve(socket.sk(), true) };
        Ok(socket)
    }

    /// Listens on the address that the socket is bound to.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM`, and `EADDRINUSE` if another socket listens since this one was bound.
    pub(super) fn listen(&self, backlog: c_int) -> Result {
        // SAFETY: By the type invariant this is a valid TCP socket.
        unsafe { ffi::khttpd_sock_reserve(self.sk(), false) };
        // SAFETY: By the type invariant the socket is valid.
        to_result(unsafe { bindings::kernel_listen(self.as_raw(), backlog) })?;
        // SAFETY: By the type invariant this is a valid TCP socket, and now it listens.
        unsafe { ffi::khttpd_sock_expect_requests(self.sk()) };
        Ok(())
    }

    fn bind(&self, address: SocketAddr) -> Result {
        let mut address = RawAddress::new(address)?;
        let (raw, len) = address.as_raw();
        // SAFETY: By the type invariant the socket is valid, and so is the address.
        to_result(unsafe { bindings::kernel_bind(self.as_raw(), raw, len) })
    }

    /// Returns a pointer to the `struct socket`, valid as long as `self`.
    #[inline]
    pub(super) fn as_raw(&self) -> *mut bindings::socket {
        self.0.as_ptr()
    }

    /// Returns a pointer to the `struct sock`, valid as long as `self`.
    #[inline]
    pub(super) fn sk(&self) -> *mut bindings::sock {
        // SAFETY: By the type invariant the socket is valid, and `sk` does not change before its
        // release.
        unsafe { (*self.as_raw()).sk }
    }
}

impl Drop for Socket {
    /// Closes the connection. TCP goes on in the background until the peer has acknowledged all
    /// bytes.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    fn drop(&mut self) {
        // SAFETY: By the type invariant the socket is ours to release.
        unsafe { ffi::khttpd_sock_release(self.as_raw()) };
    }
}
