// SPDX-License-Identifier: GPL-2.0-only

//! The sockets of accepted connections.
//!
//! C headers: [`include/linux/net.h`](srctree/include/linux/net.h),
//! [`include/net/inet_connection_sock.h`](srctree/include/net/inet_connection_sock.h)

use crate::sys::ffi;
use core::ptr::NonNull;
use kernel::{
    bindings,
    error::from_err_ptr,
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
    /// Takes the first child from the accept queue of `listener`, which has exchanged its callbacks
    /// with `spare`.
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
    /// `listener` is a valid TCP socket that listens or has listened, and `spare` belongs to it.
    #[inline]
    pub(super) unsafe fn accept(
        listener: *mut bindings::sock,
        spare: *const ffi::RawCallbacks,
    ) -> Result<Self> {
        // SAFETY: The caller guarantees it.
        let raw = from_err_ptr(unsafe { ffi::khttpd_accept(listener, spare) })?;
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
    /// [`Stream::close`](super::Stream::close), or handed over.
    ///
    /// # Context
    ///
    /// Any context.
    fn drop(&mut self) {
        // SAFETY: By the type invariant the socket is ours to free. One that is open stays.
        unsafe { ffi::khttpd_child_free(self.as_raw()) };
    }
}
