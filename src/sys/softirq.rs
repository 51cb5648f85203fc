// SPDX-License-Identifier: GPL-2.0-only

//! Disabling softirqs.
//!
//! C header: [`include/linux/bottom_half.h`](srctree/include/linux/bottom_half.h)

use super::ffi;
use kernel::types::NotThreadSafe;

/// Evidence that softirqs are disabled on this CPU.
///
/// While they are, no softirq runs on the CPU but the one that may be running already, and the code
/// stays on the CPU. It must not sleep.
///
/// # Invariants
///
/// Softirqs are disabled on the current CPU while instances of this type exist.
pub(crate) struct BhDisabled(NotThreadSafe);

impl BhDisabled {
    /// Creates the evidence.
    ///
    /// # Safety
    ///
    /// Softirqs are disabled on the current CPU for as long as the object exists.
    #[inline]
    pub(super) const unsafe fn new() -> Self {
        // INVARIANT: The caller guarantees it.
        Self(NotThreadSafe)
    }
}

/// Calls `f` with softirqs disabled on this CPU, and with them all processing of received packets.
/// `f` must be short.
///
/// # Context
///
/// Any context. Not hardirq; `f` must not sleep.
pub(crate) fn disabled<T>(f: impl FnOnce(&BhDisabled) -> T) -> T {
    // SAFETY: They are enabled again below, on the same CPU, since `f` does not sleep.
    unsafe { ffi::khttpd_local_bh_disable() };
    // INVARIANT: They were disabled above, and `f` can not keep the object.
    let result = f(&BhDisabled(NotThreadSafe));
    // SAFETY: They were disabled above.
    unsafe { ffi::khttpd_local_bh_enable() };
    result
}
