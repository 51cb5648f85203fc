// SPDX-License-Identifier: GPL-2.0-only

//! Sockets that are owned.

use super::{
    address::Address,
    ffi,
    Net, //
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
    cpu::CpuId,
    error::to_result,
    ffi::c_int,
    prelude::*, //
};

/// A TCP socket, released when it is dropped.
///
/// It does not keep its network namespace: whoever has one is told when the namespace ends.
///
/// # Invariants
///
/// The pointer is a valid TCP socket with a `struct sock` that nobody else releases.
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
    /// The socket is a valid TCP socket that nobody else releases.
    pub(super) unsafe fn from_raw(socket: NonNull<bindings::socket>) -> Self {
        // INVARIANT: As the caller promises.
        Self(socket)
    }

    /// The `struct socket`, valid as long as `self`.
    #[inline]
    pub(super) fn as_raw(&self) -> *mut bindings::socket {
        self.0.as_ptr()
    }

    /// The `struct sock`, valid as long as `self`.
    #[inline]
    pub(super) fn sk(&self) -> *mut bindings::sock {
        // SAFETY: By the type invariant the socket is valid, and `sk` is not changed before its
        // release.
        unsafe { (*self.as_raw()).sk }
    }

    /// Makes a socket in `net` that is bound to `address` and listens. Process context, may sleep.
    ///
    /// # Errors
    ///
    /// What `bind(2)` and `listen(2)` say, above all `EADDRINUSE` and `EADDRNOTAVAIL`, and
    /// `EAFNOSUPPORT` from a kernel without IPv6.
    pub(super) fn listening(net: &Net, address: SocketAddr, backlog: c_int) -> Result<Self> {
        let family = match address {
            SocketAddr::V4(_) => bindings::AF_INET,
            SocketAddr::V6(_) => bindings::AF_INET6,
        };
        let mut raw = ptr::null_mut();
        // SAFETY: The namespace is valid, and `raw` is valid for writes.
        to_result(unsafe {
            bindings::sock_create_kern(
                net.as_raw(),
                family.try_into()?,
                bindings::sock_type_SOCK_STREAM.try_into()?,
                bindings::IPPROTO_TCP.try_into()?,
                &mut raw,
            )
        })?;
        let raw = NonNull::new(raw).ok_or(ENOMEM)?;
        // SAFETY: The socket was just made, and with success it is valid.
        let socket = unsafe { Self::from_raw(raw) };
        let any = address.ip().is_unspecified();
        // SAFETY: By the type invariant this is a valid TCP socket.
        unsafe { ffi::khttpd_sock_prepare(socket.sk(), any) };
        socket.bind(address)?;
        // SAFETY: By the type invariant the socket is valid.
        to_result(unsafe { bindings::kernel_listen(socket.as_raw(), backlog) })?;
        // SAFETY: As above, and with success it listens.
        unsafe { ffi::khttpd_sock_listens_for_requests(socket.sk()) };
        Ok(socket)
    }

    fn bind(&self, address: SocketAddr) -> Result {
        let mut address = Address::new(address)?;
        let (raw, len) = address.as_raw();
        // SAFETY: The socket is valid by the type invariant, and so is the address.
        to_result(unsafe { bindings::kernel_bind(self.as_raw(), raw, len) })
    }

    /// Lets TCP drop the connection, before its release or afterwards, when the peer has taken
    /// nothing of what was sent for so many seconds. Without that a peer that keeps its window
    /// shut and answers each probe holds what was sent for minutes. Any context.
    pub(crate) fn give_up_after(&self, seconds: u32) {
        // SAFETY: By the type invariant this is a valid TCP socket.
        unsafe { ffi::khttpd_sock_give_up_after(self.sk(), seconds) };
    }

    /// The CPU that has taken in what came last. Any context.
    pub(crate) fn incoming_cpu(&self) -> Option<CpuId> {
        // SAFETY: By the type invariant the socket is valid.
        let cpu = unsafe { ffi::khttpd_sock_incoming_cpu(self.sk()) };
        // It is -1 where nothing has come in.
        u32::try_from(cpu).ok().and_then(CpuId::from_u32)
    }

    /// Makes the release a reset, which drops what is not sent yet. Process context, may sleep.
    pub(crate) fn reset_on_release(&self) {
        // SAFETY: By the type invariant the socket is valid.
        unsafe { ffi::khttpd_sock_reset_on_close(self.sk()) };
    }
}

impl Drop for Socket {
    /// Closes the connection, which goes on in the background until the peer has all that was
    /// sent. Process context, may sleep.
    fn drop(&mut self) {
        // SAFETY: By the type invariant the socket is ours to release.
        unsafe { ffi::khttpd_sock_release(self.as_raw()) };
    }
}
