// SPDX-License-Identifier: GPL-2.0-only

//! The lock of a connection that processes may use, too.
//!
//! C header: [`include/net/sock.h`](srctree/include/net/sock.h)

use super::{
    LockedSocket,
    SocketFile, //
};
use crate::sys::{
    ffi,
    softirq::BhDisabled, //
};
use core::mem::MaybeUninit;
use kernel::{
    bindings,
    error::to_result,
    ffi::c_int,
    prelude::*, //
};

/// The reason why a connection can not be locked.
pub(crate) enum LockError {
    /// A process owns the socket, perhaps for long.
    Owned,
    /// It is no connection of TCP alone any more: a process has made something else of it.
    Lost,
}

/// The right to use a connection, which no process owns meanwhile.
///
/// As long as it exists the code must not sleep.
///
/// # Invariants
///
/// `khttpd_socket_try_lock` has locked the socket for this object, and has written `allocation`.
pub(crate) struct SocketGuard<'a> {
    file: &'a SocketFile,
    allocation: ffi::RawAllocation,
    bh: BhDisabled,
}

impl SocketFile {
    /// Takes the socket's lock, unless a process owns the socket. Softirqs are disabled until the
    /// guard is dropped.
    ///
    /// # Context
    ///
    /// Softirq or process context, must not sleep. Not in an event of a socket.
    ///
    /// # Errors
    ///
    /// The reason why it can not be locked.
    pub(crate) fn try_lock(&self) -> Result<SocketGuard<'_>, LockError> {
        let mut allocation = MaybeUninit::uninit();
        // SAFETY: The socket is valid, and `allocation` is valid for writes. The guard releases the
        // lock.
        let error = unsafe {
            ffi::khttpd_socket_try_lock(self.sk(), self.protocol(), allocation.as_mut_ptr())
        };
        match to_result(error) {
            // INVARIANT: The socket was just locked.
            Ok(()) => Ok(SocketGuard {
                file: self,
                // SAFETY: The function has written it.
                allocation: unsafe { allocation.assume_init() },
                // SAFETY: Softirqs are disabled as long as the lock is held.
                bh: unsafe { BhDisabled::new() },
            }),
            Err(e) if e == EAGAIN => Err(LockError::Owned),
            Err(_) => Err(LockError::Lost),
        }
    }
}

impl SocketGuard<'_> {
    /// Returns the evidence that softirqs are disabled.
    pub(crate) fn bh(&self) -> &BhDisabled {
        &self.bh
    }

    /// Sends FIN, after which TCP goes on in the background until the peer has acknowledged all bytes,
    /// or nothing for `seconds`; with `reset` it resets the connection.
    pub(crate) fn end(&mut self, reset: bool, seconds: u32) {
        let milliseconds = c_int::try_from(u64::from(seconds) * 1_000).unwrap_or(c_int::MAX);
        // SAFETY: The socket is a valid TCP socket.
        unsafe { ffi::khttpd_tcp_set_user_timeout(self.sk(), milliseconds) };
        // SAFETY: By the type invariant the lock is held and softirqs are disabled.
        unsafe { ffi::khttpd_socket_end(self.sk(), reset) };
    }
}

// SAFETY: By the type invariant the spinlock is held, and softirqs are disabled.
unsafe impl LockedSocket for SocketGuard<'_> {
    fn sk(&self) -> *mut bindings::sock {
        self.file.sk()
    }
}

impl Drop for SocketGuard<'_> {
    fn drop(&mut self) {
        // SAFETY: By the type invariant the socket was locked for this object, which is not used any
        // more, and which can not be sent to another CPU.
        unsafe { ffi::khttpd_socket_unlock(self.file.sk(), &self.allocation) };
    }
}
