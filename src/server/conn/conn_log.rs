// SPDX-License-Identifier: GPL-2.0-only

//! What a connection keeps for the access log from one poll to the next.

use super::super::access_log::{
    self,
    LogWriter, //
};
use crate::sys::{
    clock,
    errno::ENOBUFS,
    memory_group::atomic_account, //
};
use core::slice;
use kernel::prelude::*;
use protocol::{
    log::{
        Ending,
        LogRecord, //
    },
    tls::TlsParameters, //
};

/// The records that a connection keeps at most. A peer that sends many requests at once and takes no
/// responses makes others count as lost.
const KEPT_MAX: usize = 8;

/// The records of a connection whose requests have come and whose responses are not sent.
pub(super) struct ConnLog {
    /// When the first byte of an unfinished head has come, as [`clock::monotonic_nanoseconds`]; 0 if
    /// none has, or if the log was off.
    pub(super) began: u64,
    /// The parameters of the connection's TLS.
    pub(super) tls: Option<TlsParameters>,
    unfinished: Option<KBox<UnfinishedLog>>,
    /// The record of the request that a process gets with the connection.
    pub(super) handing_over: Option<KBox<LogRecord>>,
}

/// The records of responses that have not all found space. They belong to one burst.
struct UnfinishedLog {
    records: KVec<LogRecord>,
    /// The number of records that are finished.
    finished: usize,
    /// The bytes of the burst that have found space.
    sent: u64,
}

impl ConnLog {
    /// Returns what a connection begins with.
    pub(super) const fn new() -> Self {
        Self {
            began: 0,
            tls: None,
            unfinished: None,
            handing_over: None,
        }
    }

    /// Notes that the first byte of a head has come, unless it had come before.
    ///
    /// # Context
    ///
    /// Any context.
    pub(super) fn note_begin(&mut self) {
        if self.began == 0 {
            self.began = clock::monotonic_nanoseconds();
        }
    }

    /// Keeps the record of a response in a burst of which `sent` bytes have found space.
    ///
    /// # Context
    ///
    /// Softirq or process context, must not sleep.
    ///
    /// # Errors
    ///
    /// `ENOBUFS` beyond [`KEPT_MAX`], `ENOMEM`.
    pub(super) fn keep(&mut self, record: &LogRecord, sent: u64) -> Result {
        let flags = atomic_account();
        let unfinished = match &mut self.unfinished {
            Some(unfinished) => unfinished,
            none => none.insert(KBox::new(
                UnfinishedLog {
                    records: KVec::new(),
                    finished: 0,
                    sent,
                },
                flags,
            )?),
        };
        if unfinished.records.len() >= KEPT_MAX {
            return Err(ENOBUFS);
        }
        Ok(unfinished
            .records
            .extend_from_slice(slice::from_ref(record), flags)?)
    }

    /// Notes that `count` more bytes have found space, and finishes the records of the responses that
    /// are complete.
    ///
    /// # Context
    ///
    /// Softirq or process context, must not sleep.
    pub(super) fn advance(&mut self, count: usize, writer: Option<LogWriter<'_>>) {
        let Some(unfinished) = &mut self.unfinished else {
            return;
        };
        unfinished.sent = unfinished.sent.saturating_add(count as u64);
        let rest = unfinished.records.get(unfinished.finished..);
        let rest = rest.unwrap_or_default().iter();
        let complete = rest.take_while(|record| record.end_offset() <= unfinished.sent);
        let complete = unfinished.finished + complete.count();
        unfinished.finish(complete, Ending::Complete, writer);
        if complete == unfinished.records.len() {
            self.unfinished = None;
        }
    }

    /// Finishes all records, because the connection ends.
    ///
    /// # Context
    ///
    /// Softirq or process context, must not sleep.
    pub(super) fn break_off(&mut self, writer: Option<LogWriter<'_>>) {
        self.handing_over = None;
        if let Some(mut unfinished) = self.unfinished.take() {
            let all = unfinished.records.len();
            unfinished.finish(all, Ending::Broken, writer);
        }
    }
}

impl UnfinishedLog {
    /// Finishes the records up to the number `end`.
    fn finish(&mut self, end: usize, ending: Ending, writer: Option<LogWriter<'_>>) {
        let now = access_log::now();
        let records = self.records.get_mut(self.finished..end).unwrap_or_default();
        records
            .iter_mut()
            .for_each(|record| record.finish(ending, self.sent, now));
        if let Some(writer) = writer {
            writer.write(records);
        }
        self.finished = end;
    }
}
