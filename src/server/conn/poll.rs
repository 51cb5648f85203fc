// SPDX-License-Identifier: GPL-2.0-only

//! The poll loop of a connection.

use super::{
    super::{
        limits::{
            DISCARD_MAX,
            REQUEST_BUDGET, //
        },
        stats::Count, //
    },
    burst_log::BurstLog,
    close_reason::CloseReason,
    cpu_scratch::CpuScratch,
    defer_reason::DeferReason,
    request_context::RequestContext,
    request_reader::RequestReader,
    response_writer::ResponseWriter,
    state::{
        Action,
        ConnPhase, //
    },
    transport::Transport, //
};
use crate::sys::{
    errno::{
        ENOBUFS,
        ESTALE, //
    },
    tcp::{
        self,
        Sender, //
    }, //
};
use kernel::prelude::*;
use protocol::http::{
    Deferral,
    DeferredRequest,
    Disposition,
    SessionPhase, //
};

/// One run of the poll loop of a connection. Its methods must not sleep, because the transport holds
/// the socket's lock, and because they use memory of the CPU.
pub(super) struct Poll<'a, T: Transport> {
    transport: &'a mut T,
    context: &'a RequestContext<'a>,
    scratch: &'a mut CpuScratch,
    /// Requests that this run may still serve.
    budget: u32,
}

impl<'a, T: Transport> Poll<'a, T> {
    /// Prepares a run with the full budget.
    #[inline]
    pub(super) fn new(
        transport: &'a mut T,
        context: &'a RequestContext<'a>,
        scratch: &'a mut CpuScratch,
    ) -> Self {
        Self {
            transport,
            context,
            scratch,
            budget: REQUEST_BUDGET,
        }
    }

    /// Prepares a run that serves one request.
    pub(super) fn of_one_request(
        transport: &'a mut T,
        context: &'a RequestContext<'a>,
        scratch: &'a mut CpuScratch,
    ) -> Self {
        Self {
            budget: 1,
            ..Self::new(transport, context, scratch)
        }
    }

    /// Advances the connection as far as possible and returns what must follow. `due` tells whether
    /// its deadline has passed.
    #[inline]
    pub(super) fn run(mut self, due: bool) -> Action {
        if self.transport.phase().is_taken() {
            return Action::Wait;
        }
        if due {
            match self.expire() {
                Ok(None) => (),
                Ok(Some(action)) => return action,
                Err(e) => return self.break_off(e),
            }
        }
        match self.serve() {
            Ok(action) => action,
            Err(e) => self.fail(e),
        }
    }

    /// Sends, reads and responds until the connection has to wait or the budget is spent.
    fn serve(&mut self) -> Result<Action> {
        loop {
            if self.transport.phase() == ConnPhase::Linger {
                return Ok(self.linger());
            }
            if !self.writer().flush()? {
                return Ok(Action::Wait);
            }
            if self.transport.deferred.is_some() {
                return Ok(self.pause());
            }
            let disposition = self.transport.pending.disposition;
            if disposition != Disposition::KeepAlive {
                if let Some(action) = self.half_close(disposition) {
                    return Ok(action);
                }
                continue;
            }
            if self.budget == 0 {
                self.context.counters.add(Count::Spent, 1);
                return Ok(Action::PollAgain(DeferReason::Budget));
            }
            let read = self.read()?;
            if read == 0 || self.transport.pending.is_done() && !self.transport.has_unread() {
                return Ok(self.pause());
            }
        }
    }

    /// Returns the writer of responses.
    #[inline]
    fn writer(&mut self) -> ResponseWriter<'_, T> {
        ResponseWriter::new(self.transport, self.context)
    }

    /// Serves the requests among the first unread bytes, and returns how many bytes are consumed. An
    /// unfinished head stays unread.
    #[inline]
    fn read(&mut self) -> Result<usize> {
        if !self.can_continue()? {
            return Ok(0);
        }
        let Self {
            transport,
            context,
            scratch: CpuScratch { input, response },
            budget,
        } = self;
        let input = input.get_mut(..context.head_max).unwrap_or_default();
        let bytes = transport.copy_unread(0, input)?;
        let mut rest = bytes;
        let writer = ResponseWriter::new(*transport, context);
        let processed = RequestReader::new(writer, budget).process_input(response, &mut rest);
        let consumed = bytes.len().saturating_sub(rest.len());
        if consumed != 0 {
            transport.consume(consumed);
        }
        processed.map(|()| consumed)
    }

    /// Returns whether the bytes that have arrived since the last poll can complete more of an
    /// unfinished head than the last poll has seen; searches each byte once.
    #[inline]
    fn can_continue(&mut self) -> Result<bool> {
        let searched = self.transport.session.searched();
        if searched == 0 {
            return Ok(true);
        }
        let fresh = self
            .transport
            .copy_unread(searched, &mut self.scratch.input)?;
        let head_max = self.context.head_max;
        Ok(self.transport.session.search(fresh, head_max))
    }

    /// Has the next request served by others: the page rendered, or the connection given to a process
    /// once the responses to earlier requests allow it.
    #[inline(never)]
    fn defer(&mut self, request: DeferredRequest) -> Action {
        if let Deferral::Metrics(_) = request.to {
            self.transport.enter(ConnPhase::Render);
            return Action::Defer;
        }
        if self.transport.await_hand_over() {
            if !request.has_body {
                self.transport.defer_acknowledgement();
            }
            self.transport.enter(ConnPhase::HandOver);
            return Action::Defer;
        }
        let acknowledged = self.transport.sender().acknowledged();
        self.transport.wait_for_space(acknowledged);
        Action::Wait
    }

    /// Sends FIN after the last response: returns the action that closes the connection, or nothing
    /// if it must linger.
    fn half_close(&mut self, disposition: Disposition) -> Option<Action> {
        // Here, so that the FIN leaves in the same segment as the end of the response.
        self.transport.sender().half_close();
        // If bytes were unread the close would send a reset, which could destroy the response.
        if disposition == Disposition::Close && !self.transport.has_unread() {
            return Some(self.transport.finish());
        }
        self.transport.enter(ConnPhase::Linger);
        None
    }

    /// Waits for the peer or for a process, or closes the connection if nothing can follow the bytes
    /// that it has sent. A dead connection looks as if the peer had sent FIN.
    fn pause(&mut self) -> Action {
        if let Some(request) = self
            .transport
            .deferred
            .filter(|_| !self.transport.is_dead())
        {
            return self.defer(request);
        }
        if self.transport.received_fin() {
            let reason = if self.transport.is_dead() {
                CloseReason::ClientReset
            } else {
                CloseReason::ClientClosed
            };
            return self.transport.close(reason);
        }
        let phase = match self.transport.session.phase() {
            SessionPhase::Idle if self.context.core.is_draining() => {
                return self.transport.close(CloseReason::Draining);
            }
            SessionPhase::Idle => ConnPhase::Idle,
            SessionPhase::Head => {
                self.transport.make_room();
                if self.context.log().is_some() {
                    self.transport.log.note_begin();
                }
                ConnPhase::Head
            }
            _ => ConnPhase::Body,
        };
        self.transport.enter(phase);
        Action::Wait
    }

    /// Discards received bytes until the peer closes.
    #[inline(never)]
    fn linger(&mut self) -> Action {
        for _ in 0..REQUEST_BUDGET {
            if self.transport.discard(DISCARD_MAX) == 0 {
                return if self.transport.received_fin() {
                    self.transport.finish()
                } else {
                    Action::Wait
                };
            }
        }
        self.context.counters.add(Count::Spent, 1);
        Action::PollAgain(DeferReason::Budget)
    }

    /// Handles the end of the phase's time: returns what must follow, or nothing if the connection
    /// goes on, perhaps to send 408.
    #[inline(never)]
    fn expire(&mut self) -> Result<Option<Action>> {
        let phase = self.transport.phase();
        if phase == ConnPhase::Send {
            let acknowledged = self.transport.sender().acknowledged();
            let settings = &self.context.core.settings;
            if self.transport.keeps_up(acknowledged, settings) {
                return Ok(None);
            }
        }
        if phase == ConnPhase::Head && tcp::is_short_of_memory() {
            self.context.counters.add(Count::Shed, 1);
            return Ok(Some(self.transport.reset(CloseReason::Memory)));
        }
        self.context.counters.add(Count::Expired, 1);
        let reason = match phase {
            ConnPhase::Send => {
                return Ok(Some(self.transport.reset(CloseReason::SendTimeout)));
            }
            ConnPhase::Head => CloseReason::HeadTimeout,
            ConnPhase::Body => CloseReason::BodyTimeout,
            ConnPhase::Linger => self.transport.pending.ending,
            _ => CloseReason::IdleTimeout,
        };
        if phase == ConnPhase::Head && self.expire_request()? {
            self.transport.pending.ending = reason;
            return Ok(None);
        }
        Ok(Some(self.transport.close(reason)))
    }

    /// Sends 408 if a head has begun; returns whether it has.
    fn expire_request(&mut self) -> Result<bool> {
        let CpuScratch { input, response } = &mut *self.scratch;
        let mut burst = response.begin();
        let Some(response) = burst.expire(&mut self.transport.session) else {
            return Ok(false);
        };
        let head = self.transport.copy_unread(0, input)?;
        let mut log = BurstLog::begin(self.context, self.transport.bh());
        let mut writer = ResponseWriter::new(self.transport, self.context);
        writer.begin(&response, head, &mut log);
        let sent = burst
            .push(&response, &self.context.snapshot)
            .and_then(|()| writer.send(&burst, &[]));
        if let Some(log) = log {
            log.settle(writer.state_mut(), sent);
        }
        sent.map(|_| true)
    }

    /// Returns what must follow the error `e`.
    ///
    /// Memory may be available when the worker comes; nothing was consumed or sent that the memory
    /// was needed for. Any other error says that the peer is gone, or that a response that was
    /// begun can't be finished.
    fn fail(&mut self, e: Error) -> Action {
        if e == ENOMEM && !self.transport.note_shortage() {
            self.context.counters.add(Count::Short, 1);
            return Action::PollAgain(DeferReason::Memory);
        }
        self.break_off(e)
    }

    /// Resets the connection, because of the error `e`.
    fn break_off(&mut self, e: Error) -> Action {
        let reason = match e {
            ENOMEM | ENOBUFS => CloseReason::Memory,
            ESTALE => CloseReason::OldSite,
            _ if self.transport.is_dead() => CloseReason::ClientReset,
            _ => CloseReason::SendFailed,
        };
        self.transport.reset(reason)
    }
}
