// SPDX-License-Identifier: GPL-2.0-only

//! The periodic sweep: expires connections, retries accepting, and reports what was lost or refused.

use super::{
    conn::{
        TableEntry,
        Timed, //
    },
    limits::SWEEP_BUDGET,
    Server, //
};
use crate::sys::{
    clock,
    log::UserLog,
    tcp, //
};
use kernel::{
    prelude::fmt,
    sync::{
        atomic::ordering::Relaxed,
        Arc,
        ArcBorrow, //
    },
    time::{
        hrtimer::{
            HrTimerCallback,
            HrTimerCallbackContext,
            HrTimerRestart, //
        },
        Delta, //
    },
    workqueue::WorkItem, //
};

/// Returns the interval of the sweep, which is shorter while connections must be shed.
pub(super) fn sweep_interval() -> Delta {
    Delta::from_millis(if tcp::is_short_of_memory() { 100 } else { 1000 })
}

impl HrTimerCallback for Server {
    type Pointer<'a> = Arc<Self>;

    /// Queues the sweep. Hardirq context.
    fn run(
        this: ArcBorrow<'_, Self>,
        mut context: HrTimerCallbackContext<'_, Self>,
    ) -> HrTimerRestart {
        // If the last sweep has not finished yet, it serves for both.
        let queue = &this.pool.core.queue;
        let _ = queue.enqueue::<Arc<Self>, 0>(Arc::from(this));
        context.forward_now(sweep_interval());
        HrTimerRestart::Restart
    }
}

impl WorkItem for Server {
    type Pointer = Arc<Self>;

    /// Kicks connections whose deadline has passed, and acceptors that lacked memory.
    ///
    /// One run kicks at most [`SWEEP_BUDGET`] connections of listeners, and as many adopted ones, and
    /// queues itself again for the others: closing a connection takes as long as serving a few
    /// requests.
    fn run(this: Arc<Self>) {
        let core = &this.pool.core;
        let now = clock::uptime_seconds();
        let slot = this.sweep_slot.load(Relaxed);
        let adopted = this.sweep_adopted.load(Relaxed);
        if slot == 0 && adopted == 0 {
            this.shed_deadline.store(this.oldest_head(now), Relaxed);
        }
        let next_adopted = this.adopted.visit(adopted, SWEEP_BUDGET, |connection| {
            connection.sweep(now) || this.shed(connection)
        });
        let next_slot = this.pool.table.visit(slot, SWEEP_BUDGET, |connection| {
            if core.drain_expired(now) {
                TableEntry::abort(connection);
            } else if connection.timing().is_due(now) {
                connection.kick();
            } else {
                return this.shed(connection);
            }
            true
        });
        let has_more = next_slot.is_some() || next_adopted.is_some();
        // Neither visit begins anew before the other has ended, too.
        let end = if has_more { usize::MAX } else { 0 };
        this.sweep_slot.store(next_slot.unwrap_or(end), Relaxed);
        this.sweep_adopted
            .store(next_adopted.unwrap_or(end), Relaxed);
        if has_more {
            let queue = core.queue.clone();
            let _ = queue.enqueue::<Arc<Self>, 0>(this);
        } else {
            this.kick_acceptors();
            this.report_lost_lines(now);
            this.report_refused_connections(now);
        }
    }
}

impl Server {
    /// Returns the deadline of the oldest unfinished heads if TCP is short of memory, otherwise 0:
    /// that of none. Heads that have begun in this second have a chance to be finished.
    ///
    /// They are in TCP's receive buffers, so that other services lack that memory.
    fn oldest_head(&self, now: u32) -> u32 {
        let mut oldest = None;
        if tcp::is_short_of_memory() {
            let mut compare = |deadline: Option<u32>| {
                oldest = oldest.into_iter().chain(deadline).min();
            };
            let (table, adopted) = (&self.pool.table, &self.adopted);
            table.for_each(|connection| compare(connection.timing().head_deadline()));
            adopted.for_each(|connection| compare(connection.timing().head_deadline()));
        }
        let newest = now.saturating_add(self.pool.core.settings.head_seconds.get());
        oldest.filter(|oldest| *oldest < newest).unwrap_or(0)
    }

    /// Tells the kernel's log of connections that the TLS agent could not have, if a report is due at
    /// the second `now` of uptime.
    fn report_refused_connections(&self, now: u32) {
        let agent = &self.pool.core.tls_agent;
        if let Some((count, explanation)) = agent.refusals_to_report(now) {
            UserLog::LIMITED.error(fmt!(
                "tls-agent: {count} connections closed, the last one because {explanation}"
            ));
        }
    }

    /// Gives up the unfinished head of a connection if it is one of the oldest, and returns whether
    /// it is. The connections that were kicked in earlier runs are closed meanwhile, so that TCP may
    /// have memory again.
    fn shed<C: Timed>(&self, connection: &Arc<C>) -> bool {
        let oldest = self.shed_deadline.load(Relaxed);
        let deadline = connection.timing().head_deadline();
        let old = deadline.filter(|deadline| *deadline <= oldest && tcp::is_short_of_memory());
        old.inspect(|deadline| connection.expire(*deadline))
            .is_some()
    }
}
