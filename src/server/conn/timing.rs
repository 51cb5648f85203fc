// SPDX-License-Identifier: GPL-2.0-only

//! The phase of a connection and its deadline, for all tasks to see.

use super::{
    super::config::Settings,
    state::{
        ConnPhase,
        ConnState, //
    }, //
};
use crate::sys::clock;
use kernel::{
    prelude::*,
    sync::{
        atomic::{
            ordering::Relaxed,
            Atomic, //
        },
        Arc, //
    }, //
};

/// The phase of a connection after its last poll, and its deadline.
///
/// # Context
///
/// Any context. This holds for all methods.
pub(crate) struct Timing {
    /// The second of uptime at which the sweep has the connection polled.
    deadline: Atomic<u32>,
    /// The [`ConnPhase`].
    phase: Atomic<u32>,
}

/// Nothing is published by these numbers: a sweep that reads an old one kicks a connection in vain, or
/// a second later. What a poll needs is ordered by the socket's lock, and from one run of a work item to
/// the next one by the workqueue.
impl Timing {
    /// Begins the first phase, in which a connection is idle for `seconds` at most.
    #[inline]
    pub(super) fn new(seconds: u32) -> Self {
        Self {
            deadline: Atomic::new(clock::uptime_seconds().saturating_add(seconds)),
            phase: Atomic::new(ConnPhase::Idle as u32),
        }
    }

    /// Returns whether the connection was in `phase` after the last poll.
    #[inline]
    pub(crate) fn is_in(&self, phase: ConnPhase) -> bool {
        self.phase.load(Relaxed) == phase as u32
    }

    /// Returns whether the deadline has passed at the second `now` of uptime.
    #[inline]
    pub(crate) fn is_due(&self, now: u32) -> bool {
        self.deadline.load(Relaxed) <= now
    }

    /// Returns the deadline if the connection waits for the rest of a head.
    pub(crate) fn head_deadline(&self) -> Option<u32> {
        let deadline = self.deadline.load(Relaxed);
        self.is_in(ConnPhase::Head).then_some(deadline)
    }

    /// Lets `deadline` pass now; returns `false` if another has replaced it.
    fn expire(&self, deadline: u32) -> bool {
        self.deadline.cmpxchg(deadline, 0, Relaxed).is_ok()
    }

    /// Takes phase and deadline over from a poll at the second `now` of uptime, if it has begun the
    /// time of a phase.
    #[inline]
    pub(super) fn update(&self, state: &mut ConnState, settings: &Settings, now: u32) {
        if let Some(seconds) = state.renewed_seconds(settings) {
            self.deadline.store(now.saturating_add(seconds), Relaxed);
            self.phase.store(state.phase() as u32, Relaxed);
        }
    }

    /// Sets the deadline to the end of the next `seconds`.
    pub(super) fn restart(&self, seconds: u32) {
        let deadline = clock::uptime_seconds().saturating_add(seconds);
        self.deadline.store(deadline, Relaxed);
    }

    /// Removes the deadline, until the next poll sets one.
    pub(super) fn suspend(&self) {
        self.deadline.store(u32::MAX, Relaxed);
    }

    /// Enters the last phase.
    #[inline]
    pub(super) fn close(&self) {
        self.phase.store(ConnPhase::Closed as u32, Relaxed);
    }
}

/// A connection that the sweep visits.
///
/// # Context
///
/// Any context. This holds for all methods.
pub(crate) trait Timed {
    /// Returns the phase and the deadline.
    fn timing(&self) -> &Timing;

    /// Queues the worker, which polls the connection.
    fn kick(self: &Arc<Self>);

    /// Queues the worker if a response waits for space.
    fn kick_sending(self: &Arc<Self>) {
        if self.timing().is_in(ConnPhase::Send) {
            self.kick();
        }
    }

    /// Lets a deadline pass now, unless another has replaced it.
    fn expire(self: &Arc<Self>, deadline: u32) {
        if self.timing().expire(deadline) {
            self.kick();
        }
    }
}

#[kunit_tests(khttpd_timing)]
mod tests {
    use super::*;

    #[test]
    fn deadline_passes_early_unless_another_has_replaced_it() {
        let timing = Timing::new(60);
        let first = timing.deadline.load(Relaxed);
        timing.suspend();
        assert!(!timing.expire(first));
        assert!(!timing.is_due(first));
        assert!(timing.expire(u32::MAX));
        assert!(timing.is_due(0));
    }
}
