// SPDX-License-Identifier: GPL-2.0-only

//! The access log's records of the responses of a burst.

use super::{
    super::access_log::{
        self,
        LogSink,
        LogWriter, //
    },
    request_context::RequestContext,
    state::ConnState,
    transport::ResponseSink, //
};
use crate::{
    site::BodyId,
    sys::{
        memory_group::atomic_account,
        softirq::BhDisabled,
        tcp::Sender, //
    }, //
};
use core::mem;
use kernel::prelude::*;
use protocol::{
    http::{
        Deferral,
        DeferredRequest,
        Response, //
    },
    log::{
        Ending,
        LogFormat,
        LogRecord,
        RequestHead, //
    }, //
};

/// The records of the responses of a burst, which are finished once it is known how many of its bytes
/// have found space.
///
/// # Context
///
/// Softirq or process context, must not sleep. This holds for all methods.
pub(super) struct BurstLog<'a> {
    sink: &'a LogSink,
    /// Without one, lines are lost.
    writer: Option<LogWriter<'a>>,
    /// The length of the responses so far.
    length: u64,
}

impl<'a> BurstLog<'a> {
    /// Begins the records of a burst, if the log is on.
    #[inline]
    pub(super) fn begin(context: &'a RequestContext<'_>, bh: &BhDisabled) -> Option<Self> {
        let sink = context.log()?;
        Some(Self {
            sink,
            writer: sink.writer(bh),
            length: 0,
        })
    }

    /// Adds the response to the request at the front of `head`.
    #[inline(never)]
    pub(super) fn add<C: ResponseSink>(
        &mut self,
        response: &Response<'_, BodyId>,
        head: &[u8],
        conn: &mut C,
    ) {
        // Whether there is a line or not: the next request has a time of its own.
        let began = mem::take(&mut conn.log.began);
        let offset = self.length;
        let (head_length, body_length) = (response.head_length() as u64, response.body.length());
        self.length = offset
            .saturating_add(head_length)
            .saturating_add(body_length);
        let head = RequestHead::new(head);
        let Some(format) = self.format(head) else {
            return;
        };
        match &mut self.writer {
            // A ring that is full counts the line that it loses.
            Some(writer) => {
                if let Some(record) = writer.stage() {
                    begin(record, self.sink, head, format, conn);
                    record.set_begin(began);
                    record.set_response(response.status.code(), head_length, body_length);
                    record.set_offset(offset);
                }
            }
            None => self.sink.count_lost(1),
        }
    }

    /// Keeps the record of `request`, whose head is at the front of `head`, until a process has the
    /// connection. The response to any other request that is deferred has a record of its own.
    #[inline(never)]
    pub(super) fn defer<C: ResponseSink>(
        &self,
        request: DeferredRequest,
        head: &[u8],
        conn: &mut C,
    ) {
        // The response comes later, and the time of the request has begun.
        conn.log.note_begin();
        if matches!(request.to, Deferral::Metrics(_)) {
            return;
        }
        let head = RequestHead::new(head);
        let Some(format) = self.format(head) else {
            return;
        };
        match KBox::new(LogRecord::EMPTY, atomic_account()) {
            Ok(mut record) => {
                begin(&mut record, self.sink, head, format, conn);
                record.set_begin(conn.log.began);
                conn.log.handing_over = Some(record);
            }
            Err(_) => self.sink.count_lost(1),
        }
    }

    /// Returns the format of the line for a request, unless it gets none.
    fn format(&self, head: RequestHead<'_>) -> Option<LogFormat> {
        let policy = &self.sink.policy;
        let host = if policy.needs_host() {
            head.host()
        } else {
            None
        };
        Some(policy.format(host)).filter(|format| *format != LogFormat::Off)
    }

    /// Finishes the records of the responses that lie within the first bytes of the burst, those that
    /// were `sent`, and keeps the others in `state`. All are finished if the burst could not be sent.
    #[inline(never)]
    pub(super) fn settle(self, state: &mut ConnState, sent: Result<usize>) {
        let Some(mut writer) = self.writer else {
            return;
        };
        let now = access_log::now();
        let (ending, sent, end) = match sent {
            Ok(sent) => (Ending::Complete, sent as u64, sent as u64),
            Err(_) => (Ending::Broken, 0, u64::MAX),
        };
        let mut count = 0;
        while let Some(record) = writer.staged(count) {
            if record.end_offset() > end {
                break;
            }
            record.set_begin(now.monotonic_nanoseconds);
            record.finish(ending, sent, now);
            count += 1;
        }
        for number in count..writer.len() {
            let kept = writer.staged(number).map(|record| {
                record.set_begin(now.monotonic_nanoseconds);
                state.log.keep(record, sent)
            });
            if kept.is_some_and(|kept| kept.is_err()) {
                self.sink.count_lost(1);
            }
        }
        writer.publish(count);
    }
}

/// Begins the record of a request.
fn begin<C: ResponseSink>(
    record: &mut LogRecord,
    sink: &LogSink,
    head: RequestHead<'_>,
    format: LogFormat,
    conn: &mut C,
) {
    let (peer, port) = conn.sender().sock().peer();
    record.begin(head, format);
    record.set_client(sink.policy.client(peer, head), port);
    record.set_tls(conn.log.tls);
}
