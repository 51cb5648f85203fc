// SPDX-License-Identifier: GPL-2.0-only

//! When something has changed.

use crate::sys::clock;
use kernel::{
    new_condvar,
    new_spinlock,
    prelude::*,
    sync::{
        Arc,
        CondVar,
        SpinLock, //
    },
    time::{
        msecs_to_jiffies,
        Msecs, //
    }, //
};

/// The longest sleep, in milliseconds.
const DAY: Msecs = 86_400_000;

/// The first and the last of some changes, in milliseconds of uptime.
#[derive(Clone, Copy)]
pub(crate) struct ChangeTimes {
    /// Time of the first change.
    pub(crate) first: u64,
    /// Time of the last change.
    pub(crate) last: u64,
}

/// Changes since they were last taken.
#[pin_data]
pub(crate) struct Changes {
    #[pin]
    times: SpinLock<Option<ChangeTimes>>,
    /// Notified of the first change.
    #[pin]
    changed: CondVar,
}

impl Changes {
    /// Creates a record without changes.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(crate) fn new() -> Result<Arc<Self>> {
        Arc::pin_init(
            pin_init!(Self {
                times <- new_spinlock!(None),
                changed <- new_condvar!(),
            }),
            GFP_KERNEL_ACCOUNT,
        )
    }

    /// Records a change.
    ///
    /// # Context
    ///
    /// Process context, may sleep. It does not sleep, and takes no lock that is held for long: locks
    /// of the file system may be held.
    pub(crate) fn record(&self) {
        let now = clock::uptime_milliseconds();
        let mut times = self.times.lock();
        match &mut *times {
            Some(times) => times.last = now,
            none => {
                *none = Some(ChangeTimes {
                    first: now,
                    last: now,
                });
                self.changed.notify_all();
            }
        }
    }

    /// Returns the times of the changes, if there are any.
    pub(crate) fn times(&self) -> Option<ChangeTimes> {
        *self.times.lock()
    }

    /// Forgets the changes.
    pub(crate) fn take(&self) {
        *self.times.lock() = None;
    }

    /// Waits until a change is the first one.
    ///
    /// # Context
    ///
    /// Process context, may sleep. A signal interrupts it.
    pub(crate) fn wait(&self) {
        let mut times = self.times.lock();
        if times.is_none() {
            // The caller looks for signals.
            let _ = self.changed.wait_interruptible(&mut times);
        }
    }

    /// Waits for this number of milliseconds, for a day at most.
    ///
    /// # Context
    ///
    /// Process context, may sleep. The first change and signals shorten the wait.
    pub(crate) fn sleep(&self, milliseconds: u64) {
        let milliseconds = Msecs::try_from(milliseconds).unwrap_or(DAY).min(DAY);
        let mut times = self.times.lock();
        // The caller looks at the clock.
        let _ = self
            .changed
            .wait_interruptible_timeout(&mut times, msecs_to_jiffies(milliseconds));
    }
}
