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
mod moment;
mod policy;
mod tests;

pub(super) use self::{
    log_sink::{
        LogSink,
        LogWriter, //
    },
    moment::now, //
};

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
    softirq::{
        self,
        BhDisabled, //
    },
    workqueue::OwnedQueue, //
};
use core::slice;
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
use protocol::log::{
    Ending,
    LogRecord, //
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

    /// Returns the present sink while the log is on.
    ///
    /// # Context
    ///
    /// Any context.
    #[inline]
    pub(super) fn sink<'a>(&'a self, rcu: &'a rcu::Guard) -> Option<ArcBorrow<'a, LogSink>> {
        self.is_on.load(Relaxed).then(|| self.sink.get(rcu))
    }

    /// Calls `f` with the writer of this CPU's lines, if the log is on.
    ///
    /// # Context
    ///
    /// Softirq or process context, must not sleep.
    pub(super) fn with_writer(&self, bh: &BhDisabled, f: impl FnOnce(Option<LogWriter<'_>>)) {
        let rcu = rcu::read_lock();
        let sink = self.sink(&rcu);
        f(sink.as_ref().and_then(|sink| sink.writer(bh)));
    }

    /// Counts `n` lines that can't be written, if the log is on.
    ///
    /// # Context
    ///
    /// Any context.
    pub(super) fn count_lost(&self, n: u64) {
        if let Some(sink) = self.sink(&rcu::read_lock()) {
            sink.count_lost(n);
        }
    }

    /// Writes the line of a request that a process has got with the connection.
    ///
    /// # Context
    ///
    /// Softirq or process context, must not sleep.
    pub(super) fn hand_over(&self, mut record: KBox<LogRecord>) {
        let now = now();
        record.set_begin(now.monotonic_nanoseconds);
        record.finish(Ending::HandedOver, 0, now);
        softirq::disabled(|bh| {
            self.with_writer(bh, |writer| {
                if let Some(writer) = writer {
                    writer.write(slice::from_ref(&record));
                }
            });
        });
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
        let present = Arc::from(self.sink.get(&rcu::read_lock()));
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
