// SPDX-License-Identifier: GPL-2.0-only

//! The module parameters that `module!` can't declare, because they are strings.

use super::ffi;
use kernel::prelude::*;

/// What was given as `address=`, or its default. Any context.
pub(crate) fn address() -> &'static CStr {
    // SAFETY: The function has no preconditions.
    let address = unsafe { ffi::khttpd_param_address() };
    // SAFETY: It is a NUL-terminated string that lives as long as the module and is not written
    // after the parameters were parsed, which was before the module's init.
    unsafe { CStr::from_char_ptr(address) }
}

/// What was given as `commands=`. Any context.
pub(crate) fn commands() -> &'static CStr {
    // SAFETY: The function has no preconditions.
    let commands = unsafe { ffi::khttpd_param_commands() };
    // SAFETY: As in `address`.
    unsafe { CStr::from_char_ptr(commands) }
}

/// What was given as `root=`, if it was. Any context.
pub(crate) fn root() -> Option<&'static CStr> {
    // SAFETY: The function has no preconditions.
    let root = unsafe { ffi::khttpd_param_root() };
    // SAFETY: As above, but for a null.
    (!root.is_null()).then(|| unsafe { CStr::from_char_ptr(root) })
}
