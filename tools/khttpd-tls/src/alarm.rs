// SPDX-License-Identifier: GPL-2.0-only

//! Wakes a worker that waits for events.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::event::{eventfd, EventfdFlags};
use rustix::io::{read, write, Result};

/// A descriptor that is readable from [`Self::ring`] until [`Self::quiet`].
#[derive(Debug)]
pub(crate) struct Alarm(OwnedFd);

impl Alarm {
    pub(crate) fn new() -> Result<Self> {
        let flags = EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK;
        Ok(Self(eventfd(0, flags)?))
    }

    /// Wakes the worker.
    pub(crate) fn ring(&self) {
        // It fails only if the alarm rings already.
        let _ = write(&self.0, &1_u64.to_ne_bytes());
    }

    /// Lets the worker wait again.
    pub(crate) fn quiet(&self) {
        // It fails only if the alarm does not ring.
        let _ = read(&self.0, &mut [0; 8]);
    }
}

impl AsFd for Alarm {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}
