// SPDX-License-Identifier: GPL-2.0-only

//! The polls of an adopted connection with TLS, and what the worker does between them.

use super::{
    super::{
        super::stats::Count,
        close_reason::CloseReason,
        defer_reason::DeferReason,
        state::Action, //
    },
    adopted_connection::{
        AdoptedConnection,
        AdoptedState,
        Page,
        DOUBLINGS, //
    },
    tls_transport::{
        TlsSender,
        TlsTransport, //
    }, //
};
use crate::sys::{
    clock,
    errno::ECONNRESET,
    softirq,
    tcp::{
        LockError,
        TlsSocket, //
    }, //
};
use kernel::{
    prelude::*,
    sync::Arc, //
};

/// The polls of one run of the worker.
const POLLS_MAX: u32 = 16;

/// What has moved between two polls.
enum Moved {
    /// Bytes, so that the next poll has something to do.
    Some,
    /// Nothing that the last poll has not seen.
    Nothing,
    /// Not all that the last poll has sent.
    Blocked,
}

/// # Context
///
/// Process context, may sleep. This holds for all methods.
impl AdoptedConnection {
    /// Advances the connection, as [`AdoptedConnection::advance`] does.
    pub(super) fn advance_tls(
        self: &Arc<Self>,
        state: &mut AdoptedState,
        page: Page,
    ) -> Result<Action, LockError> {
        let socket = self.socket.try_tls()?;
        state.tls.begin(&socket);
        let action = self.exchange(&socket, state, page);
        if let Some((reason, is_reset)) = action.ending() {
            self.trace_close(reason, is_reset, &state.conn);
            socket.end(is_reset, self.core().settings.send_seconds.get());
        }
        let is_blocked = state.tls.must_drain(&state.conn.pending);
        if matches!(action, Action::Wait) && socket.is_stuck(is_blocked) {
            // First, so that an event by which TCP tells of a new failure does not come earlier.
            self.kick_after(1 << DOUBLINGS);
            socket.push();
        }
        Ok(action)
    }

    /// Encrypts, decrypts and polls, until the connection has to wait. It waits for no peer if it must
    /// close.
    fn exchange(&self, socket: &TlsSocket<'_>, state: &mut AdoptedState, mut page: Page) -> Action {
        if self.is_closing() {
            match state.conn.abort(CloseReason::Stopped) {
                Action::Close(reason) => state.tls.close(reason),
                Action::Reset(reason) => return Action::Reset(reason),
                _ => (),
            }
        }
        for round in 0..POLLS_MAX {
            match self.move_bytes(socket, state) {
                Ok(Moved::Some) => (),
                Ok(Moved::Nothing) if round == 0 || state.tls.closing().is_some() => (),
                Ok(Moved::Nothing) => return Action::Wait,
                Ok(Moved::Blocked) if self.is_closing() => {
                    return state.conn.reset(CloseReason::Stopped);
                }
                Ok(Moved::Blocked) => return self.wait_for_space(state),
                Err(e) => return state.conn.reset(reason(e)),
            }
            if let Some(reason) = state.tls.closing() {
                if state.tls.must_drain(&state.conn.pending) {
                    continue;
                }
                if !socket.can_close() && !self.is_closing() {
                    return self.wait_for_space(state);
                }
                return Action::Close(reason);
            }
            match self.poll_tls(state, page.take()) {
                Action::Close(reason) => state.tls.close(reason),
                Action::Wait if self.can_go_on(socket, state) => (),
                action => return action,
            }
        }
        Action::PollAgain(DeferReason::Budget)
    }

    /// Encrypts what the last poll has sent, and decrypts what the next one is to read.
    fn move_bytes(&self, socket: &TlsSocket<'_>, state: &mut AdoptedState) -> Result<Moved> {
        let AdoptedState {
            conn, early, tls, ..
        } = state;
        if !tls.drain(socket, &conn.pending)? {
            return Ok(Moved::Blocked);
        }
        if tls.closing().is_some() {
            return Ok(Moved::Nothing);
        }
        if !conn.pending.is_empty() || conn.deferred.is_some() {
            return Ok(Moved::Some);
        }
        let before = (early.len(), tls.has_ended());
        let most = self.core().settings.head_max();
        tls.fill(socket, early.as_vec_mut(), most)?;
        let has_moved = before != (early.len(), tls.has_ended());
        Ok(if has_moved {
            Moved::Some
        } else {
            Moved::Nothing
        })
    }

    /// Returns whether there is more to do after a poll that waits.
    fn can_go_on(&self, socket: &TlsSocket<'_>, state: &AdoptedState) -> bool {
        let AdoptedState {
            conn, early, tls, ..
        } = state;
        let has_room = !tls.has_ended() && early.len() < self.core().settings.head_max();
        tls.must_drain(&conn.pending) || has_room && socket.is_readable()
    }

    fn poll_tls(&self, state: &mut AdoptedState, page: Page) -> Action {
        let AdoptedState {
            conn, early, tls, ..
        } = state;
        softirq::disabled(|bh| {
            let mut transport = TlsTransport {
                sender: TlsSender {
                    socket: &self.socket,
                    link: tls,
                },
                state: conn,
                early,
                bh,
            };
            self.poll(&mut transport, page)
        })
    }

    /// Waits for space, or gives the client up if it does not take the response fast enough.
    fn wait_for_space(&self, state: &mut AdoptedState) -> Action {
        let (conn, settings) = (&mut state.conn, &self.core().settings);
        let (acknowledged, now) = (self.socket.sock().acknowledged(), clock::uptime_seconds());
        if conn.pending.is_stale() {
            return conn.reset(CloseReason::OldSite);
        }
        conn.wait_for_space(acknowledged);
        if self.timing.is_due(now) && !conn.keeps_up(acknowledged, settings) {
            self.core().counters.increment(Count::Expired);
            return conn.reset(CloseReason::SendTimeout);
        }
        self.timing.update(conn, settings, now);
        Action::Wait
    }
}

/// Returns the reason why a connection ends after an error.
fn reason(e: Error) -> CloseReason {
    match e {
        ENOMEM => CloseReason::Memory,
        ECONNRESET => CloseReason::TlsAlert,
        _ => CloseReason::ClientReset,
    }
}
