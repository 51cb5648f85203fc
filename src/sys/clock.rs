// SPDX-License-Identifier: GPL-2.0-only

//! Coarse clocks: whole seconds, read without touching the hardware.
//!
//! C header: [`include/linux/timekeeping.h`](srctree/include/linux/timekeeping.h)

use kernel::bindings;

/// Seconds since 1970-01-01 00:00:00 UTC, 0 before that. Any context.
#[inline]
pub(crate) fn real_seconds() -> u64 {
    // SAFETY: `ktime_get_real_seconds` has no preconditions.
    let seconds = unsafe { bindings::ktime_get_real_seconds() };
    u64::try_from(seconds).unwrap_or(0)
}

/// Seconds since boot, as the monotonic clock counts them. Any context.
#[inline]
pub(crate) fn uptime_seconds() -> u32 {
    // SAFETY: `ktime_get_seconds` has no preconditions.
    let seconds = unsafe { bindings::ktime_get_seconds() };
    // A machine that is up for 136 years may close a connection too early.
    u32::try_from(seconds).unwrap_or(u32::MAX)
}

/// Milliseconds since boot, as coarse as the timer's ticks; begins anew after 49 days. Any context.
#[inline]
pub(crate) fn coarse_milliseconds() -> u32 {
    // SAFETY: `ktime_get_coarse_with_offset` has no preconditions but an offset that there is.
    let nanoseconds =
        unsafe { bindings::ktime_get_coarse_with_offset(bindings::tk_offsets_TK_OFFS_BOOT) };
    // CAST: Only differences are looked at.
    (nanoseconds / 1_000_000) as u32
}
