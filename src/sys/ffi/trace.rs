// SPDX-License-Identifier: GPL-2.0-only

//! Declarations of the tracepoints: `trace/khttpd.h`. They are defined if `CONFIG_TRACEPOINTS` is set.

use kernel::{
    bindings,
    ffi::{
        c_char,
        c_int,
        c_ulong, //
    }, //
};

#[allow(
    improper_ctypes,
    reason = "structures without fields, as some configurations have, are opaque to Rust"
)]
extern "C" {
    pub(in crate::sys) static __tracepoint_khttpd_accept: bindings::tracepoint;
    pub(in crate::sys) static __tracepoint_khttpd_request: bindings::tracepoint;
    pub(in crate::sys) static __tracepoint_khttpd_close: bindings::tracepoint;
    pub(in crate::sys) static __tracepoint_khttpd_defer: bindings::tracepoint;
    pub(in crate::sys) static __tracepoint_khttpd_hand_over: bindings::tracepoint;
    pub(in crate::sys) static __tracepoint_khttpd_load: bindings::tracepoint;

    /// Records an accepted connection. Any context; `sk` is a TCP socket. The same holds for the
    /// functions below.
    pub(in crate::sys) fn rust_do_trace_khttpd_accept(sk: *const bindings::sock);

    /// Records a response to a request, of whose method and target it copies so many bytes.
    pub(in crate::sys) fn rust_do_trace_khttpd_request(
        sk: *const bindings::sock,
        method: *const c_char,
        method_len: usize,
        target: *const c_char,
        target_len: usize,
        status: u16,
        bytes: u64,
    );

    /// Records the end of a connection that has begun at the tick `begin`. `reason` is
    /// NUL-terminated.
    pub(in crate::sys) fn rust_do_trace_khttpd_close(
        sk: *const bindings::sock,
        reason: *const c_char,
        reset: bool,
        requests: u32,
        begin: c_ulong,
    );

    /// Records that a poll is left to the worker. `reason` is NUL-terminated.
    pub(in crate::sys) fn rust_do_trace_khttpd_defer(
        sk: *const bindings::sock,
        reason: *const c_char,
    );

    /// Records a hand-over to a process that listens at `port`. `result` is NUL-terminated.
    pub(in crate::sys) fn rust_do_trace_khttpd_hand_over(
        sk: *const bindings::sock,
        port: u16,
        result: *const c_char,
    );

    /// Records a load of a site; `error` is 0 or a negative errno.
    pub(in crate::sys) fn rust_do_trace_khttpd_load(
        files: u64,
        bytes: u64,
        milliseconds: u64,
        error: c_int,
    );
}
