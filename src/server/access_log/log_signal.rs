// SPDX-License-Identifier: GPL-2.0-only

//! Waking the reader of the access log.

use crate::sys::{
    device::PollCall,
    poll::PollCondVarBox,
    workqueue::{
        self,
        OwnedQueue, //
    }, //
};
use kernel::{
    fs::File,
    new_mutex,
    prelude::*,
    static_lock_class,
    sync::{
        Arc,
        Mutex, //
    },
    time::Jiffies,
    workqueue::{
        impl_has_delayed_work,
        new_delayed_work,
        DelayedWork,
        WorkItem, //
    }, //
};

/// The ticks from the first line that a sleeping reader has missed to its wake-up, so that a busy
/// CPU wakes it once for many lines.
const WAKE_DELAY: Jiffies = 1;

/// What the reader waits for: that something has changed since it has last looked.
#[pin_data]
pub(super) struct LogSignal {
    /// The number of changes.
    #[pin]
    changes: Mutex<u64>,
    /// Notified with each change.
    changed: PollCondVarBox,
}

impl LogSignal {
    /// Creates a signal.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(super) fn new() -> Result<Arc<Self>> {
        Arc::pin_init(
            try_pin_init!(Self {
                changes <- new_mutex!(0),
                changed: PollCondVarBox::new(c"LogSignal::changed", static_lock_class!())?,
            }),
            GFP_KERNEL_ACCOUNT,
        )
    }

    /// Returns the number of changes so far.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    pub(super) fn changes(&self) -> u64 {
        *self.changes.lock()
    }

    /// Wakes the reader.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    pub(super) fn notify(&self) {
        let mut changes = self.changes.lock();
        *changes = changes.wrapping_add(1);
        drop(changes);
        self.changed.notify_all();
    }

    /// Waits until the number of changes is another than `seen`.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    ///
    /// # Errors
    ///
    /// `ERESTARTSYS` for a signal.
    pub(super) fn wait(&self, seen: u64) -> Result {
        let mut changes = self.changes.lock();
        while *changes == seen {
            if self.changed.wait_interruptible(&mut changes) {
                return Err(ERESTARTSYS);
            }
        }
        Ok(())
    }

    /// Has the caller of `poll(2)` poll again after the next change.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    pub(super) fn wait_by_poll(&self, file: &File, poll: &PollCall<'_>) {
        poll.wait_for(file, &self.changed);
    }
}

/// Notifies a signal from softirq, by a work item.
#[pin_data]
pub(super) struct SignalKick {
    signal: Arc<LogSignal>,
    queue: Arc<OwnedQueue>,
    #[pin]
    work: DelayedWork<Self>,
}

impl_has_delayed_work! {
    impl HasDelayedWork<Self> for SignalKick { self.work }
}

impl SignalKick {
    /// Creates the work item, which runs in `queue`.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(super) fn new(signal: Arc<LogSignal>, queue: Arc<OwnedQueue>) -> Result<Arc<Self>> {
        Arc::pin_init(
            pin_init!(Self {
                signal,
                queue,
                work <- new_delayed_work!("SignalKick::work"),
            }),
            GFP_KERNEL_ACCOUNT,
        )
    }

    /// Notifies the signal soon. It takes locks of this CPU alone.
    ///
    /// # Context
    ///
    /// Softirq or process context, must not sleep.
    pub(super) fn kick(self: &Arc<Self>) {
        // If it is queued already it will notify.
        let _ = self.queue.enqueue_delayed(self.clone(), WAKE_DELAY);
    }

    /// Waits until the work item is not queued and does not run.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    pub(super) fn flush(&self) {
        workqueue::flush_delayed(&self.work);
    }
}

impl WorkItem for SignalKick {
    type Pointer = Arc<Self>;

    fn run(this: Arc<Self>) {
        this.signal.notify();
    }
}
