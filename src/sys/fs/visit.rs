// SPDX-License-Identifier: GPL-2.0-only

//! Closures that C calls with a name.

use core::slice;
use kernel::ffi::{
    c_char,
    c_void, //
};

/// Calls the closure `context` with a name; a [`VisitName`](crate::sys::ffi::VisitName).
///
/// # Safety
///
/// `context` is a valid `F` that is not borrowed, and `name` is valid for reads of `len` bytes.
pub(super) unsafe extern "C" fn visit_name<F: FnMut(&[u8]) -> bool>(
    context: *mut c_void,
    name: *const c_char,
    len: usize,
) -> bool {
    // SAFETY: The caller guarantees that it is a valid `F` that is not borrowed.
    let visit = unsafe { &mut *context.cast::<F>() };
    // SAFETY: The caller guarantees that the name is valid.
    visit(unsafe { slice::from_raw_parts(name.cast::<u8>(), len) })
}
