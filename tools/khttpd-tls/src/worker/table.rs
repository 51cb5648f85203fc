// SPDX-License-Identifier: GPL-2.0-only

//! The connections of a worker.

use std::collections::HashMap;
use std::time::Instant;

use rustix::io::Result;

use crate::handover::Handover;
use crate::log::Log;
use crate::poller::{Interest, Poller};
use crate::task::{Outcome, Task};

/// Where a connection has come from, which is what bounds count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// From a listener.
    Handshake,
    /// From khttpd.
    Relay,
}

/// The source of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token {
    Alarm,
    /// One of the listeners.
    Listener,
    Node,
    /// A connection, by its key.
    Task(u64),
}

const FIRST_KEY: u64 = 3;

impl From<Token> for u64 {
    fn from(token: Token) -> Self {
        match token {
            Token::Alarm => 0,
            Token::Listener => 1,
            Token::Node => 2,
            Token::Task(key) => key,
        }
    }
}

impl From<u64> for Token {
    fn from(number: u64) -> Self {
        match number {
            0 => Self::Alarm,
            1 => Self::Listener,
            2 => Self::Node,
            key => Self::Task(key),
        }
    }
}

/// A connection in the table.
struct Entry {
    kind: Kind,
    task: Task,
    /// What each of its descriptors is in the poller for.
    polled: [Interest; 2],
}

/// The connections, by keys that are never used again.
pub(super) struct Table {
    entries: HashMap<u64, Entry>,
    next_key: u64,
    handshakes: usize,
    relays: usize,
}

impl Table {
    pub(super) fn new() -> Self {
        Self {
            entries: HashMap::new(),
            next_key: FIRST_KEY,
            handshakes: 0,
            relays: 0,
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Returns the number of connections of a kind.
    pub(super) fn count(&self, kind: Kind) -> usize {
        match kind {
            Kind::Handshake => self.handshakes,
            Kind::Relay => self.relays,
        }
    }

    /// Puts a new connection into the table, unless it is over already. Returns one that khttpd
    /// takes over.
    pub(super) fn insert(
        &mut self,
        poller: &Poller,
        kind: Kind,
        outcome: Outcome,
    ) -> Result<Option<Handover>> {
        let key = self.next_key;
        self.next_key += 1;
        self.settle(poller, key, kind, [Interest::NONE; 2], outcome)
    }

    /// Goes on with a connection, one of whose descriptors is ready. Returns it if khttpd takes it
    /// over.
    pub(super) fn advance(
        &mut self,
        poller: &Poller,
        key: u64,
        log: &Log,
    ) -> Result<Option<Handover>> {
        // An earlier event of the same turn may have ended it.
        let Some(Entry { kind, task, polled }) = self.remove(key) else {
            return Ok(None);
        };
        self.settle(poller, key, kind, polled, task.advance(log))
    }

    /// Returns the keys of the connections that go on without an event.
    pub(super) fn waiting_for_tick(&self) -> Vec<u64> {
        let waits = |(key, entry): (&u64, &Entry)| entry.task.waits_for_tick().then_some(*key);
        self.entries.iter().filter_map(waits).collect()
    }

    /// Removes the connections whose time is up.
    pub(super) fn remove_late(&mut self, now: Instant) -> Vec<Task> {
        let late = |(key, entry): (&u64, &Entry)| (entry.task.deadline() <= now).then_some(*key);
        let keys: Vec<_> = self.entries.iter().filter_map(late).collect();
        let tasks = keys.into_iter().filter_map(|key| self.remove(key));
        tasks.map(|entry| entry.task).collect()
    }

    /// Removes all connections.
    pub(super) fn remove_all(&mut self) -> Vec<Task> {
        (self.handshakes, self.relays) = (0, 0);
        self.entries.drain().map(|(_, entry)| entry.task).collect()
    }

    fn remove(&mut self, key: u64) -> Option<Entry> {
        let entry = self.entries.remove(&key)?;
        *self.counter(entry.kind) -= 1;
        Some(entry)
    }

    fn counter(&mut self, kind: Kind) -> &mut usize {
        match kind {
            Kind::Handshake => &mut self.handshakes,
            Kind::Relay => &mut self.relays,
        }
    }

    /// Keeps a connection that waits, and polls for what it waits for. Closed descriptors leave the
    /// poller by themselves.
    fn settle(
        &mut self,
        poller: &Poller,
        key: u64,
        kind: Kind,
        mut polled: [Interest; 2],
        outcome: Outcome,
    ) -> Result<Option<Handover>> {
        let task = match outcome {
            Outcome::Wait(task) => task,
            Outcome::Give(handover) => {
                let [of_client, _] = polled;
                poller.change(&handover, key, of_client, Interest::NONE)?;
                return Ok(Some(handover));
            }
            Outcome::End => return Ok(None),
        };
        for (side, before) in task.sides().into_iter().zip(&mut polled) {
            let wanted = side.map_or(Interest::NONE, |(_, wanted)| wanted);
            if let Some((descriptor, _)) = side {
                poller.change(descriptor, key, *before, wanted)?;
            }
            *before = wanted;
        }
        *self.counter(kind) += 1;
        self.entries.insert(key, Entry { kind, task, polled });
        Ok(None)
    }
}
