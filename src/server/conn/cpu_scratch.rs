// SPDX-License-Identifier: GPL-2.0-only

//! Per-CPU memory of polls.

use super::burst::{
    Burst,
    BurstRoom, //
};
use crate::sys::{
    clock,
    percpu::Initial, //
};
use protocol::http::{
    Clock,
    Scratch,
    Timestamp,
    HEAD_ROOM, //
};

/// The memory that a poll of any connection needs on its CPU and leaves for the next poll.
pub(crate) struct CpuScratch {
    /// A copy of unread bytes.
    pub(super) input: [u8; HEAD_ROOM],
    /// Memory for the responses of one burst at a time.
    pub(super) response: ResponseScratch,
}

impl Initial for CpuScratch {
    const INITIAL: Self = Self {
        input: [0; HEAD_ROOM],
        response: ResponseScratch {
            scratch: Scratch::new(),
            pieces: BurstRoom::new(),
            clock: None,
        },
    };
}

/// The memory for the responses of a burst, and the clock.
pub(super) struct ResponseScratch {
    scratch: Scratch,
    pieces: BurstRoom,
    clock: Option<Clock>,
}

impl ResponseScratch {
    /// Begins a burst, with the clock of the current second, whose date line is rendered once.
    #[inline]
    pub(super) fn begin(&mut self) -> Burst<'_> {
        let now = clock::real_seconds();
        let is_outdated = |clock: &Clock| clock.now() != Timestamp(now);
        if self.clock.as_ref().is_some_and(is_outdated) {
            self.clock = None;
        }
        let clock = self.clock.get_or_insert_with(|| Clock::new(now));
        Burst::new(clock, self.scratch.room(), self.pieces.begin())
    }
}
