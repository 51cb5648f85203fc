// SPDX-License-Identifier: GPL-2.0-only

//! The periodic sweep: expires connections, and retries accepting.

use super::{
    conn::TableEntry,
    limits::SWEEP_BUDGET,
    Server, //
};
use crate::sys::clock;
use kernel::{
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

/// Returns the interval of the sweep.
pub(super) fn sweep_interval() -> Delta {
    Delta::from_millis(1000)
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
    /// One run kicks at most [`SWEEP_BUDGET`] connections and queues itself again for the others:
    /// closing a connection takes as long as serving a few requests.
    fn run(this: Arc<Self>) {
        let core = &this.pool.core;
        let now = clock::uptime_seconds();
        let from = this.sweep_cursor.load(Relaxed);
        let next = this.pool.table.visit(from, SWEEP_BUDGET, |connection| {
            if core.drain_expired(now) {
                TableEntry::abort(connection);
            } else if connection.is_due(now) {
                connection.kick();
            } else {
                return false;
            }
            true
        });
        this.sweep_cursor.store(next.unwrap_or(0), Relaxed);
        if next.is_some() {
            let queue = core.queue.clone();
            let _ = queue.enqueue::<Arc<Self>, 0>(this);
        } else {
            this.kick_acceptors();
        }
    }
}
