// SPDX-License-Identifier: GPL-2.0-only

//! Requests in, replies out: what a connection does while it holds its socket's lock.

use super::{
    outgoing::Outgoing,
    settings::{
        Settings,
        LINGER_SECONDS,
        TURN_REQUESTS, //
    },
    Connection,
    Edition,
    Server, //
};
use crate::{
    site::{
        BodyId,
        Site, //
    },
    sys::{
        clock,
        percpu::Initial,
        tcp::Guard, //
    }, //
};
use core::mem;
use kernel::{
    prelude::*,
    sync::ArcBorrow, //
};
use protocol::http::{
    self,
    Clock,
    Scratch,
    Session,
    Step,
    Then,
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

/// What the worker does when a turn is over.
pub(crate) enum Next {
    /// Nothing: a callback or the deadline comes.
    Wait,
    /// Another turn, after the others.
    Again,
    /// FIN to the peer, then another turn.
    HalfClose,
    /// Release the socket.
    Close,
    /// Release the socket with a reset.
    Reset,
}

/// What the peer has time for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
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
    fn seconds(self, settings: &Settings) -> u32 {
        match self {
            Self::Idle => settings.idle_seconds.get(),
            Self::Request => settings.head_seconds.get(),
            Self::Send => settings.send_seconds.get(),
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
        }
    }

    /// Goes on with what can go on; `due`: the time of the phase is up.
    pub(crate) fn advance(
        guard: &mut Guard<'_, Connection>,
        server: &Server,
        edition: ArcBorrow<'_, Edition>,
        turn: &mut Turn,
        due: bool,
    ) -> Next {
        if guard.phase == Phase::Closed {
            return Next::Wait;
        }
        if guard.is_dead() {
            return guard.close(Next::Close);
        }
        let expired = match due {
            true => Self::expire(guard, server, edition, turn),
            false => Ok(None),
        };
        let next = expired.and_then(|next| match next {
            Some(next) => Ok(next),
            None => Self::go_on(guard, server, edition, turn),
        });
        // An error says that there is nobody any more to be told.
        next.unwrap_or_else(|_| guard.close(Next::Reset))
    }

    /// Ends the connection, whatever it is about.
    pub(crate) fn end(&mut self) -> Next {
        match self.phase {
            Phase::Closed => Next::Wait,
            Phase::Send => self.close(Next::Reset),
            _ => self.close(Next::Close),
        }
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
    pub(super) fn blocked(&mut self, progress: bool) {
        self.enter(Phase::Send);
        self.renewed |= progress;
    }

    fn close(&mut self, how: Next) -> Next {
        self.enter(Phase::Closed);
        how
    }

    /// The time of the phase is up: what is next, or nothing if there is something to be said.
    #[inline(never)]
    fn expire(
        guard: &mut Guard<'_, Connection>,
        server: &Server,
        edition: ArcBorrow<'_, Edition>,
        turn: &mut Turn,
    ) -> Result<Option<Next>> {
        if guard.phase == Phase::Send {
            return Ok(Some(guard.close(Next::Reset)));
        }
        if guard.phase == Phase::Request {
            guard.received = KVec::new();
            let (clock, scratch) = turn.parts();
            if let Some(reply) = guard.session.expire(clock, scratch) {
                Outgoing::begin(guard, server, edition, reply)?;
                return Ok(None);
            }
        }
        Ok(Some(guard.close(Next::Close)))
    }

    /// Sends, reads, answers, until there is nothing to be done, or enough was.
    fn go_on(
        guard: &mut Guard<'_, Connection>,
        server: &Server,
        edition: ArcBorrow<'_, Edition>,
        turn: &mut Turn,
    ) -> Result<Next> {
        for _ in 0..TURN_REQUESTS {
            if guard.phase == Phase::Linger {
                return Self::linger(guard);
            }
            if !Outgoing::flush(guard, server)? {
                return Ok(Next::Wait);
            }
            match guard.outgoing.then() {
                Then::KeepAlive => (),
                // With bytes unread the release would be a reset, and the reply be lost.
                Then::Close if !guard.has_unread() => return Ok(guard.close(Next::Close)),
                Then::Close | Then::Linger => {
                    guard.enter(Phase::Linger);
                    return Ok(Next::HalfClose);
                }
            }
            if !Self::answer(guard, server, edition, turn)? {
                return Ok(Self::pause(guard));
            }
        }
        Ok(Next::Again)
    }

    /// Reads what is there in one piece, and begins the reply if it completes a request. `false`
    /// if nothing was there.
    fn answer(
        guard: &mut Guard<'_, Connection>,
        server: &Server,
        edition: ArcBorrow<'_, Edition>,
        turn: &mut Turn,
    ) -> Result<bool> {
        let mut heard = None;
        let read = guard.read(|exchange, bytes| {
            let step = exchange.receive(bytes, &edition, turn);
            let consumed = step.as_ref().map_or(0, |step| step.consumed);
            heard = Some(step);
            consumed
        })?;
        let Some(step) = heard.transpose()? else {
            return Ok(false);
        };
        if let Some(reply) = step.reply {
            // What follows is another request, with its own time.
            guard.enter(Phase::Idle);
            guard.renewed = true;
            server.counters.requests.add(1);
            Outgoing::begin(guard, server, edition, reply)?;
            return Ok(true);
        }
        if step.broken {
            guard.outgoing.end();
        }
        Ok(read != 0)
    }

    /// Nothing more can be read for now.
    fn pause(guard: &mut Guard<'_, Connection>) -> Next {
        if guard.received_fin() && !guard.has_unread() {
            return guard.close(Next::Close);
        }
        let phase = match guard.session.phase() {
            http::Phase::Idle => Phase::Idle,
            _ => Phase::Request,
        };
        guard.enter(phase);
        Next::Wait
    }

    /// Throws away what comes until the peer closes.
    #[inline(never)]
    fn linger(guard: &mut Guard<'_, Connection>) -> Result<Next> {
        for _ in 0..TURN_REQUESTS {
            if guard.read(|_, bytes| bytes.len())? == 0 {
                return Ok(if guard.received_fin() {
                    guard.close(Next::Close)
                } else {
                    Next::Wait
                });
            }
        }
        Ok(Next::Again)
    }

    /// Takes in `bytes`, which are all that has come in one piece and was not taken in before.
    fn receive<'a>(
        &mut self,
        bytes: &[u8],
        site: &'a Site,
        turn: &'a mut Turn,
    ) -> Result<Step<'a, BodyId>> {
        let (clock, scratch) = turn.parts();
        let before = self.received.len();
        if before == 0 {
            let step = self.session.receive(bytes, site, clock, scratch);
            if step.consumed != 0 || step.reply.is_some() {
                return Ok(step);
            }
            // The rest of the head is in another piece. Such heads are copied.
            self.received.extend_from_slice(bytes, GFP_ATOMIC)?;
            return Ok(Step {
                consumed: bytes.len(),
                ..step
            });
        }

        let room = HEAD_MAX.saturating_sub(before).min(bytes.len());
        let piece = bytes.get(..room).unwrap_or(bytes);
        self.received.extend_from_slice(piece, GFP_ATOMIC)?;
        let step = self.session.receive(&self.received, site, clock, scratch);
        let consumed = match step.consumed.checked_sub(before) {
            Some(consumed) => {
                self.received = KVec::new();
                consumed
            }
            // Some of what was kept is still needed, and with it all of the new piece.
            None => {
                let kept = self.received.len() - step.consumed;
                self.received.copy_within(step.consumed.., 0);
                self.received.truncate(kept);
                piece.len()
            }
        };
        Ok(Step { consumed, ..step })
    }
}
