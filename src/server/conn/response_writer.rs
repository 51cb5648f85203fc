// SPDX-License-Identifier: GPL-2.0-only

//! Responses on their way into the send buffer.

use super::{
    super::{
        limits::COPY_MAX,
        stats::Count, //
    },
    pending_response::{
        indices,
        unsent,
        PendingParts, //
    },
    request_context::RequestContext,
    state::ConnState, //
};
use crate::{
    site::BodyId,
    sys::tcp::{
        Sender,
        StreamHandler, //
    }, //
};
use core::{
    mem,
    ops::Range, //
};
use kernel::{
    prelude::*,
    sync::Arc, //
};
use protocol::http::{
    Body,
    Disposition,
    Response,
    SessionPhase,
    Step, //
};

/// A writer of responses into the send buffer of a connection. It keeps the bytes that find no space.
pub(super) struct ResponseWriter<'a, H: StreamHandler> {
    sender: Sender<'a, H>,
    context: &'a RequestContext<'a>,
}

impl<'a, H: StreamHandler<State = ConnState>> ResponseWriter<'a, H> {
    /// Creates a writer.
    #[inline]
    pub(super) fn new(sender: Sender<'a, H>, context: &'a RequestContext<'a>) -> Self {
        Self { sender, context }
    }

    /// Returns the request context.
    #[inline]
    pub(super) fn context(&self) -> &'a RequestContext<'a> {
        self.context
    }

    /// Returns the state of the connection.
    #[inline]
    pub(super) fn state(&self) -> &ConnState {
        &self.sender
    }

    /// Returns the state of the connection.
    #[inline]
    pub(super) fn state_mut(&mut self) -> &mut ConnState {
        &mut self.sender
    }

    /// Carries out a step of the session; `rest` are the bytes received behind it.
    #[inline]
    pub(super) fn apply_step(&mut self, step: &Step<'_, BodyId>, rest: &[u8]) -> Result {
        match &step.response {
            Some(response) => {
                let more =
                    response.disposition != Disposition::KeepAlive || self.serves_at_once(rest);
                self.respond(response, more)
            }
            None => {
                if step.broken {
                    self.sender.pending.abandon();
                }
                Ok(())
            }
        }
    }

    /// Returns whether `rest`, which follows a request, is certain to bring another response before
    /// anything waits. Then the response to the request need not leave in a segment of its own.
    #[inline]
    fn serves_at_once(&self, rest: &[u8]) -> bool {
        rest.ends_with(b"\r\n\r\n")
            && !rest.starts_with(b"\r")
            && self.sender.session.phase() == SessionPhase::Idle
    }

    /// Begins a response. `more` tells TCP that something follows at once.
    ///
    /// # Errors
    ///
    /// The error that the connection has met with. `ENOBUFS` if memory is short for what finds no
    /// space: a part of the response may have been sent, so that it can neither go on nor begin
    /// again.
    #[inline]
    pub(super) fn respond(&mut self, response: &Response<'_, BodyId>, more: bool) -> Result {
        self.sender.complete_request();
        self.context.counters.add(Count::of(response.status), 1);
        self.send_response(response, more)
    }

    /// Sends a response whose body is short in one call, and dispatches longer bodies.
    #[inline(never)]
    fn send_response(&mut self, response: &Response<'_, BodyId>, more: bool) -> Result {
        self.sender.pending.disposition = response.disposition;
        let text = match response.body {
            Body::Empty => &[],
            Body::Text(text) => text,
            Body::Slice(body, range) => {
                let range = indices(range)?;
                let content = self.context.snapshot.body(body).ok_or(EIO)?;
                match content.slice(&range) {
                    Some(bytes) if bytes.len() <= COPY_MAX => bytes,
                    _ => return self.send_pages(response, (body, range), more),
                }
            }
            Body::Multipart(body, multipart) => {
                let parts = KBox::new(PendingParts::new(body, multipart), GFP_ATOMIC);
                return self.send_parts(response, parts.map_err(|_| ENOBUFS)?);
            }
        };
        let [a, b, c] = response.head;
        let pieces = [a, b, c, text];
        let length: usize = pieces.iter().map(|piece| piece.len()).sum();
        let sent = self.send(pieces, more)?;
        if sent < length {
            self.sender.pending.head = unsent(pieces, sent)?;
        }
        Ok(())
    }

    /// Sends a response whose body is spliced. The snapshot is referred to only for bytes that find
    /// no space: its reference count is a cache line that all CPUs share.
    #[inline(never)]
    fn send_pages(
        &mut self,
        response: &Response<'_, BodyId>,
        (body, mut rest): (BodyId, Range<usize>),
        more: bool,
    ) -> Result {
        let content = self.context.snapshot.body(body).ok_or(EIO)?;
        let sent = self.send(response.head, true)?;
        if sent == response.head_length() {
            let buffers = &self.context.core.buffers;
            let spliced = self.sender.splice(buffers, content, rest.clone(), more)?;
            self.context.counters.add(Count::Bytes, spliced as u64);
            rest.start += spliced;
        } else {
            self.sender.pending.head = unsent(response.head, sent)?;
        }
        if !rest.is_empty() {
            self.sender.pending.content = Some((body, rest));
            self.sender.pending.snapshot = Some(Arc::from(self.context.snapshot));
        }
        Ok(())
    }

    /// Sends the head of a multipart response; [`ResponseWriter::flush`] sends the parts.
    #[inline(never)]
    fn send_parts(&mut self, response: &Response<'_, BodyId>, parts: KBox<PendingParts>) -> Result {
        let sent = self.send(response.head, true)?;
        self.sender.pending.head = unsent(response.head, sent)?;
        self.sender.pending.parts = Some(parts);
        self.sender.pending.snapshot = Some(Arc::from(self.context.snapshot));
        Ok(())
    }

    /// Copies `pieces` into the send buffer and counts the bytes that found space.
    #[inline]
    fn send<const N: usize>(&mut self, pieces: [&[u8]; N], more: bool) -> Result<usize> {
        let buffers = &self.context.core.buffers;
        let sent = self.sender.send(buffers, pieces, more)?;
        self.context.counters.add(Count::Bytes, sent as u64);
        Ok(sent)
    }

    /// Sends the rest of a response as far as there is space; returns `false` if some of it still
    /// waits. Then [`StreamHandler::on_ready`] is called when there is space again.
    ///
    /// # Errors
    ///
    /// The error that the connection has met with. `ESTALE` if the site of the response is retired.
    /// `ENOMEM` for the head of a part; nothing is lost then.
    #[inline]
    pub(super) fn flush(&mut self) -> Result<bool> {
        if self.sender.pending.is_empty() {
            return Ok(true);
        }
        self.flush_pending()
    }

    // Not inlined, so that reading a request does not need its stack.
    #[inline(never)]
    fn flush_pending(&mut self) -> Result<bool> {
        if self.sender.pending.is_stale() {
            return Err(ESTALE);
        }
        let mut progress = false;
        while !self.sender.pending.is_empty() {
            let sent = if !self.sender.pending.head.is_empty() {
                self.flush_head()?
            } else if self.sender.pending.content.is_some() {
                self.flush_content()?
            } else {
                self.sender.pending.next_part()?;
                continue;
            };
            if sent == 0 {
                self.context.counters.add(Count::Blocked, 1);
                let acknowledged = self.sender.acknowledged();
                self.sender.wait_for_space(progress, acknowledged);
                return Ok(false);
            }
            progress = true;
        }
        self.sender.pending.snapshot = None;
        Ok(true)
    }

    /// Sends from the pending head and returns how many bytes found space.
    fn flush_head(&mut self) -> Result<usize> {
        let mut head = mem::take(&mut self.sender.pending.head);
        let more = self.sender.pending.is_followed();
        let sent = self.send([&head[..]], more)?;
        // In place: the rest of a response must not depend on memory.
        head.copy_within(sent.., 0);
        head.truncate(head.len() - sent);
        self.sender.pending.head = head;
        Ok(sent)
    }

    /// Splices from the pending content and returns how many bytes found space.
    fn flush_content(&mut self) -> Result<usize> {
        let pending = &mut self.sender.pending;
        let (Some((body, range)), Some(snapshot)) =
            (pending.content.take(), pending.snapshot.take())
        else {
            return Err(EIO);
        };
        let content = snapshot.body(body).ok_or(EIO)?;
        let more = pending.is_followed();
        let buffers = &self.context.core.buffers;
        let sent = self.sender.splice(buffers, content, range.clone(), more)?;
        self.context.counters.add(Count::Bytes, sent as u64);
        let rest = range.start + sent..range.end;
        if !rest.is_empty() {
            self.sender.pending.content = Some((body, rest));
        }
        self.sender.pending.snapshot = Some(snapshot);
        Ok(sent)
    }
}
