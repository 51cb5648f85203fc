// SPDX-License-Identifier: GPL-2.0-only

//! Connections of which processes may have descriptors.
//!
//! C headers: [`include/linux/net.h`](srctree/include/linux/net.h),
//! [`include/linux/file.h`](srctree/include/linux/file.h)

use super::SockRef;
use crate::sys::{
    ffi,
    net::Net, //
};
use core::{
    mem::ManuallyDrop,
    ptr::{
        self,
        NonNull, //
    }, //
};
use kernel::{
    bindings,
    error::to_result,
    ffi::c_void,
    fs::{
        File,
        LocalFile, //
    },
    prelude::*,
    sync::aref::ARef, //
};

/// The file of a connected TCP socket, which processes may use, too. [`SocketFile::try_lock`] gives
/// the right to use it.
///
/// It keeps the socket's network namespace.
///
/// # Invariants
///
/// `socket` is the TCP socket of `file`, and keeps its network namespace.
pub(crate) struct SocketFile {
    /// Dropped by [`SocketFile::drop`].
    file: ManuallyDrop<ARef<File>>,
    socket: NonNull<bindings::socket>,
    /// The `struct proto` of the connection.
    protocol: *const c_void,
}

// SAFETY: A socket is not bound to a thread, and the functions used on it lock it.
unsafe impl Send for SocketFile {}
// SAFETY: As above.
unsafe impl Sync for SocketFile {}

impl SocketFile {
    /// Returns the connection of a descriptor of the calling task.
    ///
    /// # Context
    ///
    /// Process context, may sleep. Within a system call for another descriptor.
    ///
    /// # Errors
    ///
    /// `EBADF`, `ENOTSOCK`, `EOPNOTSUPP` if it is not a connection of TCP alone, `ENOTCONN`.
    pub(crate) fn of_descriptor(descriptor: u32) -> Result<Self> {
        let file = LocalFile::fget(descriptor).map_err(|_| EBADF)?;
        // SAFETY: The file is valid.
        let socket = unsafe { bindings::sock_from_file(file.as_ptr()) };
        let socket = NonNull::new(socket).ok_or(ENOTSOCK)?;
        let mut protocol = ptr::null();
        // SAFETY: The file keeps the socket, and `protocol` is valid for writes.
        to_result(unsafe { ffi::khttpd_socket_check(socket.as_ptr(), &mut protocol) })?;
        // SAFETY: The system call that this thread is in is one for a node. A call of `fdget_pos` for
        // a socket, which has no position, takes no lock and uses none.
        let file = unsafe { LocalFile::assume_no_fdget_pos(file) };
        // INVARIANT: The socket is that of the file, and the check has found it to be one of TCP,
        // which keeps its namespace.
        Ok(Self {
            file: ManuallyDrop::new(file),
            socket,
            protocol,
        })
    }

    /// Returns the file.
    pub(crate) fn into_file(self) -> ARef<File> {
        // The reference of `self` goes when it is dropped.
        ARef::clone(&self.file)
    }

    /// Returns the socket's network namespace.
    pub(crate) fn net(&self) -> &Net {
        // SAFETY: By the type invariant the socket is valid.
        let net = unsafe { ffi::khttpd_socket_net(self.as_raw()) };
        // SAFETY: By the type invariant the socket keeps its namespace, which does not change.
        unsafe { Net::from_raw(net) }
    }

    /// Returns a number that no other connection has as long as this object exists.
    pub(crate) fn number(&self) -> usize {
        self.socket.addr().get()
    }

    /// Returns the connection, for a look.
    pub(crate) fn sock(&self) -> SockRef<'_> {
        // SAFETY: By the type invariant this is a TCP socket, which the file keeps.
        unsafe { SockRef::new(self.sk()) }
    }

    /// Returns a pointer to the `struct socket`, valid as long as `self`.
    pub(super) fn as_raw(&self) -> *mut bindings::socket {
        self.socket.as_ptr()
    }

    /// Returns a pointer to the `struct sock`, valid as long as `self`.
    pub(super) fn sk(&self) -> *mut bindings::sock {
        // SAFETY: By the type invariant the socket is valid, and `sk` does not change before its
        // release.
        unsafe { (*self.as_raw()).sk }
    }

    /// Returns the `struct proto` that the connection had at first.
    pub(super) fn protocol(&self) -> *const c_void {
        self.protocol
    }
}

impl Clone for SocketFile {
    fn clone(&self) -> Self {
        // INVARIANT: All parts are those of `self`.
        Self {
            file: self.file.clone(),
            socket: self.socket,
            protocol: self.protocol,
        }
    }
}

impl Drop for SocketFile {
    /// # Context
    ///
    /// Process context, may sleep.
    fn drop(&mut self) {
        let file = self.file.as_ptr();
        // SAFETY: The reference is that of `file`, which is in a `ManuallyDrop` and not used any more.
        unsafe { ffi::khttpd_file_put(file) };
    }
}
