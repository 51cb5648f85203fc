// SPDX-License-Identifier: GPL-2.0-only

//! The way of an adopted connection back to a process.

use super::{
    super::{
        super::stats::Count,
        close_reason::CloseReason,
        state::ConnPhase,
        timing::Timed, //
    },
    adopted_connection::{
        AdoptedConnection,
        AdoptedState, //
    },
    adopted_set::AdoptedSet, //
};
use crate::sys::{
    clock,
    tcp::SocketFile,
    trace,
    workqueue, //
};
use kernel::{
    prelude::*,
    sync::Arc, //
};
use protocol::http::ProcessAddress;

/// A connection that goes back to a process.
pub(crate) struct Returned {
    /// The connection.
    pub(crate) socket: SocketFile,
    /// The bytes that the process had read and that were not consumed.
    pub(crate) early: KVec<u8>,
    /// The process that the next request is for.
    pub(crate) to: ProcessAddress,
}

impl AdoptedConnection {
    /// Offers the connection to the processes that read the adopt node, or has its request answered
    /// if there are none.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    pub(super) fn offer(self: &Arc<Self>, state: &mut AdoptedState) {
        let seconds = self.core().settings.head_seconds.get();
        self.timing.restart(seconds);
        match self.set.returns().offer(self.clone(), state.early.len()) {
            Ok(number) => state.offer = Some(number),
            Err(e) => {
                self.refuse(
                    state,
                    if e == ENOMEM {
                        Count::HandOverShort
                    } else {
                        Count::NoReader
                    },
                );
                self.kick();
            }
        }
    }

    /// Returns whether the connection waits for a reader that may still come. If none comes, its
    /// request is to be answered.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    pub(super) fn awaits_reader(&self, state: &mut AdoptedState) -> bool {
        if state.conn.phase() != ConnPhase::HandOver {
            return false;
        }
        let queue = self.set.returns();
        if !self.timing.is_due(clock::uptime_seconds()) && queue.has_reader() {
            return true;
        }
        if state.offer.is_some_and(|number| queue.withdraw(number)) {
            self.refuse(state, Count::NoReader);
            return false;
        }
        // A reader has the offer, and takes the connection next.
        true
    }

    /// Has the request that no process takes answered by the next poll.
    fn refuse(&self, state: &mut AdoptedState, count: Count) {
        self.core().counters.increment(count);
        let word = if matches!(count, Count::NoReader) {
            c"no-reader"
        } else {
            c"memory"
        };
        self.trace_hand_over(state, word);
        state.offer = None;
        // The next poll sets it. The time for the head may be over, but the head is complete.
        self.timing.suspend();
        state.conn.resume(true);
    }

    /// Has the tracepoint record how the hand-over has ended.
    fn trace_hand_over(&self, state: &AdoptedState, result: &'static CStr) {
        if let Some(process) = state.conn.process() {
            trace::hand_over(self.socket.sock(), process.port.get(), result);
        }
    }

    /// Takes the first connection that goes back, if its reader has room for `room` early bytes. With
    /// `wait` it waits for one; returns nothing when the server has ended.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    ///
    /// # Errors
    ///
    /// `EINVAL` if there is no room, `EAGAIN` without `wait`, `ERESTARTSYS` for a signal.
    pub(in crate::server) fn take_back(
        set: &AdoptedSet<Self>,
        room: usize,
        wait: bool,
    ) -> Result<Option<Returned>> {
        while let Some(connection) = set.returns().take(room, wait)? {
            if let Some(returned) = connection.give_back() {
                set.pool.core.counters.increment(Count::Returned);
                // No event comes any more. The task that has given the connection may still refer to it.
                workqueue::flush_delayed(&connection.work);
                connection.state.lock().table_slot = None;
                return Ok(Some(returned));
            }
        }
        Ok(None)
    }

    /// Leaves the server with the connection as it is, unless it was closed meanwhile.
    fn give_back(self: &Arc<Self>) -> Option<Returned> {
        let mut state = self.state.lock();
        if state.conn.phase() != ConnPhase::HandOver {
            return None;
        }
        let to = state.conn.process()?;
        state.offer = None;
        if let Some(record) = state.conn.log.handing_over.take() {
            self.core().log.hand_over(record);
        }
        // The process would not learn of it: the alert is read.
        if state.tls.has_ended() {
            if let Ok(socket) = self.socket.try_tls() {
                socket.end_receiving();
            }
        }
        self.trace_hand_over(&state, c"ok");
        self.give_up(&mut state, CloseReason::HandedOver);
        Some(Returned {
            socket: self.socket.clone(),
            early: state.early.take(),
            to,
        })
    }
}
