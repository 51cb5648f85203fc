// SPDX-License-Identifier: GPL-2.0-only

//! Tracepoints, for `trace-cmd`, `perf` and `bpftrace`.
//!
//! `trace/khttpd.h` defines the events; a kernel without `CONFIG_TRACEPOINTS` has none, and all
//! functions here are empty then.
//!
//! `kernel::tracepoint::declare_trace!` looks for the tracepoint in `kernel::bindings`, where one of
//! an external module is not, and its static branch includes a file that the tree for external
//! modules lacks. So each function loads the count of its tracepoint's static key, as a kernel
//! without jump labels does: two instructions if the tracepoint is off.
//!
//! C header: [`include/linux/tracepoint.h`](srctree/include/linux/tracepoint.h)

use super::{
    ffi,
    tcp::SockRef, //
};
use core::ptr;
use kernel::{
    bindings,
    ffi::c_ulong,
    prelude::*,
    str::CStrExt, //
};

/// Most bytes of a target that an event has.
const TARGET_MAX: usize = 256;

/// Tells whether a tracing tool has enabled the tracepoint of this name.
macro_rules! is_on {
    ($tracepoint:ident) => {
        // Without tracepoints there is no such symbol, and the condition is constant.
        // SAFETY: It is a static of C.
        cfg!(CONFIG_TRACEPOINTS) && unsafe { is_enabled(&raw const ffi::$tracepoint) }
    };
}

/// Returns whether the static key of `tracepoint` is enabled.
///
/// # Safety
///
/// The pointer is valid.
#[inline(always)]
unsafe fn is_enabled(tracepoint: *const bindings::tracepoint) -> bool {
    // SAFETY: The caller guarantees it.
    let enabled = unsafe { &raw const (*tracepoint).key.key.enabled.counter };
    // SAFETY: As above. The kernel changes the count as a whole.
    unsafe { ptr::read_volatile(enabled) != 0 }
}

/// The tick in which a connection began; of no size in a kernel without tracepoints.
pub(crate) struct TraceBegin {
    #[cfg(CONFIG_TRACEPOINTS)]
    tick: usize,
}

impl TraceBegin {
    /// Returns the current tick.
    ///
    /// # Context
    ///
    /// Any context.
    #[inline]
    pub(crate) fn now() -> Self {
        Self {
            #[cfg(CONFIG_TRACEPOINTS)]
            tick: super::clock::ticks(),
        }
    }

    #[inline]
    fn tick(&self) -> usize {
        #[cfg(CONFIG_TRACEPOINTS)]
        return self.tick;
        #[cfg(not(CONFIG_TRACEPOINTS))]
        return 0;
    }
}

/// Records that a connection was accepted.
///
/// # Context
///
/// Any context. The same holds for the functions below.
#[inline]
pub(crate) fn accept(sock: SockRef<'_>) {
    if is_on!(__tracepoint_khttpd_accept) {
        // SAFETY: By the type invariant this is a TCP socket.
        unsafe { ffi::rust_do_trace_khttpd_accept(sock.as_raw()) };
    }
}

/// Returns whether [`request`] records anything, so that a caller need not collect its arguments.
#[inline]
pub(crate) fn is_request_on() -> bool {
    is_on!(__tracepoint_khttpd_request)
}

/// Records a response with `status` to a request: its method and target, of which the event has the
/// first bytes, and the length of the response in bytes, that of the head included.
#[inline]
pub(crate) fn request(sock: SockRef<'_>, method: &[u8], target: &[u8], status: u16, bytes: u64) {
    if is_request_on() {
        let target = target.get(..TARGET_MAX).unwrap_or(target);
        // SAFETY: By the type invariant this is a TCP socket. The slices are valid.
        unsafe {
            ffi::rust_do_trace_khttpd_request(
                sock.as_raw(),
                method.as_ptr(),
                method.len(),
                target.as_ptr(),
                target.len(),
                status,
                bytes,
            )
        };
    }
}

/// Records the end of a connection after `requests`, by a reset or not.
#[inline]
pub(crate) fn close(
    sock: SockRef<'_>,
    reason: &'static CStr,
    reset: bool,
    requests: u32,
    begin: &TraceBegin,
) {
    if is_on!(__tracepoint_khttpd_close) {
        // CAST: A `long` is as wide as a pointer.
        let tick = begin.tick() as c_ulong;
        // SAFETY: By the type invariant this is a TCP socket. The string is NUL-terminated.
        unsafe {
            ffi::rust_do_trace_khttpd_close(
                sock.as_raw(),
                reason.as_char_ptr(),
                reset,
                requests,
                tick,
            )
        };
    }
}

/// Records that a poll is left to the worker.
#[inline]
pub(crate) fn defer(sock: SockRef<'_>, reason: &'static CStr) {
    if is_on!(__tracepoint_khttpd_defer) {
        // SAFETY: By the type invariant this is a TCP socket. The string is NUL-terminated.
        unsafe { ffi::rust_do_trace_khttpd_defer(sock.as_raw(), reason.as_char_ptr()) };
    }
}

/// Records a hand-over to the process that listens at `port`.
#[inline]
pub(crate) fn hand_over(sock: SockRef<'_>, port: u16, result: &'static CStr) {
    if is_on!(__tracepoint_khttpd_hand_over) {
        // SAFETY: By the type invariant this is a TCP socket. The string is NUL-terminated.
        unsafe {
            ffi::rust_do_trace_khttpd_hand_over(sock.as_raw(), port, result.as_char_ptr());
        }
    }
}

/// Records a load of a site with so many files, which takes `bytes` of memory, or the error that has
/// ended it.
#[inline]
pub(crate) fn load(site: Result<(usize, usize)>, milliseconds: i64) {
    if is_on!(__tracepoint_khttpd_load) {
        let error = site.err().map_or(0, Error::to_errno);
        let (files, bytes) = site.unwrap_or_default();
        // CAST: Wider than a pointer. No time is negative.
        let (files, bytes, milliseconds) = (files as u64, bytes as u64, milliseconds as u64);
        // SAFETY: The function has no preconditions.
        unsafe { ffi::rust_do_trace_khttpd_load(files, bytes, milliseconds, error) };
    }
}
