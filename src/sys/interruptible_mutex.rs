// SPDX-License-Identifier: GPL-2.0-only

//! One at a time, where the one may take long and the others may be interrupted.

use kernel::{
    new_condvar,
    new_mutex,
    prelude::*,
    sync::{
        CondVar,
        Mutex, //
    }, //
};

/// Lets one task pass at a time.
#[pin_data]
pub(crate) struct InterruptibleMutex {
    #[pin]
    busy: Mutex<bool>,
    #[pin]
    free: CondVar,
}

impl InterruptibleMutex {
    /// Nobody is in.
    pub(crate) fn new() -> impl PinInit<Self> {
        pin_init!(Self {
            busy <- new_mutex!(false),
            free <- new_condvar!(),
        })
    }

    /// Waits until nobody is in. Process context, sleeps.
    ///
    /// # Errors
    ///
    /// `ERESTARTSYS` for a signal.
    pub(crate) fn lock(&self) -> Result<InterruptibleGuard<'_>> {
        let mut busy = self.busy.lock();
        while *busy {
            // Who was woken because nobody is in goes in, even with a signal: nobody else was woken.
            if self.free.wait_interruptible(&mut busy) && *busy {
                return Err(ERESTARTSYS);
            }
        }
        *busy = true;
        Ok(InterruptibleGuard(self))
    }
}

/// Whoever has it is in, until it is dropped.
pub(crate) struct InterruptibleGuard<'a>(&'a InterruptibleMutex);

impl Drop for InterruptibleGuard<'_> {
    fn drop(&mut self) {
        *self.0.busy.lock() = false;
        self.0.free.notify_one();
    }
}
