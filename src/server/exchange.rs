// SPDX-License-Identifier: GPL-2.0-only

//! Requests in, replies out: what a connection does while it holds its socket's lock.

use super::{
    counters::Count,
    outgoing::Outgoing,
    serving::Serving,
    settings::{
        Settings,
        LINGER_SECONDS,
        PROGRESS_SECONDS,
        TURN_REQUESTS, //
    },
    Connection, //
};
use crate::{
    site::BodyId,
    sys::{
        clock,
        percpu::Initial,
        tcp::{
            Guard,
            Sender, //
        }, //
    }, //
};
use core::mem;
use kernel::prelude::*;
use protocol::http::{
    self,
    Clock,
    Disposition,
    Response,
    Scratch,
    Session,
    Step,
    Timestamp,
    HEAD_MAX,
    REQUESTS_MAX, //
};

/// What a turn of any connection needs on its CPU, and leaves for the next.
pub(crate) struct Turn {
    scratch: Scratch,
    clock: Option<Clock>,
}

impl Initial for Turn {
    const INITIAL: Self = Self {
        scratch: Scratch::new(),
        clock: None,
    };
}

impl Turn {
    /// The clock of this second, whose date is rendered once for all, and the scratch room.
    #[inline]
    fn parts(&mut self) -> (&Clock, &mut Scratch) {
        let now = clock::real_seconds();
        let outdated = |clock: &Clock| clock.now() != Timestamp(now);
        if self.clock.as_ref().is_some_and(outdated) {
            self.clock = None;
        }
        let clock = self.clock.get_or_insert_with(|| Clock::new(now));
        (clock, &mut self.scratch)
    }
}

/// What is done when a turn is over; all but the first by the worker.
pub(crate) enum Next {
    /// Nothing: a callback or the deadline comes.
    Wait,
    /// Another turn, after the others.
    Again,
    /// Release the socket.
    Close,
    /// Release the socket with a reset.
    Reset,
}

/// What the peer has time for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    /// To begin a request.
    Idle,
    /// To finish the request it has begun.
    Request,
    /// To take what is sent.
    Send,
    /// To close, after all was sent.
    Linger,
    /// Nothing: the worker has been told to close.
    Closed,
}

impl Phase {
    /// All of them, in their order, with the names by which they are counted.
    pub(crate) const ALL: [(Self, &'static str); 5] = [
        (Self::Idle, "idle"),
        (Self::Request, "reading"),
        (Self::Send, "sending"),
        (Self::Linger, "closing"),
        (Self::Closed, "closed"),
    ];

    fn seconds(self, settings: &Settings) -> u32 {
        match self {
            Self::Idle => settings.idle_seconds.get(),
            Self::Request => settings.head_seconds.get(),
            Self::Send => settings.send_seconds.get().min(PROGRESS_SECONDS),
            Self::Linger => LINGER_SECONDS,
            Self::Closed => u32::MAX,
        }
    }
}

/// The state of a connection, guarded by its socket's lock.
pub(crate) struct Exchange {
    session: Session,
    /// A head that comes in pieces; empty, and without memory, otherwise.
    received: KVec<u8>,
    pub(super) outgoing: Outgoing,
    phase: Phase,
    /// The time of the phase begins anew.
    renewed: bool,
    /// What the peer had acknowledged when it was looked at last while a reply waits for space.
    acknowledged: u32,
    /// Since when, in seconds of uptime, it has acknowledged nothing.
    stalled: u32,
    /// Memory was short in the last turn.
    short: bool,
    /// What softirq leaves to the worker.
    decision: Option<Next>,
}

impl Exchange {
    /// A connection on which nothing has happened yet.
    pub(crate) const fn new() -> Self {
        Self {
            session: Session::new(REQUESTS_MAX),
            received: KVec::new(),
            outgoing: Outgoing::new(),
            phase: Phase::Idle,
            renewed: false,
            acknowledged: 0,
            stalled: 0,
            short: false,
            decision: None,
        }
    }

    /// Goes on with what can go on; `due`: the time of the phase is up.
    pub(crate) fn advance(
        guard: &mut Guard<'_, Connection>,
        serving: &Serving<'_>,
        turn: &mut Turn,
        due: bool,
    ) -> Next {
        if guard.phase == Phase::Closed {
            return Next::Wait;
        }
        if due {
            match Self::expire(&mut guard.sender(), serving, turn) {
                Ok(None) => (),
                Ok(Some(next)) => return next,
                Err(_) => return guard.close(Next::Reset),
            }
        }
        Self::go_on(guard, serving, turn).unwrap_or_else(|e| {
            // Memory may be there when the worker comes; nothing was taken in or sent that it was
            // needed for. Any other error says that there is nobody any more to be told, or that
            // what he was told can't be finished.
            if e == ENOMEM && !mem::replace(&mut guard.short, true) {
                serving.tally.add(Count::Short, 1);
                return Next::Again;
            }
            guard.close(Next::Reset)
        })
    }

    /// Ends the connection, whatever it is about.
    pub(crate) fn end(&mut self) -> Next {
        match self.phase {
            Phase::Closed => Next::Wait,
            Phase::Send => self.close(Next::Reset),
            _ => self.close(Next::Close),
        }
    }

    /// Leaves to the worker what softirq can't do.
    pub(crate) fn decide(&mut self, next: Next) {
        self.decision = Some(next);
    }

    /// What was left to the worker, if anything.
    pub(crate) fn take_decision(&mut self) -> Option<Next> {
        self.decision.take()
    }

    /// What the peer has time for.
    pub(crate) fn phase(&self) -> Phase {
        self.phase
    }

    /// How many seconds the peer has, if its time has begun anew since this was asked last.
    pub(crate) fn renewed_seconds(&mut self, settings: &Settings) -> Option<u32> {
        mem::take(&mut self.renewed).then(|| self.phase.seconds(settings))
    }

    /// Enters `phase`, whose time begins unless it had before.
    fn enter(&mut self, phase: Phase) {
        self.renewed |= self.phase != phase;
        self.phase = phase;
    }

    /// The send buffer is full; `progress`: it was not when this turn began.
    pub(super) fn blocked(sender: &mut Sender<'_, Connection>, progress: bool) {
        if progress || sender.phase != Phase::Send {
            sender.acknowledged = sender.acknowledged();
            sender.stalled = clock::uptime_seconds();
            sender.renewed = true;
        }
        sender.enter(Phase::Send);
    }

    fn close(&mut self, how: Next) -> Next {
        self.enter(Phase::Closed);
        how
    }

    /// The time of the phase is up: what is next, or nothing if there is something to be said.
    #[inline(never)]
    fn expire(
        sender: &mut Sender<'_, Connection>,
        serving: &Serving<'_>,
        turn: &mut Turn,
    ) -> Result<Option<Next>> {
        if sender.phase == Phase::Send && Self::takes(sender, &serving.server.settings) {
            return Ok(None);
        }
        serving.tally.add(Count::Expired, 1);
        if sender.phase == Phase::Send {
            return Ok(Some(sender.close(Next::Reset)));
        }
        if sender.phase == Phase::Request {
            sender.received = KVec::new();
            let (clock, scratch) = turn.parts();
            if let Some(reply) = sender.session.expire(clock, scratch) {
                Self::reply(sender, serving, &reply, true)?;
                return Ok(None);
            }
        }
        Ok(Some(sender.close(Next::Close)))
    }

    /// Whether the peer still takes what is sent, or has not refused it for too long.
    fn takes(sender: &mut Sender<'_, Connection>, settings: &Settings) -> bool {
        let now = clock::uptime_seconds();
        let acknowledged = sender.acknowledged();
        if mem::replace(&mut sender.acknowledged, acknowledged) != acknowledged {
            sender.stalled = now;
        }
        sender.renewed = true;
        now.saturating_sub(sender.stalled) < settings.send_seconds.get()
    }

    /// Sends, reads, answers, until there is nothing to be done, or enough was.
    fn go_on(
        guard: &mut Guard<'_, Connection>,
        serving: &Serving<'_>,
        turn: &mut Turn,
    ) -> Result<Next> {
        let mut budget = TURN_REQUESTS;
        loop {
            if guard.phase == Phase::Linger {
                return Self::linger(guard, serving);
            }
            let mut sender = guard.sender();
            if !Outgoing::flush(&mut sender, serving)? {
                return Ok(Next::Wait);
            }
            let then = sender.outgoing.then();
            if then != Disposition::KeepAlive {
                // Here, so that the FIN leaves together with the end of the reply.
                sender.half_close();
                // With bytes unread the release would be a reset, and the reply be lost.
                if then == Disposition::Close && !guard.has_unread() {
                    return Ok(guard.close(Next::Close));
                }
                guard.enter(Phase::Linger);
                continue;
            }
            if budget == 0 {
                serving.tally.add(Count::Spent, 1);
                return Ok(Next::Again);
            }
            let mut heard = Ok(());
            let read = guard.read(|bytes, mut sender| {
                let mut rest = bytes;
                heard = Self::hear(&mut rest, &mut sender, serving, turn, &mut budget);
                bytes.len().saturating_sub(rest.len())
            })?;
            heard?;
            if read == 0 || guard.outgoing.is_done() && !guard.has_unread() {
                return Ok(Self::pause(guard, serving));
            }
        }
    }

    /// Answers the requests in `rest`, of which it leaves what is still to be read, until one of
    /// them has to wait.
    #[inline]
    fn hear(
        rest: &mut &[u8],
        sender: &mut Sender<'_, Connection>,
        serving: &Serving<'_>,
        turn: &mut Turn,
        budget: &mut u32,
    ) -> Result {
        while !rest.is_empty() && *budget != 0 && sender.outgoing.is_done() {
            *budget -= 1;
            let consumed = if sender.received.is_empty() {
                Self::receive(rest, sender, serving, turn)?
            } else {
                Self::receive_more(rest, sender, serving, turn)?
            };
            *rest = rest.get(consumed..).unwrap_or(&[]);
        }
        Ok(())
    }

    /// Takes in `bytes`, with nothing kept from before, and says how many of them are done with.
    #[inline]
    fn receive(
        bytes: &[u8],
        sender: &mut Sender<'_, Connection>,
        serving: &Serving<'_>,
        turn: &mut Turn,
    ) -> Result<usize> {
        let (clock, scratch) = turn.parts();
        let step = sender.session.receive(bytes, serving, clock, scratch);
        if step.consumed == 0 && step.response.is_none() {
            // The rest of the head is in another piece. Such heads are copied.
            sender.received.extend_from_slice(bytes, GFP_ATOMIC)?;
            return Ok(bytes.len());
        }
        let consumed = step.consumed;
        let rest = bytes.get(consumed..).unwrap_or(&[]);
        Self::carry_out(sender, serving, &step, rest)?;
        Ok(consumed)
    }

    /// As [`Exchange::receive`], behind what is kept of a head that came in pieces.
    #[inline(never)]
    fn receive_more(
        bytes: &[u8],
        sender: &mut Sender<'_, Connection>,
        serving: &Serving<'_>,
        turn: &mut Turn,
    ) -> Result<usize> {
        let before = sender.received.len();
        let room = HEAD_MAX.saturating_sub(before).min(bytes.len());
        let piece = bytes.get(..room).unwrap_or(bytes);
        sender.received.extend_from_slice(piece, GFP_ATOMIC)?;

        let (clock, scratch) = turn.parts();
        // Borrowed for the step alone, which is not a part of the session.
        let mut received = mem::take(&mut sender.received);
        let step = sender.session.receive(&received, serving, clock, scratch);
        let consumed = match step.consumed.checked_sub(before) {
            Some(consumed) => consumed,
            // Some of what was kept is still needed, and with it all of the new piece.
            None => {
                let kept = received.len() - step.consumed;
                received.copy_within(step.consumed.., 0);
                received.truncate(kept);
                sender.received = received;
                piece.len()
            }
        };
        let rest = bytes.get(consumed..).unwrap_or(&[]);
        Self::carry_out(sender, serving, &step, rest)?;
        Ok(consumed)
    }

    /// Does what a step says; `rest` is what was received behind it.
    #[inline]
    fn carry_out(
        sender: &mut Sender<'_, Connection>,
        serving: &Serving<'_>,
        step: &Step<'_, BodyId>,
        rest: &[u8],
    ) -> Result {
        match &step.response {
            Some(reply) => {
                let more = reply.disposition != Disposition::KeepAlive || sender.answers(rest);
                Self::reply(sender, serving, reply, more)
            }
            None => {
                if step.broken {
                    sender.outgoing.end();
                }
                Ok(())
            }
        }
    }

    /// Whether `rest`, which follows a request, is certain to be answered before anything waits:
    /// then the reply to that request need not leave on its own.
    #[inline]
    fn answers(&self, rest: &[u8]) -> bool {
        rest.ends_with(b"\r\n\r\n")
            && !rest.starts_with(b"\r")
            && self.session.phase() == http::SessionPhase::Idle
    }

    /// Begins a reply; `more`: something will be sent behind it at once.
    #[inline]
    fn reply(
        sender: &mut Sender<'_, Connection>,
        serving: &Serving<'_>,
        reply: &Response<'_, BodyId>,
        more: bool,
    ) -> Result {
        // What follows is another request, with its own time.
        sender.enter(Phase::Idle);
        sender.renewed = true;
        sender.short = false;
        serving.tally.add(Count::of(reply.status), 1);
        Outgoing::begin(sender, serving, reply, more)
    }

    /// Nothing more can be read for now. A connection that is dead looks as if there had been a FIN.
    fn pause(guard: &mut Guard<'_, Connection>, serving: &Serving<'_>) -> Next {
        if guard.received_fin() && !guard.has_unread() {
            return guard.close(Next::Close);
        }
        let phase = match guard.session.phase() {
            http::SessionPhase::Idle if serving.server.is_stopping() => {
                return guard.close(Next::Close)
            }
            http::SessionPhase::Idle => Phase::Idle,
            _ => Phase::Request,
        };
        guard.enter(phase);
        Next::Wait
    }

    /// Throws away what comes until the peer closes.
    #[inline(never)]
    fn linger(guard: &mut Guard<'_, Connection>, serving: &Serving<'_>) -> Result<Next> {
        for _ in 0..TURN_REQUESTS {
            if guard.read(|bytes, _| bytes.len())? == 0 {
                return Ok(if guard.received_fin() {
                    guard.close(Next::Close)
                } else {
                    Next::Wait
                });
            }
        }
        serving.tally.add(Count::Spent, 1);
        Ok(Next::Again)
    }
}
