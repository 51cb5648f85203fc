// SPDX-License-Identifier: GPL-2.0-only

//! Module parameters: their values, and strings, which the macro `module!` does not support.
//!
//! C header: [`include/linux/moduleparam.h`](srctree/include/linux/moduleparam.h)

use super::ffi;
use kernel::{
    module_param::ModuleParamAccess,
    prelude::*, //
};

/// Returns the value of a parameter, as given or its default.
///
/// # Context
///
/// Any context.
pub(crate) fn value<T: Copy>(param: &ModuleParamAccess<T>) -> T {
    #[cfg(khttpd_linux_7_2)]
    return *param.value();
    #[cfg(not(khttpd_linux_7_2))]
    param.value()
}

/// Returns the parameter `address`, as given or its default.
///
/// # Context
///
/// Any context.
pub(crate) fn address() -> &'static CStr {
    // SAFETY: The function has no preconditions.
    let address = unsafe { ffi::khttpd_param_address() };
    // SAFETY: It is a NUL-terminated string that lives as long as the module. It is not written
    // after the parameters were parsed, which was before the module's init.
    unsafe { CStr::from_char_ptr(address) }
}

/// Returns the parameter `commands`, empty if it was not given.
///
/// # Context
///
/// Any context.
pub(crate) fn commands() -> &'static CStr {
    // SAFETY: The function has no preconditions.
    let commands = unsafe { ffi::khttpd_param_commands() };
    // SAFETY: As in `address`.
    unsafe { CStr::from_char_ptr(commands) }
}

/// Returns the parameter `root`, if it was given.
///
/// # Context
///
/// Any context.
pub(crate) fn root() -> Option<&'static CStr> {
    // SAFETY: The function has no preconditions.
    let root = unsafe { ffi::khttpd_param_root() };
    // SAFETY: As in `address`, after null was excluded.
    (!root.is_null()).then(|| unsafe { CStr::from_char_ptr(root) })
}
