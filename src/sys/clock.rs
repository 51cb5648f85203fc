// SPDX-License-Identifier: GPL-2.0-only

//! Clocks; those of seconds and ticks are coarse, read without access to the hardware.
//!
//! C header: [`include/linux/timekeeping.h`](srctree/include/linux/timekeeping.h)

use core::ptr;
use kernel::bindings;

/// Returns the seconds since 1970-01-01 00:00:00 UTC, 0 before that.
///
/// # Context
///
/// Any context.
#[inline]
pub(crate) fn real_seconds() -> u64 {
    // SAFETY: `ktime_get_real_seconds` has no preconditions.
    let seconds = unsafe { bindings::ktime_get_real_seconds() };
    u64::try_from(seconds).unwrap_or(0)
}

/// Returns the seconds since boot of the monotonic clock.
///
/// # Context
///
/// Any context.
#[inline]
pub(crate) fn uptime_seconds() -> u32 {
    // SAFETY: `ktime_get_seconds` has no preconditions.
    let seconds = unsafe { bindings::ktime_get_seconds() };
    // After an uptime of 136 years the clock stands still.
    u32::try_from(seconds).unwrap_or(u32::MAX)
}

/// Returns the milliseconds since boot of the monotonic clock.
///
/// # Context
///
/// Any context.
pub(crate) fn uptime_milliseconds() -> u64 {
    monotonic_nanoseconds() / 1_000_000
}

/// Returns the nanoseconds since boot of the monotonic clock.
///
/// # Context
///
/// Any context.
#[inline]
pub(crate) fn monotonic_nanoseconds() -> u64 {
    // SAFETY: `ktime_get` has no preconditions.
    let nanoseconds = unsafe { bindings::ktime_get() };
    u64::try_from(nanoseconds).unwrap_or(0)
}

/// Returns the nanoseconds since 1970-01-01 00:00:00 UTC at a time of the monotonic clock, in
/// nanoseconds since boot; 0 before that.
///
/// # Context
///
/// Any context.
#[inline]
pub(crate) fn real_nanoseconds(monotonic: u64) -> u64 {
    let monotonic = i64::try_from(monotonic).unwrap_or(i64::MAX);
    let real = bindings::tk_offsets_TK_OFFS_REAL;
    // SAFETY: The offset is one of those that the function knows.
    let nanoseconds = unsafe { bindings::ktime_mono_to_any(monotonic, real) };
    u64::try_from(nanoseconds).unwrap_or(0)
}

/// Returns the number of timer ticks since boot, which wraps around.
///
/// # Context
///
/// Any context.
#[inline]
pub(crate) fn ticks() -> usize {
    let jiffies = &raw const bindings::jiffies;
    // SAFETY: The variable is valid, and the timer changes it as a whole.
    let now = unsafe { ptr::read_volatile(jiffies) };
    // CAST: A `long` is as wide as a pointer.
    now as usize
}
