// SPDX-License-Identifier: GPL-2.0-only

//! The state of a connection, guarded by its socket's lock.

use super::{
    super::{
        config::Settings,
        limits::{
            LINGER_SECONDS,
            PROGRESS_SECONDS, //
        }, //
    },
    close_reason::CloseReason,
    conn_log::ConnLog,
    defer_reason::DeferReason,
    pace::Pace,
    pending_response::PendingResponse, //
};
use crate::{
    site::{
        MetricsPage,
        Site, //
    },
    sys::clock, //
};
use core::mem;
use kernel::sync::Arc;
use protocol::{
    http::{
        Deferral,
        DeferredRequest,
        ProcessAddress,
        Scheme,
        Session,
        REQUESTS_MAX, //
    },
    tls::TlsParameters, //
};

/// The action that follows a poll.
pub(super) enum Action {
    /// Nothing: a callback or the deadline comes next.
    Wait,
    /// Poll again in the worker, after other connections.
    PollAgain(DeferReason),
    /// Do in the worker what the phase says: the next request is for others.
    Defer,
    /// Close the connection.
    Close(CloseReason),
    /// Reset the connection.
    Reset(CloseReason),
}

impl Action {
    /// Returns the reason why the connection ends, and whether it is reset; nothing if it goes on.
    pub(super) fn ending(&self) -> Option<(CloseReason, bool)> {
        match self {
            Self::Close(reason) => Some((*reason, false)),
            Self::Reset(reason) => Some((*reason, true)),
            Self::Wait | Self::PollAgain(_) | Self::Defer => None,
        }
    }
}

/// The event that a connection waits for, which decides how long it may wait.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum ConnPhase {
    /// The client begins a request.
    Idle,
    /// The client finishes the head that it has begun.
    Head,
    /// The client finishes a body, which is discarded.
    Body,
    /// The client takes the response.
    Send,
    /// The client closes, after the last response.
    Linger,
    /// The worker gives the connection to a process.
    HandOver,
    /// The worker renders the page that the client has requested.
    Render,
    /// The connection has ended.
    Closed,
}

impl ConnPhase {
    /// All phases in their order, each with its name in the status text.
    pub(crate) const ALL: [(Self, &'static str); 8] = [
        (Self::Idle, "idle"),
        (Self::Head, "reading"),
        (Self::Body, "discarding"),
        (Self::Send, "sending"),
        (Self::Linger, "closing"),
        (Self::HandOver, "handing-over"),
        (Self::Render, "rendering"),
        (Self::Closed, "closed"),
    ];

    /// Returns the seconds until a connection in this phase must be polled.
    fn seconds(self, settings: &Settings) -> u32 {
        match self {
            Self::Idle => settings.idle_seconds.get(),
            Self::Head | Self::Body => settings.head_seconds.get(),
            Self::Send => settings.send_seconds.get().min(PROGRESS_SECONDS),
            Self::Linger => LINGER_SECONDS,
            Self::HandOver | Self::Render | Self::Closed => u32::MAX,
        }
    }

    /// Returns whether a poll must leave the connection alone.
    #[inline]
    pub(super) fn is_taken(self) -> bool {
        matches!(self, Self::HandOver | Self::Render | Self::Closed)
    }
}

/// The state of a connection between two polls.
pub(crate) struct ConnState {
    pub(super) session: Session,
    pub(super) pending: PendingResponse,
    phase: ConnPhase,
    /// Whether the time of the phase has begun anew since the deadline was set.
    renewed: bool,
    /// The pace of the peer in [`ConnPhase::Send`].
    pace: Pace,
    /// The next request, if it is for others; it is looked at no more.
    pub(super) deferred: Option<DeferredRequest>,
    /// What the access log has not got yet.
    pub(super) log: ConnLog,
    /// The page of metrics that the next request is for.
    pub(super) page: Option<Arc<MetricsPage>>,
    /// Whether memory was short in the last poll.
    short_of_memory: bool,
    /// Whether the callbacks were attached.
    is_attached: bool,
    /// Whether the TLS agent gets the connection, unread.
    is_for_agent: bool,
}

impl ConnState {
    /// Returns the state of a connection that was just accepted.
    pub(super) const fn new() -> Self {
        Self {
            session: Session::new(REQUESTS_MAX),
            pending: PendingResponse::new(),
            phase: ConnPhase::Idle,
            renewed: false,
            pace: Pace::new(0, 0),
            deferred: None,
            log: ConnLog::new(),
            page: None,
            short_of_memory: false,
            is_attached: false,
            is_for_agent: false,
        }
    }

    /// Returns the state of a connection that was just adopted, perhaps with TLS.
    pub(super) fn adopted(tls: Option<TlsParameters>) -> Self {
        let mut state = Self::new();
        if tls.is_some() {
            state.session = Session::new(REQUESTS_MAX).with_scheme(Scheme::Https);
        }
        state.log.tls = tls;
        state
    }

    /// Leaves a connection that was just accepted to the TLS agent, as if its next request were for
    /// that process.
    pub(super) fn leave_to(&mut self, agent: ProcessAddress) {
        self.is_for_agent = true;
        // A client may send no more of a long ClientHello before its first segment is acknowledged.
        self.deferred = Some(DeferredRequest {
            to: Deferral::Process(agent),
            has_body: true,
        });
    }

    /// Returns whether the TLS agent gets the connection.
    pub(super) fn is_for_agent(&self) -> bool {
        self.is_for_agent
    }

    /// Returns the phase of the connection.
    pub(super) fn phase(&self) -> ConnPhase {
        self.phase
    }

    /// Returns whether the callbacks were attached.
    pub(super) fn is_attached(&self) -> bool {
        self.is_attached
    }

    /// Notes that the callbacks were attached.
    pub(super) fn note_attached(&mut self) {
        self.is_attached = true;
    }

    /// Returns the seconds until the connection must be polled, if they have begun anew since the
    /// last call.
    pub(super) fn renewed_seconds(&mut self, settings: &Settings) -> Option<u32> {
        mem::take(&mut self.renewed).then(|| self.phase.seconds(settings))
    }

    /// Enters `phase`, whose time begins unless the connection is in it already.
    pub(super) fn enter(&mut self, phase: ConnPhase) {
        self.renewed |= self.phase != phase;
        self.phase = phase;
    }

    /// Enters the phase that a response to a complete request leaves behind.
    #[inline]
    pub(super) fn complete_request(&mut self) {
        // The next request has its own time.
        self.enter(ConnPhase::Idle);
        self.renewed = true;
        self.short_of_memory = false;
    }

    /// Returns the process that the next request is for.
    pub(super) fn process(&self) -> Option<ProcessAddress> {
        match self.deferred?.to {
            Deferral::Process(process) => Some(process),
            Deferral::Metrics(_) => None,
        }
    }

    /// Leaves the next request to others, if it is for them. A page of metrics is one of `site`.
    pub(super) fn defer(&mut self, request: Option<DeferredRequest>, site: &Site) {
        self.deferred = request;
        if let Some(Deferral::Metrics(number)) = request.map(|request| request.to) {
            self.page = site.metrics_page(number);
        }
    }

    /// Lets polls go on with the next request, which was for others; if it `is_refused`, they respond
    /// with 503.
    pub(super) fn resume(&mut self, is_refused: bool) {
        self.enter(ConnPhase::Idle);
        self.deferred = None;
        self.page = None;
        self.log.handing_over = None;
        if is_refused {
            self.session.refuse();
        }
    }

    /// Notes that memory was short; returns whether the last poll has met with that, too.
    pub(super) fn note_shortage(&mut self) -> bool {
        mem::replace(&mut self.short_of_memory, true)
    }

    /// Enters the phase in which a response waits for space; `acknowledged` is the sequence number
    /// that the peer has acknowledged.
    pub(super) fn wait_for_space(&mut self, acknowledged: u32) {
        if self.phase != ConnPhase::Send {
            self.pace = Pace::new(acknowledged, clock::uptime_seconds());
        }
        self.enter(ConnPhase::Send);
    }

    /// Returns whether the peer takes the response fast enough, or is not yet behind for too long.
    pub(super) fn keeps_up(&mut self, acknowledged: u32, settings: &Settings) -> bool {
        self.renewed = true;
        self.pace.keeps_up(
            acknowledged,
            clock::uptime_seconds(),
            settings.min_rate.get(),
            settings.send_seconds.get(),
        )
    }

    /// Enters the last phase and returns the action that closes the connection.
    pub(super) fn close(&mut self, reason: CloseReason) -> Action {
        self.enter(ConnPhase::Closed);
        Action::Close(reason)
    }

    /// Enters the last phase after the last response and returns the action that closes the
    /// connection.
    pub(super) fn finish(&mut self) -> Action {
        self.close(self.pending.ending)
    }

    /// Enters the last phase and returns the action that resets the connection.
    pub(super) fn reset(&mut self, reason: CloseReason) -> Action {
        self.enter(ConnPhase::Closed);
        Action::Reset(reason)
    }

    /// Closes the connection in whatever phase it is.
    pub(super) fn abort(&mut self, reason: CloseReason) -> Action {
        match self.phase {
            ConnPhase::Closed => Action::Wait,
            ConnPhase::Send => self.reset(reason),
            _ => self.close(reason),
        }
    }
}
