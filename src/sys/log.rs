// SPDX-License-Identifier: GPL-2.0-only

//! Who may say something in the kernel's log.

use super::ffi;

/// Whether what the calling task causes may go to the log. Who administers the host always may, who
/// administers a namespace alone up to ten times in five seconds. Process context.
pub(crate) fn admits() -> bool {
    // SAFETY: The function has no preconditions but the context.
    unsafe { ffi::khttpd_log_admits() }
}
