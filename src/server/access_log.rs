// SPDX-License-Identifier: GPL-2.0-only

//! The access log: a line for each request, which a process reads from `/dev/khttpd-log`.
//!
//! Softirq fills records in a ring of its CPU ([`LogSink`]), the reader renders them ([`LogReader`]).
//!
//! # Replacing rings
//!
//! A command may replace the rings, or switch the log off. Softirq finds its ring by the published
//! sink, under RCU. After the grace period none writes to the old rings; then the feed
//! of the reader gets the new ones, behind the old ones, which the reader drains first.

mod line_source;
mod log_feed;
mod log_merge;
mod log_reader;
mod log_rings;
mod log_signal;
mod log_sink;
mod policy;
mod tests;

pub(super) use self::log_sink::LogSink;

pub(crate) use self::{
    log_reader::LogReader,
    policy::LogPolicy, //
};

use self::{
    log_feed::LogFeed,
    log_rings::LogRings, //
};
use crate::sys::{
    published::Published,
    workqueue::OwnedQueue, //
};
use kernel::{
    prelude::*,
    sync::{
        atomic::{
            ordering::Relaxed,
            Atomic, //
        },
        rcu,
        Arc,
        ArcBorrow, //
    }, //
};

/// The access log of a server.
pub(super) struct AccessLog {
    is_on: Atomic<bool>,
    sink: Published<LogSink>,
    feed: Arc<LogFeed>,
    /// The workqueue of the items that wake the reader.
    queue: Arc<OwnedQueue>,
}

impl AccessLog {
    /// Creates a log that is off.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(super) fn new(queue: Arc<OwnedQueue>) -> Result<Self> {
        let sink = LogSink {
            policy: LogPolicy::new(),
            rings: None,
        };
        Ok(Self {
            is_on: Atomic::new(false),
            sink: Published::new(Arc::new(sink, GFP_KERNEL_ACCOUNT)?),
            feed: LogFeed::new()?,
            queue,
        })
    }

    /// Returns whether the log is on. It may be out of date while a command changes that.
    ///
    /// # Context
    ///
    /// Any context.
    #[inline]
    pub(super) fn is_on(&self) -> bool {
        self.is_on.load(Relaxed)
    }

    /// Returns the present sink.
    ///
    /// # Context
    ///
    /// Any context.
    #[inline]
    pub(super) fn sink<'a>(&'a self, rcu: &'a rcu::Guard) -> ArcBorrow<'a, LogSink> {
        self.sink.get(rcu)
    }

    /// Makes a sink for [`AccessLog::publish`]. It has the present rings, if their length stays the
    /// same. Only one caller at a time makes and publishes a sink.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(super) fn prepare(&self, policy: LogPolicy) -> Result<Arc<LogSink>> {
        let present = Arc::from(self.sink(&rcu::read_lock()));
        let bytes = policy.buffer_bytes;
        let known = present.rings.as_ref();
        let rings = match known.filter(|rings| rings.bytes() == bytes) {
            _ if !policy.is_on() => None,
            Some(rings) => Some(rings.clone()),
            None => Some(LogRings::new(bytes, &self.feed.signal, &self.queue)?),
        };
        Ok(Arc::new(LogSink { policy, rings }, GFP_KERNEL_ACCOUNT)?)
    }

    /// Has lines go to another sink. When it returns, none goes to the last one.
    ///
    /// # Context
    ///
    /// Process context, may sleep. It sleeps for a grace period.
    pub(super) fn publish(&self, sink: Arc<LogSink>) {
        let rings = sink.rings.clone();
        self.is_on.store(rings.is_some(), Relaxed);
        drop(self.sink.replace(sink));
        self.feed.publish(rings.as_ref());
    }

    /// Ends the reader once it has read all lines. No line may be written any more.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    pub(super) fn close(&self) {
        self.feed.close();
    }

    /// Becomes the reader of the lines.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    ///
    /// # Errors
    ///
    /// `EBUSY` if there is one, `ENOMEM`.
    pub(super) fn open(&self) -> Result<Pin<KBox<LogReader>>> {
        LogReader::new(self.feed.clone())
    }

    /// Returns the number of lines that were lost since the last reset.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    pub(super) fn lost(&self) -> u64 {
        self.feed.lost()
    }

    /// Begins to count lost lines at zero.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    pub(super) fn reset_lost(&self) {
        self.feed.reset_lost();
    }

    /// Returns the number of lines that were lost since the last report, if there are any and a report
    /// is due at the second `now` of uptime.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    pub(super) fn lost_to_report(&self, now: u32) -> Option<u64> {
        self.feed.lost_to_report(now)
    }
}
