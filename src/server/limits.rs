// SPDX-License-Identifier: GPL-2.0-only

//! Bounds that no command changes.

use protocol::http::HEAD_ROOM;

/// The time that a peer has to close after the last response, in seconds (RFC 9112, section 9.6).
pub(super) const LINGER_SECONDS: u32 = 5;

/// The interval, in seconds, at which a connection whose response waits for space looks for
/// acknowledged bytes: TCP reports space only when a third of the send buffer is free.
pub(super) const PROGRESS_SECONDS: u32 = 3;

/// Requests of one connection that one poll serves before other connections run.
pub(super) const REQUEST_BUDGET: u32 = 32;

/// Parts of a response that count as one of these requests.
pub(super) const BUDGET_PARTS: usize = 8;

/// Received bytes that are discarded at a time: no unfinished head is longer.
// CAST: Less than 32 bits.
pub(super) const DISCARD_MAX: u32 = HEAD_ROOM as u32;

/// Connections that one run of an acceptor takes from the accept queue.
pub(super) const ACCEPT_BUDGET: u32 = 64;

/// Connections that one run of the sweep kicks.
pub(super) const SWEEP_BUDGET: usize = 16;

/// The least number of seconds between two lines of the kernel's log about the same.
pub(super) const REPORT_SECONDS: u32 = 60;

/// The length, in bytes, up to which a body is copied into the send buffer. The pages of longer
/// bodies are spliced.
pub(super) const COPY_MAX: usize = 4096;

/// The number of bytes, in heads and copied bodies, beyond which no further response joins those that
/// leave by one call. It bounds the memory of a peer that takes none of them.
pub(super) const BURST_MAX: usize = 8 << 10;

/// The addresses that one server listens on.
pub(super) const LISTENERS_MAX: usize = 64;
