// SPDX-License-Identifier: GPL-2.0-only

//! Operations that the kernel calls when network namespaces exit.
//!
//! C header: [`include/net/net_namespace.h`](srctree/include/net/net_namespace.h)

use super::Net;
use crate::sys::ffi;
use core::ptr;
use kernel::{
    bindings,
    error::to_result,
    ffi::c_void,
    prelude::*,
    sync::Arc, //
};

/// The operations of a [`PernetRegistration`].
pub(crate) trait PernetOperations: Send + Sync + 'static {
    /// Handles the exit of `net`, or the end of the registration. No task is in a namespace that
    /// exits, but its devices still work.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    fn pre_exit(&self, net: &Net);

    /// Ends the exit of all namespaces that were given to [`PernetOperations::pre_exit`]. Since then
    /// the kernel has waited for one grace period for all of them, so that no callback still runs of
    /// a socket that was detached.
    ///
    /// A namespace that fails to come into being may end the exit of others early. It comes late
    /// enough for the end of the registration, which comes last.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    fn exit_batch(&self);
}

/// A registration of pernet operations. When it is dropped, all namespaces exit as far as the
/// operations can see.
///
/// # Invariants
///
/// It is the only one, and the module's pernet operations are registered with `operations` as their
/// context.
pub(crate) struct PernetRegistration<T: PernetOperations> {
    _operations: Arc<T>,
}

impl<T: PernetOperations> PernetRegistration<T> {
    /// Registers the operations. The module's init calls this once.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    ///
    /// # Errors
    ///
    /// `EBUSY` if operations are or were registered, `ENOMEM`.
    pub(crate) fn new(operations: Arc<T>) -> Result<Self> {
        let context = ptr::from_ref::<T>(&operations).cast_mut().cast();
        // SAFETY: Both functions use their context as a `T`, which lives until the operations are
        // unregistered.
        to_result(unsafe {
            ffi::khttpd_pernet_register(Self::pre_exit, Self::exit_batch, context)
        })?;
        // INVARIANT: They were just registered, which succeeds only once.
        Ok(Self {
            _operations: operations,
        })
    }

    /// The function that C calls for each namespace.
    ///
    /// # Safety
    ///
    /// `context` is a valid `T`, and `net` is a valid namespace.
    unsafe extern "C" fn pre_exit(context: *mut c_void, net: *mut bindings::net) {
        // SAFETY: The caller guarantees that it is a valid `T`.
        let operations = unsafe { &*context.cast_const().cast::<T>() };
        // SAFETY: The caller guarantees that the namespace is valid.
        operations.pre_exit(unsafe { Net::from_raw(net) });
    }

    /// The function that C calls afterwards.
    ///
    /// # Safety
    ///
    /// `context` is a valid `T`.
    unsafe extern "C" fn exit_batch(context: *mut c_void) {
        // SAFETY: The caller guarantees that it is a valid `T`.
        let operations = unsafe { &*context.cast_const().cast::<T>() };
        operations.exit_batch();
    }
}

impl<T: PernetOperations> Drop for PernetRegistration<T> {
    /// Unregisters the operations.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    fn drop(&mut self) {
        // SAFETY: By the type invariant the operations are registered, by this object.
        unsafe { ffi::khttpd_pernet_unregister() };
    }
}
