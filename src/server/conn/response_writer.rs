// SPDX-License-Identifier: GPL-2.0-only

//! Responses on their way into the send buffer.

use super::{
    super::stats::Count,
    burst::Burst,
    burst_log::BurstLog,
    pending_response::{
        indices,
        unsent,
        PendingParts, //
    },
    request_context::RequestContext,
    state::ConnState,
    transport::ResponseSink, //
};
use crate::{
    site::BodyId,
    sys::{
        errno::ESTALE,
        tcp::{
            PieceRoom,
            Pieces,
            Sender, //
        },
        trace, //
    }, //
};
use core::mem;
use kernel::{
    prelude::*,
    sync::Arc, //
};
use protocol::{
    http::{
        Body,
        ByteRange,
        Disposition,
        Multipart,
        Ranges,
        Response,
        SessionPhase, //
    },
    log::RequestHead, //
};

/// A writer of responses into the send buffer of a connection. It keeps the bytes that find no space.
pub(super) struct ResponseWriter<'a, T: ResponseSink> {
    sink: &'a mut T,
    context: &'a RequestContext<'a>,
}

impl<'a, T: ResponseSink> ResponseWriter<'a, T> {
    /// Creates a writer.
    #[inline]
    pub(super) fn new(sink: &'a mut T, context: &'a RequestContext<'a>) -> Self {
        Self { sink, context }
    }

    /// Returns the request context.
    #[inline]
    pub(super) fn context(&self) -> &'a RequestContext<'a> {
        self.context
    }

    /// Returns the connection.
    #[inline]
    pub(super) fn sink_mut(&mut self) -> &mut T {
        self.sink
    }

    /// Returns the state of the connection.
    #[inline]
    pub(super) fn state(&self) -> &ConnState {
        self.sink
    }

    /// Returns the state of the connection.
    #[inline]
    pub(super) fn state_mut(&mut self) -> &mut ConnState {
        self.sink
    }

    /// Begins the records of a burst, if the log is on.
    #[inline]
    pub(super) fn begin_log(&self) -> Option<BurstLog<'a>> {
        BurstLog::begin(self.context, self.sink.bh())
    }

    /// Begins the response to the request at the front of `head`. The caller then sends the response,
    /// and settles `log`.
    #[inline]
    pub(super) fn begin(
        &mut self,
        response: &Response<'_, BodyId>,
        head: &[u8],
        log: &mut Option<BurstLog<'_>>,
    ) {
        self.sink.complete_request();
        self.sink.pending.disposition = response.disposition;
        self.context.count(response.status);
        match log {
            Some(log) => log.add(response, head, self.sink),
            None => self.sink.log.began = 0,
        }
        if trace::is_request_on() {
            self.trace(response, head);
        }
    }

    /// Has the tracepoint record a response.
    #[inline(never)]
    fn trace(&mut self, response: &Response<'_, BodyId>, head: &[u8]) {
        let head = RequestHead::new(head);
        let bytes = (response.head_length() as u64).saturating_add(response.body.length());
        let (sock, status) = (self.sink.sender().sock(), response.status.code());
        trace::request(sock, head.method(), head.target(), status, bytes);
    }

    /// Sends a burst, keeps what finds no space, and returns how many bytes have found space. `rest`
    /// are the received bytes behind its requests.
    ///
    /// # Errors
    ///
    /// The error that the connection has met with. `ENOBUFS` if memory is short for what finds no
    /// space: a part of a response may have been sent, so that it can neither go on nor begin again.
    #[inline(never)]
    pub(super) fn send(&mut self, burst: &Burst<'_>, rest: &[u8]) -> Result<usize> {
        let more = self.is_followed(rest);
        match *burst.tail() {
            Body::Slice(body, range) => self.send_content(burst.pieces(), (body, range), more),
            Body::Multipart(body, multipart) => self.send_parts(burst.pieces(), (body, multipart)),
            Body::Empty | Body::Text(_) => self.send_pieces(burst.pieces(), more),
        }
    }

    /// Returns whether bytes or a FIN follow a burst before anything waits: the burst need not leave
    /// in a segment of its own then. `rest` follows its requests; it may be a request for a process,
    /// for which the burst must be acknowledged.
    #[inline]
    fn is_followed(&self, rest: &[u8]) -> bool {
        self.sink.pending.disposition != Disposition::KeepAlive
            || rest.ends_with(b"\r\n\r\n")
                && !rest.starts_with(b"\r")
                && self.sink.session.phase() == SessionPhase::Idle
                && !self.context.snapshot.hands_over()
    }

    /// Copies pieces into the send buffer, and keeps what finds no space.
    #[inline]
    fn send_pieces(&mut self, pieces: &Pieces<'_>, more: bool) -> Result<usize> {
        if pieces.len() == 0 {
            return Ok(0);
        }
        let sent = self
            .sink
            .sender()
            .send(&self.context.core.buffers, pieces, more)?;
        self.keep_unsent(pieces, sent)?;
        Ok(sent)
    }

    /// Sends pieces and a body that is spliced. The snapshot is referred to only for bytes that find
    /// no space: its reference count is a cache line that all CPUs share.
    #[inline(never)]
    fn send_content(
        &mut self,
        pieces: &Pieces<'_>,
        (body, range): (BodyId, ByteRange),
        more: bool,
    ) -> Result<usize> {
        let mut range = indices(range)?;
        let content = self.context.snapshot.body(body).ok_or(EIO)?;
        let buffers = &self.context.core.buffers;
        let sent =
            self.sink
                .sender()
                .send_and_splice(buffers, pieces, content, range.clone(), more)?;
        self.keep_unsent(pieces, sent)?;
        range.start += sent.saturating_sub(pieces.len());
        if !range.is_empty() {
            self.sink.pending.content = Some((body, range));
            self.sink.pending.snapshot = Some(Arc::from(self.context.snapshot));
        }
        Ok(sent)
    }

    /// Sends pieces that end with the head of a multipart response; [`ResponseWriter::flush`] sends
    /// the parts.
    #[inline(never)]
    fn send_parts(
        &mut self,
        pieces: &Pieces<'_>,
        (body, multipart): (BodyId, &Multipart<Ranges>),
    ) -> Result<usize> {
        self.sink.pending.parts = Some(PendingParts::new(body, multipart)?);
        let sent = self.send_pieces(pieces, true)?;
        self.sink.pending.snapshot = Some(Arc::from(self.context.snapshot));
        Ok(sent)
    }

    /// Counts the `sent` bytes, and keeps the bytes of `pieces` that are not among them.
    #[inline]
    fn keep_unsent(&mut self, pieces: &Pieces<'_>, sent: usize) -> Result {
        self.context.counters.add(Count::Bytes, sent as u64);
        if sent < pieces.len() {
            self.sink.pending.head = unsent(pieces, sent)?;
        }
        Ok(())
    }

    /// Sends the rest of a response as far as there is space; returns `false` if some of it still
    /// waits. Then another poll comes when there is space again.
    ///
    /// # Errors
    ///
    /// The error that the connection has met with. `ESTALE` if the site of the response is retired.
    /// `ENOMEM` for the head of a part; nothing is lost then.
    #[inline]
    pub(super) fn flush(&mut self) -> Result<bool> {
        if self.sink.pending.is_empty() {
            return Ok(true);
        }
        self.flush_pending()
    }

    // Not inlined, so that reading a request does not need its stack.
    #[inline(never)]
    fn flush_pending(&mut self) -> Result<bool> {
        if self.sink.pending.is_stale() {
            return Err(ESTALE);
        }
        while !self.sink.pending.is_empty() {
            let sent = if !self.sink.pending.head.is_empty() {
                self.flush_head()?
            } else if self.sink.pending.content.is_some() {
                self.flush_content()?
            } else {
                self.sink.pending.next_part()?;
                continue;
            };
            if sent == 0 {
                self.context.counters.add(Count::Blocked, 1);
                let acknowledged = self.sink.sender().acknowledged();
                self.sink.wait_for_space(acknowledged);
                return Ok(false);
            }
            self.context.counters.add(Count::Bytes, sent as u64);
            let sink = self.context.log();
            let writer = sink.and_then(|sink| sink.writer(self.sink.bh()));
            self.sink.log.advance(sent, writer);
        }
        self.sink.pending.snapshot = None;
        Ok(true)
    }

    /// Sends from the pending head and returns how many bytes found space.
    fn flush_head(&mut self) -> Result<usize> {
        let mut head = mem::take(&mut self.sink.pending.head);
        let more = self.sink.pending.is_followed();
        let mut room = PieceRoom::<1>::new();
        let mut pieces = room.begin();
        pieces.extend([&head[..]])?;
        let sent = self
            .sink
            .sender()
            .send(&self.context.core.buffers, &pieces, more)?;
        // In place: the rest of a response must not depend on memory.
        head.copy_within(sent.., 0);
        head.truncate(head.len() - sent);
        self.sink.pending.head = head;
        Ok(sent)
    }

    /// Splices from the pending content and returns how many bytes found space.
    fn flush_content(&mut self) -> Result<usize> {
        let pending = &mut self.sink.pending;
        let (Some((body, range)), Some(snapshot)) =
            (pending.content.take(), pending.snapshot.take())
        else {
            return Err(EIO);
        };
        let content = snapshot.body(body).ok_or(EIO)?;
        let more = pending.is_followed();
        let buffers = &self.context.core.buffers;
        let sent = self
            .sink
            .sender()
            .splice(buffers, content, range.clone(), more)?;
        let rest = range.start + sent..range.end;
        if !rest.is_empty() {
            self.sink.pending.content = Some((body, rest));
        }
        self.sink.pending.snapshot = Some(snapshot);
        Ok(sent)
    }
}
