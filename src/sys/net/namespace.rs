// SPDX-License-Identifier: GPL-2.0-only

//! A network namespace and the rights in it.
//!
//! C headers: [`include/net/net_namespace.h`](srctree/include/net/net_namespace.h),
//! [`include/linux/capability.h`](srctree/include/linux/capability.h)

use crate::sys::ffi;
use kernel::{
    bindings,
    ffi::c_int,
    fs::File,
    types::Opaque, //
};

/// A network namespace, alive as long as it is borrowed.
#[repr(transparent)]
pub(crate) struct Net(Opaque<bindings::net>);

// SAFETY: The methods of this type only read fields that never change, and call functions that
// lock.
unsafe impl Sync for Net {}

impl Net {
    /// Returns the initial namespace, which is never freed.
    pub(crate) fn initial() -> &'static Self {
        let net: *const Self = (&raw const bindings::init_net).cast();
        // SAFETY: `init_net` lives for ever, and the type is transparent.
        unsafe { &*net }
    }

    /// Calls `f` with the namespace of the calling task.
    ///
    /// # Context
    ///
    /// Process context, may sleep. Not when a file is released: the task may have exited.
    pub(crate) fn with_current<R>(f: impl FnOnce(&Self) -> R) -> R {
        // SAFETY: The task has not closed its files yet: callers run in a system call, but not in
        // the release of a file, or while the module is loaded.
        let net = unsafe { ffi::khttpd_current_net() };
        // SAFETY: The task keeps its namespace until `f` returns, since only the task itself can
        // change that. The type is transparent.
        f(unsafe { Self::from_raw(net) })
    }

    /// Creates a reference to a namespace.
    ///
    /// # Safety
    ///
    /// `net` is a valid namespace for the duration of `'a`.
    #[inline]
    pub(in crate::sys) unsafe fn from_raw<'a>(net: *const bindings::net) -> &'a Self {
        // SAFETY: The caller guarantees that the pointer is valid; the type is transparent.
        unsafe { &*net.cast() }
    }

    /// Returns a pointer to the `struct net`.
    #[inline]
    pub(in crate::sys) fn as_raw(&self) -> *mut bindings::net {
        self.0.get()
    }

    /// Returns a number that no other namespace has or will have.
    ///
    /// # Context
    ///
    /// Any context.
    pub(crate) fn cookie(&self) -> u64 {
        // SAFETY: The namespace is valid.
        unsafe { ffi::khttpd_net_cookie(self.as_raw()) }
    }

    /// Tells whether tasks use the namespace, or files that stand for it, and not only sockets.
    ///
    /// # Context
    ///
    /// Any context.
    pub(crate) fn is_entered(&self) -> bool {
        // SAFETY: The namespace is valid.
        unsafe { ffi::khttpd_net_is_entered(self.as_raw()) }
    }

    /// Tells whether the initial user namespace owns the namespace.
    ///
    /// # Context
    ///
    /// Any context.
    pub(crate) fn is_owned_by_host(&self) -> bool {
        // SAFETY: The namespace is valid.
        unsafe { ffi::khttpd_net_is_owned_by_host(self.as_raw()) }
    }

    /// Tells whether the calling task and the opener of `file` may administer the namespace.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    pub(crate) fn may_administer(&self, file: &File) -> bool {
        self.is_capable(file, bindings::CAP_NET_ADMIN)
    }

    /// Tells whether the calling task and the opener of `file` may listen on `port`.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    pub(crate) fn may_listen(&self, file: &File, port: u16) -> bool {
        // SAFETY: The namespace is valid.
        let privileged =
            unsafe { ffi::khttpd_inet_port_requires_bind_service(self.as_raw(), port) };
        !privileged || self.is_capable(file, bindings::CAP_NET_BIND_SERVICE)
    }

    /// Tells whether the calling task and the opener of `file` have a capability in the user
    /// namespace that owns this namespace: the kernel's own rule for netlink sockets.
    fn is_capable(&self, file: &File, capability: u32) -> bool {
        let Ok(capability) = c_int::try_from(capability) else {
            return false;
        };
        // SAFETY: The namespace and the file are valid.
        unsafe { ffi::khttpd_net_is_permitted(self.as_raw(), file.as_ptr(), capability) }
    }
}
