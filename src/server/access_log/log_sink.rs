// SPDX-License-Identifier: GPL-2.0-only

//! Where softirq leaves the lines of the access log.

use super::{
    log_rings::LogRings,
    log_signal::SignalKick,
    policy::LogPolicy, //
};
use crate::sys::{
    ring::RingWriter,
    softirq::BhDisabled, //
};
use kernel::sync::Arc;
use protocol::log::LogRecord;

/// The policy of the access log, and the rings of its lines.
pub(in crate::server) struct LogSink {
    pub(in crate::server) policy: LogPolicy,
    /// None while the log is off.
    pub(super) rings: Option<Arc<LogRings>>,
}

impl LogSink {
    /// Returns the writer of this CPU's lines; none while the log is off, or if there is one.
    ///
    /// # Context
    ///
    /// Softirq or process context, must not sleep.
    #[inline]
    pub(in crate::server) fn writer(&self, bh: &BhDisabled) -> Option<LogWriter<'_>> {
        let cpu = self.rings.as_ref()?.current();
        Some(LogWriter {
            writer: cpu.ring.writer(bh)?,
            kick: &cpu.kick,
        })
    }

    /// Counts `n` lines that could not be staged.
    ///
    /// # Context
    ///
    /// Any context.
    pub(in crate::server) fn count_lost(&self, n: u64) {
        if let Some(rings) = &self.rings {
            rings.current().ring.count_lost(n);
        }
    }
}

/// The writer of this CPU's lines.
pub(in crate::server) struct LogWriter<'a> {
    writer: RingWriter<'a, LogRecord>,
    kick: &'a Arc<SignalKick>,
}

impl LogWriter<'_> {
    /// Stages a line behind the last one and returns its record, with what is left of an older one.
    /// If there is no room, the line counts as lost.
    #[inline]
    pub(in crate::server) fn stage(&mut self) -> Option<&mut LogRecord> {
        self.writer.stage()
    }

    /// Returns the record of the staged line with this index.
    #[inline]
    pub(in crate::server) fn staged(&mut self, index: usize) -> Option<&mut LogRecord> {
        self.writer.staged(index)
    }

    /// Returns the number of staged lines.
    #[inline]
    pub(in crate::server) fn len(&self) -> usize {
        self.writer.len()
    }

    /// Writes lines at once.
    ///
    /// # Context
    ///
    /// Softirq or process context, must not sleep.
    pub(in crate::server) fn write(mut self, records: &[LogRecord]) {
        for record in records {
            if let Some(staged) = self.stage() {
                staged.clone_from(record);
            }
        }
        let count = self.len();
        self.publish(count);
    }

    /// Publishes the first `count` staged lines and forgets the others; has a reader that sleeps
    /// woken.
    ///
    /// # Context
    ///
    /// Softirq or process context, must not sleep.
    #[inline]
    pub(in crate::server) fn publish(self, count: usize) {
        if self.writer.publish(count) {
            self.kick.kick();
        }
    }
}
