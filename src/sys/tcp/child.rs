// SPDX-License-Identifier: GPL-2.0-only

//! The sockets of accepted connections.
//!
//! C headers: [`include/linux/net.h`](srctree/include/linux/net.h),
//! [`include/net/inet_connection_sock.h`](srctree/include/net/inet_connection_sock.h)

use super::{
    callbacks::SockCallbacks,
    Guard,
    StreamHandler, //
};
use crate::sys::ffi;
use core::ptr::NonNull;
use kernel::{
    bindings,
    error::from_err_ptr,
    ffi::c_int,
    prelude::*, //
};

/// The socket of an accepted connection. It has neither an inode nor a file.
///
/// It does not keep its network namespace: [`crate::sys::net::PernetOperations`] tell when that
/// exits.
///
/// # Invariants
///
/// The pointer is a `struct socket` from `khttpd_accept`, which this object alone frees.
pub(super) struct Child(NonNull<bindings::socket>);

// SAFETY: A socket is not bound to a thread, and the functions used on it lock it.
unsafe impl Send for Child {}
// SAFETY: As above.
unsafe impl Sync for Child {}

impl Child {
    /// Takes the first child from the accept queue of `listener`, whose callbacks are `callbacks`.
    ///
    /// # Context
    ///
    /// Softirq or process context, must not sleep.
    ///
    /// # Errors
    ///
    /// `EAGAIN` if the queue is empty, `ENOMEM`; then nothing is taken.
    ///
    /// # Safety
    ///
    /// `listener` is a valid TCP socket that listens or has listened, and `callbacks` are its own.
    #[inline]
    pub(super) unsafe fn accept<T: Send + Sync + 'static>(
        listener: *mut bindings::sock,
        callbacks: &SockCallbacks<T>,
    ) -> Result<Self> {
        // SAFETY: The caller guarantees it.
        let raw = from_err_ptr(unsafe { ffi::khttpd_accept(listener, callbacks.as_raw()) })?;
        // INVARIANT: The function has made it, and the pointer is not passed on.
        Ok(Self(NonNull::new(raw).ok_or(EAGAIN)?))
    }

    /// Returns a pointer to the `struct socket`, valid as long as `self`.
    #[inline]
    pub(super) fn as_raw(&self) -> *mut bindings::socket {
        self.0.as_ptr()
    }

    /// Returns a pointer to the `struct sock`, valid as long as `self`, also when it is closed.
    #[inline]
    pub(super) fn sk(&self) -> *mut bindings::sock {
        // SAFETY: By the type invariant the socket is valid; it has a reference to `sk`, which does
        // not change.
        unsafe { (*self.as_raw()).sk }
    }
}

impl Drop for Child {
    /// Frees the memory. The connection must have been closed by
    /// [`Stream::close`](super::Stream::close).
    ///
    /// # Context
    ///
    /// Any context.
    fn drop(&mut self) {
        // SAFETY: By the type invariant the socket is ours to free. One that was not closed stays.
        unsafe { ffi::khttpd_child_free(self.as_raw()) };
    }
}

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
