// SPDX-License-Identifier: GPL-2.0-only
/*
 * Defines the tracepoints, and a function for each of them, rust_do_trace_NAME(), that Rust calls when
 * the tracepoint is on.
 */
#define CREATE_TRACE_POINTS
#define CREATE_RUST_TRACE_POINTS
#include "khttpd.h"
