// SPDX-License-Identifier: GPL-2.0-only

//! Defers requests while the backlog is starved.
//!
//! Softirqs run before workers. On a busy CPU, connections that are served already could keep an
//! acceptor's worker from running. So while the worker waits for too long, ready connections are
//! put on a list, and the acceptor polls them after it has accepted.

use super::super::limits::CROWD_BUDGET;
use crate::sys::softirq::{
    self,
    BhDisabled, //
};
use core::mem;
use kernel::{
    alloc::flags::__GFP_NOWARN,
    new_spinlock,
    prelude::*,
    sync::{
        atomic::{
            ordering::Relaxed,
            Atomic, //
        },
        Arc,
        ArcBorrow,
        SpinLock, //
    }, //
};

/// A connection that can be on the list.
pub(crate) trait CrowdMember: Send + Sync + 'static {
    /// Returns the flag that tells whether the connection is on the list.
    fn in_crowd(&self) -> &Atomic<bool>;

    /// Polls a connection that was taken from the list.
    ///
    /// # Context
    ///
    /// Softirq or process context, must not sleep.
    fn poll_from_crowd(this: &Arc<Self>, bh: &BhDisabled);
}

/// The list of ready connections that wait for an acceptor.
#[pin_data]
pub(crate) struct Crowd<C> {
    /// Whether ready connections join the list. Changes with the lock held.
    gathers: Atomic<bool>,
    /// Locked with softirqs disabled.
    #[pin]
    waiting: SpinLock<KVec<Arc<C>>>,
}

impl<C> Crowd<C> {
    /// Creates an empty list that no connection joins.
    pub(super) fn new() -> impl PinInit<Self> {
        pin_init!(Self {
            gathers: Atomic::new(false),
            waiting <- new_spinlock!(KVec::new()),
        })
    }

    /// Returns whether ready connections should join the list.
    ///
    /// # Context
    ///
    /// Any context.
    #[inline]
    pub(crate) fn gathers(&self) -> bool {
        self.gathers.load(Relaxed)
    }

    /// Lets ready connections join the list from now on. A run of an acceptor must follow.
    ///
    /// # Context
    ///
    /// Softirq or process context, must not sleep.
    pub(crate) fn gather(&self) {
        softirq::disabled(|_| {
            let _waiting = self.waiting.lock();
            self.gathers.store(true, Relaxed);
        });
    }
}

impl<C: CrowdMember> Crowd<C> {
    /// Puts `connection` on the list; returns `false` if connections no longer join, or memory is
    /// short.
    ///
    /// # Context
    ///
    /// Softirq or process context, must not sleep.
    pub(super) fn join(&self, connection: ArcBorrow<'_, C>) -> bool {
        softirq::disabled(|_| {
            let mut waiting = self.waiting.lock();
            if !self.gathers() {
                return false;
            }
            if connection.in_crowd().load(Relaxed) {
                return true;
            }
            // A connection that can't join is polled at once, which the log need not report.
            let flags = GFP_ATOMIC | __GFP_NOWARN;
            let joined = waiting.push(Arc::from(connection), flags).is_ok();
            connection.in_crowd().store(joined, Relaxed);
            joined
        })
    }

    /// Polls the connections on the list; afterwards none joins unless `gathers` is set.
    ///
    /// # Context
    ///
    /// Process context, may sleep. The last references may be among those on the list.
    pub(crate) fn poll_all(&self, gathers: bool) {
        let waiting = softirq::disabled(|_| {
            let mut waiting = self.waiting.lock();
            self.gathers.store(gathers, Relaxed);
            mem::take(&mut *waiting)
        });
        for some in waiting.chunks(CROWD_BUDGET) {
            softirq::disabled(|bh| some.iter().for_each(|this| C::poll_from_crowd(this, bh)));
        }
    }
}
