// SPDX-License-Identifier: GPL-2.0-only

//! Defers requests while the backlog is starved.
//!
//! Softirqs run before workers. On a busy CPU, connections that are served already could keep an
//! acceptor's worker from running. So while the worker waits for too long, ready connections are
//! put on a list, and the acceptor polls them after it has accepted.

use super::super::limits::CROWD_BUDGET;
use crate::sys::{
    sched,
    softirq::{
        self,
        BhDisabled, //
    }, //
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
        let mut members = softirq::disabled(|_| {
            let mut waiting = self.waiting.lock();
            self.gathers.store(gathers, Relaxed);
            mem::take(&mut *waiting)
        });
        for some in members.chunks(CROWD_BUDGET) {
            softirq::disabled(|bh| some.iter().for_each(|this| C::poll_from_crowd(this, bh)));
            sched::cond_resched();
        }
        sched::drop_all(&mut members);
    }
}

#[kunit_tests(khttpd_crowd)]
mod tests {
    use super::*;
    use crate::sys::sched::count;

    /// A connection that counts how often it is polled.
    struct Member {
        in_crowd: Atomic<bool>,
        polled: Atomic<u32>,
    }

    impl CrowdMember for Member {
        fn in_crowd(&self) -> &Atomic<bool> {
            &self.in_crowd
        }

        fn poll_from_crowd(this: &Arc<Self>, _bh: &BhDisabled) {
            this.in_crowd.store(false, Relaxed);
            this.polled.fetch_add(1, Relaxed);
        }
    }

    #[test]
    fn other_tasks_run_while_a_large_crowd_is_polled() -> Result {
        const CHUNKS: usize = 8;
        let crowd = KBox::pin_init(Crowd::new(), GFP_KERNEL)?;
        crowd.gather();
        let mut members = KVec::new();
        for _ in 0..CHUNKS * CROWD_BUDGET {
            let member = Member {
                in_crowd: Atomic::new(false),
                polled: Atomic::new(0),
            };
            members.push(Arc::new(member, GFP_KERNEL)?, GFP_KERNEL)?;
        }
        for member in &members {
            assert!(crowd.join(member.as_arc_borrow()) && crowd.join(member.as_arc_borrow()));
        }
        assert!(count::during(|| crowd.poll_all(false)) >= CHUNKS as u64);
        assert!(members
            .iter()
            .all(|member| member.polled.load(Relaxed) == 1));
        Ok(())
    }
}
