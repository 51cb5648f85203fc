// SPDX-License-Identifier: GPL-2.0-only

//! The right to use a socket.

use kernel::bindings;

/// A TCP socket whose spinlock is held as long as the object exists.
///
/// # Safety
///
/// [`LockedSocket::sk`] returns a valid TCP socket. Its spinlock is held, no process owns it, and
/// softirqs are disabled.
pub(in crate::sys) unsafe trait LockedSocket {
    /// Returns a pointer to the `struct sock`.
    fn sk(&self) -> *mut bindings::sock;
}
