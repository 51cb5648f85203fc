// SPDX-License-Identifier: GPL-2.0-only

//! The rate limit of the kernel's log.
//!
//! C header: [`include/linux/ratelimit.h`](srctree/include/linux/ratelimit.h)

use super::ffi;

/// Tells whether the log admits a message that the calling task causes. Administrators of the host
/// are not limited; administrators of a namespace alone share ten messages in five seconds.
///
/// # Context
///
/// Process context, may sleep.
pub(crate) fn admits() -> bool {
    // SAFETY: The function has no preconditions but the context.
    unsafe { ffi::khttpd_log_admits() }
}
