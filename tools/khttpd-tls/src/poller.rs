// SPDX-License-Identifier: GPL-2.0-only

//! Waits for many descriptors: epoll, level-triggered.

use std::mem::MaybeUninit;
use std::os::fd::{AsFd, OwnedFd};
use std::time::Duration;

use rustix::event::epoll::{self, CreateFlags, EventData, EventFlags};
use rustix::event::Timespec;
use rustix::io::{Errno, Result};

/// Events that one call returns at most.
const EVENTS: usize = 128;

/// What a descriptor is waited for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Interest {
    pub(crate) read: bool,
    pub(crate) write: bool,
}

impl Interest {
    pub(crate) const NONE: Self = Self::new(false, false);
    pub(crate) const READ: Self = Self::new(true, false);
    pub(crate) const WRITE: Self = Self::new(false, true);

    pub(crate) const fn new(read: bool, write: bool) -> Self {
        Self { read, write }
    }

    fn flags(self) -> EventFlags {
        let mut flags = EventFlags::empty();
        flags.set(EventFlags::IN, self.read);
        flags.set(EventFlags::OUT, self.write);
        flags
    }
}

/// A set of descriptors. Each has a token, a number that the caller chooses.
#[derive(Debug)]
pub(crate) struct Poller {
    epoll: OwnedFd,
}

impl Poller {
    pub(crate) fn new() -> Result<Self> {
        Ok(Self {
            epoll: epoll::create(CreateFlags::CLOEXEC)?,
        })
    }

    /// Changes what a descriptor of this worker alone is waited for. Without any interest it is not
    /// in the set, because epoll always reports errors.
    pub(crate) fn change(
        &self,
        descriptor: impl AsFd,
        token: u64,
        from: Interest,
        to: Interest,
    ) -> Result<()> {
        let data = EventData::new_u64(token);
        match (from, to) {
            _ if from == to => Ok(()),
            (Interest::NONE, _) => epoll::add(&self.epoll, descriptor, data, to.flags()),
            (_, Interest::NONE) => epoll::delete(&self.epoll, descriptor),
            _ => epoll::modify(&self.epoll, descriptor, data, to.flags()),
        }
    }

    /// Begins or ends to wait for a descriptor that all workers read. One event wakes one of them.
    pub(crate) fn share(&self, descriptor: impl AsFd, token: u64, wait: bool) -> Result<()> {
        if wait {
            let flags = EventFlags::IN | EventFlags::EXCLUSIVE;
            epoll::add(&self.epoll, descriptor, EventData::new_u64(token), flags)
        } else {
            epoll::delete(&self.epoll, descriptor)
        }
    }

    /// Waits for events, and returns their tokens. Without a limit it waits for ever.
    pub(crate) fn wait(&self, limit: Option<Duration>) -> Result<Vec<u64>> {
        let limit = limit.map(|limit| Timespec {
            tv_sec: i64::try_from(limit.as_secs()).unwrap_or(i64::MAX),
            tv_nsec: limit.subsec_nanos().into(),
        });
        let mut room = [const { MaybeUninit::uninit() }; EVENTS];
        match epoll::wait(&self.epoll, &mut room, limit.as_ref()) {
            // A descriptor has one token, whichever of its events have come.
            Ok((events, _)) => Ok(events.iter().map(|event| event.data.u64()).collect()),
            Err(Errno::INTR) => Ok(Vec::new()),
            Err(error) => Err(error),
        }
    }
}
