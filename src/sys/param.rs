// SPDX-License-Identifier: GPL-2.0-only

//! The module parameter that `module!` can't declare, because it is a string.

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
