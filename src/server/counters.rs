// SPDX-License-Identifier: GPL-2.0-only

//! What a server has done so far.

use kernel::sync::atomic::{
    ordering::Relaxed,
    Atomic, //
};

/// A number that only grows. Each is exact; a set of them is not a snapshot.
pub(crate) struct Counter(Atomic<u64>);

impl Counter {
    const fn new() -> Self {
        Self(Atomic::new(0))
    }

    /// Any context.
    #[inline]
    pub(crate) fn add(&self, n: u64) {
        self.0.add(n, Relaxed);
    }

    /// Any context.
    pub(crate) fn get(&self) -> u64 {
        self.0.load(Relaxed)
    }
}

/// The counters of a server.
pub(crate) struct Counters {
    /// Connections accepted.
    pub(crate) accepted: Counter,
    /// Times that a connection could not be accepted for want of memory or the like.
    pub(crate) accept_errors: Counter,
    /// Replies begun, those to requests that could not be understood included.
    pub(crate) requests: Counter,
    /// Bytes handed to TCP, heads and bodies.
    pub(crate) bytes: Counter,
}

impl Counters {
    /// All zero.
    pub(crate) const fn new() -> Self {
        Self {
            accepted: Counter::new(),
            accept_errors: Counter::new(),
            requests: Counter::new(),
            bytes: Counter::new(),
        }
    }
}
