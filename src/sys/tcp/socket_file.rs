// SPDX-License-Identifier: GPL-2.0-only

//! Connections of which processes may have descriptors.
//!
//! C headers: [`include/linux/net.h`](srctree/include/linux/net.h),
//! [`include/linux/file.h`](srctree/include/linux/file.h)

use super::{
    tls_numbers::TlsNumbers,
    SockRef, //
};
use crate::sys::{
    errno::ENOTSOCK,
    ffi,
    net::Net, //
};
use core::{
    mem::{
        ManuallyDrop,
        MaybeUninit, //
    },
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
    sync::{
        aref::ARef,
        Arc, //
    }, //
};

/// The file of a connected TCP socket, which processes may use, too. [`SocketFile::try_lock`] gives
/// the right to use it.
///
/// It keeps the socket's network namespace.
///
/// All clones share one reference to the file.
#[derive(Clone)]
pub(crate) struct SocketFile(Arc<OpenSocket>);

/// A reference to the file of a connection.
///
/// # Invariants
///
/// `socket` is the TCP socket of `file`, and keeps its network namespace. It has TLS in both directions
/// if `tls` says so.
struct OpenSocket {
    /// Dropped by [`OpenSocket::drop`].
    file: ManuallyDrop<ARef<File>>,
    socket: NonNull<bindings::socket>,
    /// The `struct proto` of the connection.
    protocol: *const c_void,
    tls: Option<TlsNumbers>,
}

// SAFETY: A socket is not bound to a thread, and the functions used on it lock it.
unsafe impl Send for OpenSocket {}
// SAFETY: As above.
unsafe impl Sync for OpenSocket {}

impl SocketFile {
    /// Returns the connection of a descriptor of the calling task.
    ///
    /// # Context
    ///
    /// Process context, may sleep. Within a system call for another descriptor.
    ///
    /// # Errors
    ///
    /// `EBADF`, `ENOTSOCK`, `EOPNOTSUPP` if it is not a connection of TCP, alone or with TLS, `EINVAL` if
    /// TLS does not work in both directions, `ENOTCONN`, `ENOMEM`.
    pub(crate) fn of_descriptor(descriptor: u32) -> Result<Self> {
        let file = LocalFile::fget(descriptor).map_err(|_| EBADF)?;
        // SAFETY: The file is valid.
        let socket = unsafe { bindings::sock_from_file(file.as_ptr()) };
        let socket = NonNull::new(socket).ok_or(ENOTSOCK)?;
        let (mut protocol, mut tls) = (ptr::null(), MaybeUninit::uninit());
        // SAFETY: The file keeps the socket, and `protocol` and `tls` are valid for writes.
        to_result(unsafe {
            ffi::khttpd_socket_check(socket.as_ptr(), &mut protocol, tls.as_mut_ptr())
        })?;
        // SAFETY: The function has written it.
        let tls = unsafe { tls.assume_init() };
        // SAFETY: The system call that this thread is in is one for a node. A call of `fdget_pos` for
        // a socket, which has no position, takes no lock and uses none.
        let file = unsafe { LocalFile::assume_no_fdget_pos(file) };
        // INVARIANT: The socket is that of the file, and the check has found it to be one of TCP,
        // which keeps its namespace, and to have TLS in both directions if it has any.
        let open = OpenSocket {
            file: ManuallyDrop::new(file),
            socket,
            protocol,
            tls: TlsNumbers::new(tls),
        };
        Ok(Self(Arc::new(open, GFP_KERNEL_ACCOUNT)?))
    }

    /// Returns the file.
    pub(crate) fn into_file(self) -> ARef<File> {
        // The reference of `self` goes when the last clone is dropped.
        ARef::clone(&self.0.file)
    }

    /// Returns whether others have references to the file, so that a process may use the socket.
    ///
    /// # Context
    ///
    /// Any context.
    pub(super) fn is_shared(&self) -> bool {
        // SAFETY: The file is valid.
        unsafe { ffi::khttpd_file_count(self.0.file.as_ptr()) != 1 }
    }

    /// Returns the version and the cipher of TLS, if the connection has it.
    pub(crate) fn tls(&self) -> Option<TlsNumbers> {
        self.0.tls
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
        self.0.socket.addr().get()
    }

    /// Returns the connection, for a look.
    pub(crate) fn sock(&self) -> SockRef<'_> {
        // SAFETY: By the type invariant this is a TCP socket, which the file keeps.
        unsafe { SockRef::new(self.sk()) }
    }

    /// Returns a pointer to the `struct socket`, valid as long as `self`.
    pub(super) fn as_raw(&self) -> *mut bindings::socket {
        self.0.socket.as_ptr()
    }

    /// Returns a pointer to the `struct sock`, valid as long as `self`.
    pub(super) fn sk(&self) -> *mut bindings::sock {
        // SAFETY: By the type invariant the socket is valid, and `sk` does not change before its
        // release.
        unsafe { (*self.as_raw()).sk }
    }

    /// Returns the `struct proto` that the connection had at first.
    pub(super) fn protocol(&self) -> *const c_void {
        self.0.protocol
    }
}

impl Drop for OpenSocket {
    /// # Context
    ///
    /// Process context, may sleep.
    fn drop(&mut self) {
        let file = self.file.as_ptr();
        // SAFETY: The reference is that of `file`, which is in a `ManuallyDrop` and not used any more.
        unsafe { ffi::khttpd_file_put(file) };
    }
}
