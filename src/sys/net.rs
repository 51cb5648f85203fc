// SPDX-License-Identifier: GPL-2.0-only

//! Network namespaces.
//!
//! C header: [`include/net/net_namespace.h`](srctree/include/net/net_namespace.h)

use super::ffi;
use core::ptr;
use kernel::{
    bindings,
    error::to_result,
    ffi::{
        c_int,
        c_void, //
    },
    fs::File,
    prelude::*,
    sync::Arc,
    types::Opaque, //
};

/// A network namespace, alive for as long as it is borrowed.
#[repr(transparent)]
pub(crate) struct Net(Opaque<bindings::net>);

// SAFETY: What is done with a namespace by way of this type locks or only reads what never changes.
unsafe impl Sync for Net {}

impl Net {
    /// The one that there is from the beginning to the end.
    pub(crate) fn initial() -> &'static Self {
        let net: *const Self = (&raw const bindings::init_net).cast();
        // SAFETY: `init_net` lives for ever, and the type is transparent.
        unsafe { &*net }
    }

    /// Calls `f` with the namespace of the calling task. Process context; not when a file is
    /// released.
    pub(crate) fn with_current<R>(f: impl FnOnce(&Self) -> R) -> R {
        // SAFETY: The task is not past closing its files, as the doc asks: whoever calls this does
        // so in a system call or while the module is loaded.
        let net = unsafe { ffi::khttpd_net_current() };
        // SAFETY: The task keeps its namespace, which nobody else can change, until `f` returns;
        // the type is transparent.
        f(unsafe { &*net.cast_const().cast() })
    }

    #[inline]
    pub(super) fn as_raw(&self) -> *mut bindings::net {
        self.0.get()
    }

    /// A number that no other namespace has or will have.
    pub(crate) fn cookie(&self) -> u64 {
        // SAFETY: The namespace is valid.
        unsafe { ffi::khttpd_net_cookie(self.as_raw()) }
    }

    /// Whether the calling task, and who has opened `file`, may administer the namespace.
    pub(crate) fn may_administer(&self, file: &File) -> bool {
        self.is_capable(file, bindings::CAP_NET_ADMIN)
    }

    /// Whether the calling task, and who has opened `file`, may listen at `port`.
    pub(crate) fn may_listen(&self, file: &File, port: u16) -> bool {
        // SAFETY: The namespace is valid.
        let privileged = unsafe { ffi::khttpd_net_is_privileged(self.as_raw(), port) };
        !privileged || self.is_capable(file, bindings::CAP_NET_BIND_SERVICE)
    }

    fn is_capable(&self, file: &File, capability: u32) -> bool {
        c_int::try_from(capability).is_ok_and(|capability| {
            // SAFETY: Namespace and file are valid.
            unsafe { ffi::khttpd_net_capable(self.as_raw(), file.as_ptr(), capability) }
        })
    }
}

/// Who is told of the end of namespaces.
pub(crate) trait PernetOperations: Send + Sync + 'static {
    /// `net` ends, or nobody will be told of its end any more. No task is in it, but its devices
    /// still work. Process context, may sleep.
    fn ended(&self, net: &Net);
}

/// Tells a tenant of each namespace that ends, and in the end of all that there are.
///
/// # Invariants
///
/// It is the only one, and the pernet operations are registered with its tenant as their context.
pub(crate) struct PernetRegistration<T: PernetOperations> {
    _tenant: Arc<T>,
}

impl<T: PernetOperations> PernetRegistration<T> {
    /// Begins to tell `tenant`. To be called once, within the module's init; may sleep.
    ///
    /// # Errors
    ///
    /// `EBUSY` if somebody is or was told already, `ENOMEM`.
    pub(crate) fn new(tenant: Arc<T>) -> Result<Self> {
        let context = ptr::from_ref::<T>(&tenant).cast_mut().cast();
        // SAFETY: `ended` takes its context for a `T`, and the tenant lives until the watch ends.
        to_result(unsafe { ffi::khttpd_net_watch(Self::ended, context) })?;
        // INVARIANT: They were just registered, which they can be once only.
        Ok(Self { _tenant: tenant })
    }

    /// # Safety
    ///
    /// `context` is a valid `T`, and `net` is a valid namespace.
    unsafe extern "C" fn ended(context: *mut c_void, net: *mut bindings::net) {
        // SAFETY: As the caller promises.
        let tenant = unsafe { &*context.cast_const().cast::<T>() };
        // SAFETY: As the caller promises; the type is transparent.
        tenant.ended(unsafe { &*net.cast_const().cast() });
    }
}

impl<T: PernetOperations> Drop for PernetRegistration<T> {
    fn drop(&mut self) {
        // SAFETY: By the type invariant they are registered, and for this object.
        unsafe { ffi::khttpd_net_unwatch() };
    }
}
