// SPDX-License-Identifier: GPL-2.0-only

//! A connection on its way through the agent.

use std::os::fd::BorrowedFd;
use std::time::Instant;

use crate::handover::Handover;
use crate::handshake::Handshake;
use crate::linger::Linger;
use crate::log::Log;
use crate::poller::Interest;
use crate::relay::Relay;

/// A connection, and what is done with it.
pub(crate) enum Task {
    /// The client shakes hands.
    Handshake(Box<Handshake>),
    /// khttpd is full; it is asked again at each tick.
    Handover(Handover),
    /// The client talks to a process.
    Relay(Box<Relay>),
    /// All is sent; the client shall read it before the connection closes.
    Linger(Linger),
}

/// What comes next for a connection.
pub(crate) enum Outcome {
    /// The task goes on when one of its descriptors is ready.
    Wait(Task),
    /// khttpd takes the connection over.
    Give(Handover),
    /// It is over.
    End,
}

impl Task {
    /// Does what can be done without waiting.
    pub(crate) fn advance(self, log: &Log) -> Outcome {
        match self {
            Self::Handshake(handshake) => handshake.advance(log),
            Self::Handover(handover) => Outcome::Give(handover),
            Self::Relay(relay) => relay.advance(log),
            Self::Linger(linger) => linger.advance(),
        }
    }

    /// Ends the task because its time is up, or the agent's.
    pub(crate) fn expire(self, log: &Log) {
        match self {
            Self::Handshake(handshake) => handshake.expire(log),
            Self::Handover(handover) => handover.expire(log),
            Self::Relay(relay) => relay.expire(),
            Self::Linger(_) => {}
        }
    }

    /// Returns when its time is up.
    pub(crate) fn deadline(&self) -> Instant {
        match self {
            Self::Handshake(handshake) => handshake.deadline(),
            Self::Handover(handover) => handover.deadline(),
            Self::Relay(relay) => relay.deadline(),
            Self::Linger(linger) => linger.deadline(),
        }
    }

    /// Returns whether it goes on at the worker's next tick, without an event.
    pub(crate) fn waits_for_tick(&self) -> bool {
        match self {
            Self::Handover(_) => true,
            Self::Relay(relay) => relay.waits_for_tick(),
            Self::Handshake(_) | Self::Linger(_) => false,
        }
    }

    /// Returns its descriptors, the client's first, and what they are waited for.
    pub(crate) fn sides(&self) -> [Option<(BorrowedFd<'_>, Interest)>; 2] {
        match self {
            Self::Handshake(handshake) => [Some(handshake.side()), None],
            Self::Handover(handover) => [Some(handover.side()), None],
            Self::Relay(relay) => relay.sides(),
            Self::Linger(linger) => [Some(linger.side()), None],
        }
    }
}
