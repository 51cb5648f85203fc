// SPDX-License-Identifier: GPL-2.0-only

//! Closes connections in batches.
//!
//! Closing sleeps, so a connection that ends in softirq waits for a work item. To wake a worker for
//! each of them would cost more than to close it: a work item comes a tick after the first, for all
//! that have ended on the CPU meanwhile.
//!
//! A work item waits for its tick only while a connection waits for it. So no timer runs once the
//! tables of all servers are empty, and the workqueue can be flushed and destroyed.

use crate::sys::{
    percpu::EachCpu,
    sched,
    softirq::{
        self,
        BhDisabled, //
    },
    workqueue::OwnedQueue, //
};
use kernel::{
    list::{
        List,
        ListArc,
        ListItem,
        TryNewListArc, //
    },
    new_spinlock,
    prelude::*,
    sync::{
        Arc,
        SpinLock, //
    },
    time::Jiffies,
    workqueue::{
        impl_has_delayed_work,
        new_delayed_work,
        DelayedWork,
        WorkItem, //
    }, //
};

/// The ticks that the first connection of a batch waits.
const BATCH_DELAY: Jiffies = 1;

/// A connection that the queue closes.
pub(crate) trait Closable: ListItem<0> + TryNewListArc<0> + Send + Sync + 'static {
    /// Closes the connection.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    fn close(this: Arc<Self>);
}

/// The connections that have ended and are not closed yet.
pub(crate) struct CloseQueue<C: Closable> {
    batches: EachCpu<Arc<Batch<C>>>,
    queue: Arc<OwnedQueue>,
}

/// The connections that have ended on a CPU.
#[pin_data]
struct Batch<C: Closable> {
    /// Locked with softirqs disabled.
    #[pin]
    ended: SpinLock<List<C>>,
    #[pin]
    work: DelayedWork<Self>,
}

impl_has_delayed_work! {
    impl{C: Closable} HasDelayedWork<Self> for Batch<C> { self.work }
}

impl<C: Closable> CloseQueue<C> {
    /// Creates an empty queue whose work items run in `queue`.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(crate) fn new(queue: Arc<OwnedQueue>) -> Result<Arc<Self>> {
        let batches = EachCpu::new(Batch::new, GFP_KERNEL)?;
        Ok(Arc::new(Self { batches, queue }, GFP_KERNEL)?)
    }

    /// Has `connection` closed soon; if it is `urgent`, as soon as a worker comes.
    ///
    /// # Context
    ///
    /// Softirq or process context, must not sleep.
    pub(super) fn push(&self, connection: Arc<C>, urgent: bool, _: &BhDisabled) {
        // It fails for a connection that waits already.
        let Ok(connection) = ListArc::try_from_arc(connection) else {
            return;
        };
        let batch = self.batches.current();
        let mut ended = batch.ended.lock();
        let is_first = ended.is_empty();
        ended.push_back(connection);
        drop(ended);
        if is_first {
            let delay = if urgent { 0 } else { BATCH_DELAY };
            // If the work item is queued already it will look.
            let _ = self.queue.enqueue_delayed(batch.clone(), delay);
        }
    }
}

impl<C: Closable> Batch<C> {
    fn new() -> Result<Arc<Self>> {
        Arc::pin_init(
            pin_init!(Self {
                ended <- new_spinlock!(List::new()),
                work <- new_delayed_work!("Batch::work"),
            }),
            GFP_KERNEL,
        )
    }
}

impl<C: Closable> WorkItem for Batch<C> {
    type Pointer = Arc<Self>;

    fn run(this: Arc<Self>) {
        let mut batch = List::new();
        softirq::disabled(|_| batch.push_all_back(&mut this.ended.lock()));
        while let Some(connection) = batch.pop_front() {
            C::close(connection.into_arc());
            sched::cond_resched();
        }
    }
}

#[kunit_tests(khttpd_close_queue)]
mod tests {
    use super::*;
    use kernel::{
        list::{
            impl_list_arc_safe,
            impl_list_item,
            AtomicTracker,
            ListLinks, //
        },
        sync::{
            atomic::{
                ordering::Relaxed,
                Atomic, //
            },
            Completion, //
        }, //
    };

    /// A connection that counts how often it is closed.
    #[pin_data]
    struct Ended {
        closed: Atomic<u32>,
        #[pin]
        is_closed: Completion,
        #[pin]
        waits: AtomicTracker,
        #[pin]
        links: ListLinks,
    }

    impl_list_arc_safe! {
        impl ListArcSafe<0> for Ended { tracked_by waits: AtomicTracker; }
    }

    impl_list_item! {
        impl ListItem<0> for Ended { using ListLinks { self.links }; }
    }

    impl Closable for Ended {
        fn close(this: Arc<Self>) {
            this.closed.fetch_add(1, Relaxed);
            this.is_closed.complete_all();
        }
    }

    #[test]
    fn each_ended_connection_is_closed_once() -> Result {
        let queue = Arc::new(OwnedQueue::new_percpu(c"khttpd_test")?, GFP_KERNEL)?;
        let closing = CloseQueue::new(queue.clone())?;
        let mut all = KVec::new();
        for _ in 0..100 {
            let ended = Arc::pin_init(
                pin_init!(Ended {
                    closed: Atomic::new(0),
                    is_closed <- Completion::new(),
                    waits <- AtomicTracker::new(),
                    links <- ListLinks::new(),
                }),
                GFP_KERNEL,
            )?;
            all.push(ended, GFP_KERNEL)?;
        }
        softirq::disabled(|bh| {
            for ended in &all {
                closing.push(ended.clone(), false, bh);
                closing.push(ended.clone(), true, bh);
            }
        });
        for ended in &all {
            ended.is_closed.wait_for_completion();
        }
        queue.flush();
        assert!(all.iter().all(|ended| ended.closed.load(Relaxed) == 1));
        Ok(())
    }
}
