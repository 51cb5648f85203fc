// SPDX-License-Identifier: GPL-2.0-only

//! A mutex for long operations whose waiters can be interrupted.
//!
//! C header: [`include/linux/mutex.h`](srctree/include/linux/mutex.h), which has
//! `mutex_lock_interruptible`; the `kernel` crate does not wrap that.

use kernel::{
    new_condvar,
    new_mutex,
    prelude::*,
    sync::{
        CondVar,
        Mutex, //
    }, //
};

/// A mutex that one task holds at a time; a signal ends the wait of the others.
///
/// It protects no data: what it serialises is up to the user.
#[pin_data]
pub(crate) struct InterruptibleMutex {
    #[pin]
    locked: Mutex<bool>,
    #[pin]
    unlocked: CondVar,
}

impl InterruptibleMutex {
    /// Creates an unlocked mutex.
    pub(crate) fn new() -> impl PinInit<Self> {
        pin_init!(Self {
            locked <- new_mutex!(false),
            unlocked <- new_condvar!(),
        })
    }

    /// Locks the mutex, after waiting until it is unlocked.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    ///
    /// # Errors
    ///
    /// `ERESTARTSYS` for a signal.
    pub(crate) fn lock(&self) -> Result<InterruptibleGuard<'_>> {
        let mut locked = self.locked.lock();
        while *locked {
            // A task that was woken by an unlock locks even after a signal: the unlock has woken
            // no other task.
            if self.unlocked.wait_interruptible(&mut locked) && *locked {
                return Err(ERESTARTSYS);
            }
        }
        *locked = true;
        // INVARIANT: It was just locked for this guard.
        Ok(InterruptibleGuard(self))
    }
}

/// Unlocks an [`InterruptibleMutex`] when it is dropped.
///
/// # Invariants
///
/// The mutex is locked, and this is its only guard.
#[must_use = "the mutex is unlocked when the guard is dropped"]
pub(crate) struct InterruptibleGuard<'a>(&'a InterruptibleMutex);

impl Drop for InterruptibleGuard<'_> {
    fn drop(&mut self) {
        *self.0.locked.lock() = false;
        self.0.unlocked.notify_one();
    }
}
