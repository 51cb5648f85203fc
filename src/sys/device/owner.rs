// SPDX-License-Identifier: GPL-2.0-only

//! The module, which owns the operations of its devices, so that it stays as long as a node is open.

use kernel::bindings;

/// Returns the module.
#[cfg(not(khttpd_linux_7_2))]
pub(super) const fn this_module() -> *mut bindings::module {
    kernel::module::this_module::<crate::LocalModule>().as_ptr()
}

/// Returns the module.
#[cfg(khttpd_linux_7_2)]
pub(super) const fn this_module() -> *mut bindings::module {
    crate::THIS_MODULE.as_ptr()
}
