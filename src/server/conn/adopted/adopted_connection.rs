// SPDX-License-Identifier: GPL-2.0-only

//! A connection that a process has given to the server.

use super::{
    super::{
        super::{
            limits::DISCARD_MAX,
            server_core::ServerCore,
            site_snapshot::SiteSnapshot,
            stats::Count, //
        },
        borrowed_cpu::BorrowedCpu,
        close_reason::CloseReason,
        connection::Connection,
        connection_table::TableEntry,
        defer_reason::DeferReason,
        poll::Poll,
        slot::Slot,
        state::{
            Action,
            ConnPhase,
            ConnState, //
        },
        timing::{
            Timed,
            Timing, //
        },
        transport::Transport, //
    },
    adopted_set::AdoptedSet,
    early_bytes::EarlyBytes,
    socket_transport::SocketTransport,
    tls_link::TlsLink, //
};
use crate::sys::{
    clock,
    memory_group::MemoryGroup,
    softirq,
    tcp::{
        LockError,
        SocketFile,
        Watch,
        WatchHandler, //
    },
    trace::{
        self,
        TraceBegin, //
    }, //
};
use kernel::{
    new_mutex,
    prelude::*,
    sync::{
        atomic::{
            ordering::Relaxed,
            Atomic, //
        },
        Arc,
        ArcBorrow,
        Mutex, //
    },
    time::Jiffies,
    workqueue::{
        impl_has_delayed_work,
        new_delayed_work,
        DelayedWork,
        WorkItem, //
    }, //
};
use protocol::tls::TlsParameters;

/// How often the worker doubles the delay, one tick at first, after which it looks again at a socket
/// that a process owns.
pub(super) const DOUBLINGS: u32 = 6;

/// How often it looks, a tick after the other, if the connection must close. Then it leaves the
/// socket to the process, which a fault in its memory may have stopped in the middle of a call.
const RETRIES_MAX: u32 = 250;

/// An adopted connection. Its work item alone advances it, and closes it.
#[pin_data]
pub(crate) struct AdoptedConnection {
    pub(super) socket: SocketFile,
    pub(super) set: Arc<AdoptedSet<Self>>,
    pub(super) timing: Timing,
    begin: TraceBegin,
    /// The second of uptime from which the connection ends once it is idle.
    end_at: Atomic<u32>,
    /// Set when the connection must close; the worker is queued.
    closing: Atomic<bool>,
    /// Whether the worker holds the socket's lock, so that it causes all events itself.
    is_locked: Atomic<bool>,
    /// The control group of the process, for what the worker allocates.
    payer: MemoryGroup,
    /// Locked by the work item, and by the reader that takes the connection back.
    #[pin]
    pub(super) state: Mutex<AdoptedState>,
    #[pin]
    pub(super) work: DelayedWork<Self>,
}

impl_has_delayed_work! {
    impl HasDelayedWork<Self> for AdoptedConnection { self.work }
}

/// The page that the worker has rendered for the next request, if that is for one.
pub(super) type Page = Option<Result<Arc<SiteSnapshot>>>;

/// The state of an adopted connection between two polls.
pub(super) struct AdoptedState {
    /// The slot, until the connection goes back or is freed.
    pub(super) table_slot: Option<Slot<Connection>>,
    pub(super) conn: ConnState,
    /// The bytes that the process had read, or that TLS has decrypted, and that are not consumed.
    pub(super) early: EarlyBytes,
    pub(super) tls: TlsLink,
    /// The watch, which has a reference to the connection. Without one the connection has left the
    /// server.
    pub(super) watch: Option<Watch<AdoptedConnection>>,
    /// The offer to the readers of the adopt node.
    pub(super) offer: Option<u64>,
    /// How often in a row the worker has found that a process owns the socket.
    owned: u32,
}

impl AdoptedConnection {
    /// Takes a connection over, and serves the requests that begin with the bytes `early`, which a
    /// process has read from it.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    ///
    /// # Errors
    ///
    /// Those of [`Slot::reserve`] and [`AdoptedSet::insert`].
    pub(in crate::server) fn adopt(
        set: &Arc<AdoptedSet<Self>>,
        socket: SocketFile,
        early: KVec<u8>,
    ) -> Result {
        let reserved = softirq::disabled(|bh| Slot::reserve(&set.pool, bh))?;
        let (settings, now) = (&set.pool.core.settings, clock::uptime_seconds());
        let numbers = socket.tls();
        let tls = numbers.map(|tls| TlsParameters::from_numbers(tls.version, tls.cipher));
        let this = Arc::pin_init(
            pin_init!(Self {
                socket,
                set: set.clone(),
                timing: Timing::new(settings.idle_seconds.get()),
                begin: TraceBegin::now(),
                end_at: Atomic::new(now.saturating_add(settings.adopted_seconds.get())),
                closing: Atomic::new(false),
                is_locked: Atomic::new(false),
                payer: MemoryGroup::current(),
                state <- new_mutex!(AdoptedState {
                    table_slot: Some(reserved),
                    conn: ConnState::adopted(tls),
                    early: EarlyBytes::new(early),
                    tls: TlsLink::new(),
                    watch: None,
                    offer: None,
                    owned: 0,
                }),
                work <- new_delayed_work!("AdoptedConnection::work"),
            }),
            GFP_KERNEL_ACCOUNT,
        )?;
        // The worker, which may be queued from here on, waits for the lock.
        let mut state = this.state.lock();
        set.insert(this.socket.number(), this.clone())?;
        match Watch::begin(&this.socket, this.clone()) {
            Ok(watch) => state.watch = Some(watch),
            Err(e) => {
                set.remove(this.socket.number(), &this);
                return Err(e);
            }
        }
        drop(state);
        this.core().counters.increment(Count::Adopted);
        if tls.is_some() {
            this.core().counters.increment(Count::AdoptedTls);
        }
        this.kick();
        Ok(())
    }

    /// Returns the part of the server that connections share.
    pub(super) fn core(&self) -> &ServerCore {
        &self.set.pool.core
    }

    pub(super) fn kick_after(self: &Arc<Self>, delay: Jiffies) {
        // If the worker is queued already it will poll.
        let queue = &self.core().adopted_queue;
        let _ = queue.enqueue_delayed(self.clone(), delay);
    }

    /// Kicks the worker if a deadline has passed at the second `now` of uptime. Ends a connection
    /// whose life is over, or whose namespace no task uses any more: at once if it is idle, after its
    /// response, or when the stop timeout expires. Returns whether it has queued the worker.
    ///
    /// # Context
    ///
    /// Any context.
    pub(in crate::server) fn sweep(self: &Arc<Self>, now: u32) -> bool {
        if !self.is_ending(now) && !self.socket.net().is_entered() {
            self.end_at.store(now, Relaxed);
        }
        let stop_seconds = self.core().settings.stop_seconds.get();
        let latest = self.end_at.load(Relaxed).saturating_add(stop_seconds);
        if self.core().drain_expired(now) || latest <= now {
            TableEntry::abort(self);
        } else if self.timing.is_due(now) || self.is_ending(now) {
            self.kick();
        } else {
            return false;
        }
        true
    }

    fn is_ending(&self, now: u32) -> bool {
        self.end_at.load(Relaxed) <= now
    }

    /// Advances the connection, and returns what must follow. `page` is what the worker has rendered
    /// for the next request.
    fn advance(
        self: &Arc<Self>,
        state: &mut AdoptedState,
        page: Page,
    ) -> Result<Action, LockError> {
        if self.socket.tls().is_some() {
            return self.payer.charge(|| self.advance_tls(state, page));
        }
        let mut guard = self.socket.try_lock()?;
        self.is_locked.store(true, Relaxed);
        let action = if self.is_closing() {
            state.conn.abort(CloseReason::Stopped)
        } else {
            let mut transport = SocketTransport {
                guard: &mut guard,
                state: &mut state.conn,
                early: &mut state.early,
            };
            self.poll(&mut transport, page)
        };
        if let Some((reason, is_reset)) = action.ending() {
            // Before a reset, by which TCP forgets what it has counted.
            self.trace_close(reason, is_reset, &state.conn);
            guard.end(is_reset, self.core().settings.send_seconds.get());
        }
        self.is_locked.store(false, Relaxed);
        Ok(action)
    }

    /// Returns whether the connection must close.
    pub(super) fn is_closing(&self) -> bool {
        self.closing.load(Relaxed)
    }

    /// Polls the connection, as [`Connection`] does.
    pub(super) fn poll<T: Transport>(&self, transport: &mut T, page: Page) -> Action {
        let core = self.core();
        let Some(cpu) = BorrowedCpu::new(core, transport.bh()) else {
            return Action::PollAgain(DeferReason::Cpu);
        };
        if let Some(page) = &page {
            transport.resume(page.is_err());
        }
        let now = clock::uptime_seconds();
        let is_due = self.timing.is_due(now);
        let mut action = match page {
            Some(Ok(page)) => cpu.run_with(page.as_arc_borrow(), |context, scratch| {
                Poll::of_one_request(transport, context, scratch).run(is_due)
            }),
            _ => cpu.run(|context, scratch| Poll::new(transport, context, scratch).run(is_due)),
        };
        let is_idle = transport.phase() == ConnPhase::Idle;
        if matches!(action, Action::Wait) && is_idle && self.is_ending(now) {
            action = transport.close(CloseReason::Expired);
        }
        // TCP would reset the connection if the unfinished head were still unread.
        if matches!(action, Action::Close(_)) && transport.session.searched() != 0 {
            transport.discard(DISCARD_MAX);
        }
        self.timing.update(transport, &core.settings, now);
        action
    }

    /// Has the worker come later, because a process owns the socket, or leaves the socket to it.
    fn retry(self: &Arc<Self>, state: &mut AdoptedState) {
        let is_closing = self.is_closing();
        let most = if is_closing { RETRIES_MAX } else { DOUBLINGS };
        if is_closing && state.owned >= most {
            return self.give_up(state, CloseReason::Stopped);
        }
        if self.socket.tls().is_some() && self.timing.is_due(clock::uptime_seconds()) {
            return self.give_up(state, CloseReason::Taken);
        }
        trace::defer(self.socket.sock(), DeferReason::Owned.word());
        self.kick_after(if is_closing { 1 } else { 1 << state.owned });
        state.owned = most.min(state.owned + 1);
    }

    /// Leaves the connection to the processes that have it.
    pub(super) fn give_up(self: &Arc<Self>, state: &mut AdoptedState, reason: CloseReason) {
        self.trace_close(reason, false, &state.conn);
        self.leave(state);
    }

    /// Has the tracepoint record the end of the connection.
    pub(super) fn trace_close(&self, reason: CloseReason, is_reset: bool, conn: &ConnState) {
        let (sock, requests) = (self.socket.sock(), conn.session.requests());
        trace::close(sock, reason.word(), is_reset, requests, &self.begin);
    }

    /// Leaves the server, because the connection is closed, or a process's.
    fn leave(self: &Arc<Self>, state: &mut AdoptedState) {
        let Some(watch) = state.watch.take() else {
            return;
        };
        drop(watch);
        let (core, log) = (self.core(), &mut state.conn.log);
        softirq::disabled(|bh| core.log.with_writer(bh, |writer| log.break_off(writer)));
        state.conn.enter(ConnPhase::Closed);
        self.timing.close();
        if let Some(number) = state.offer.take() {
            self.set.returns().withdraw(number);
        }
        self.set.remove(self.socket.number(), self);
    }
}

impl WatchHandler for AdoptedConnection {
    fn on_event(this: ArcBorrow<'_, Self>) {
        // TCP, whose lock orders this, reports space at once without memory. Then the deadline comes.
        if !this.is_locked.load(Relaxed) {
            Arc::from(this).kick();
        }
    }
}

impl Timed for AdoptedConnection {
    fn timing(&self) -> &Timing {
        &self.timing
    }

    fn kick(self: &Arc<Self>) {
        self.kick_after(0);
    }
}

impl TableEntry for AdoptedConnection {
    fn abort(this: &Arc<Self>) {
        if !this.closing.load(Relaxed) {
            this.closing.store(true, Relaxed);
            this.kick();
        }
    }
}

impl WorkItem for AdoptedConnection {
    type Pointer = Arc<Self>;

    fn run(this: Arc<Self>) {
        let mut state = this.state.lock();
        let is_closing = this.closing.load(Relaxed);
        let mut page = None;
        if state.conn.phase() == ConnPhase::Render && !is_closing {
            let wanted = state.conn.page.clone();
            drop(state);
            page = Some(this.set.pool.table.render(wanted));
            state = this.state.lock();
        }
        if state.watch.is_none() || !is_closing && this.awaits_reader(&mut state) {
            return;
        }
        let action = match this.advance(&mut state, page) {
            Ok(action) => action,
            Err(LockError::Owned) => return this.retry(&mut state),
            Err(LockError::Lost) => return this.give_up(&mut state, CloseReason::Taken),
        };
        state.owned = 0;
        match action {
            Action::Wait => (),
            Action::PollAgain(reason) => {
                trace::defer(this.socket.sock(), reason.word());
                this.kick();
            }
            Action::Defer if state.conn.phase() == ConnPhase::HandOver => this.offer(&mut state),
            // The worker renders the page without the lock.
            Action::Defer => this.kick(),
            Action::Close(_) | Action::Reset(_) => this.leave(&mut state),
        }
    }
}
