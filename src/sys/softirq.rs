// SPDX-License-Identifier: GPL-2.0-only

//! Keeping softirqs away.
//!
//! C header: [`include/linux/bottom_half.h`](srctree/include/linux/bottom_half.h)

use super::ffi;

/// Calls `f` with softirqs disabled on this CPU. They, and with them all that comes from the
/// network, wait: `f` must be short and must not sleep. Any context but hardirq.
pub(crate) fn disabled<T>(f: impl FnOnce() -> T) -> T {
    // SAFETY: It is enabled again below, on the same CPU, since `f` does not sleep.
    unsafe { ffi::khttpd_bh_disable() };
    let result = f();
    // SAFETY: It was disabled above.
    unsafe { ffi::khttpd_bh_enable() };
    result
}
