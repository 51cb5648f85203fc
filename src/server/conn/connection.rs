// SPDX-License-Identifier: GPL-2.0-only

//! An accepted TCP connection: its callbacks, its work item, its end.

use super::{
    super::{
        limits::DISCARD_MAX,
        server_core::ServerCore,
        stats::Count, //
    },
    borrowed_cpu::BorrowedCpu,
    close_queue::Closable,
    close_reason::CloseReason,
    conn_log::ConnLog,
    connection_pool::ConnectionPool,
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
    }, //
};
use crate::sys::{
    clock,
    memory_group::atomic_account,
    softirq::BhDisabled,
    tcp::{
        CallbackContext,
        EnterError,
        Guard,
        ListenHandler,
        Listener,
        Receiver,
        Stream,
        StreamHandler, //
    },
    trace::{
        self,
        TraceBegin, //
    }, //
};
use core::{
    convert::Infallible,
    mem, //
};
use kernel::{
    list::{
        impl_list_arc_safe,
        impl_list_item,
        AtomicTracker,
        ListLinks,
        TryNewListArc, //
    },
    prelude::*,
    sync::{
        atomic::{
            ordering::Relaxed,
            Atomic, //
        },
        Arc,
        ArcBorrow,
        UniqueArc, //
    },
    workqueue::{
        impl_has_work,
        new_work,
        Work,
        WorkItem, //
    }, //
};
use protocol::http::ProcessAddress;

/// An accepted TCP connection.
///
/// Any context may decide that a connection ends; only process context closes it.
#[pin_data]
pub(crate) struct Connection {
    pub(super) stream: Stream<Self>,
    table_slot: Slot<Self>,
    pub(super) timing: Timing,
    /// Set when the connection must close; the worker is queued.
    pub(super) closing: Atomic<bool>,
    begin: TraceBegin,
    #[pin]
    work: Work<Self>,
    /// Whether the connection waits to be closed.
    #[pin]
    has_ended: AtomicTracker,
    #[pin]
    links: ListLinks,
}

impl_has_work! {
    impl HasWork<Self> for Connection { self.work }
}

impl_list_arc_safe! {
    impl ListArcSafe<0> for Connection { tracked_by has_ended: AtomicTracker; }
}

impl_list_item! {
    impl ListItem<0> for Connection { using ListLinks { self.links }; }
}

impl Connection {
    /// Accepts a connection and serves the requests that have come in, or leaves it to the TLS `agent`.
    ///
    /// # Context
    ///
    /// Softirq or process context, must not sleep.
    ///
    /// # Errors
    ///
    /// Those of [`Slot::reserve`] and [`Listener::accept`]; then no connection is accepted.
    pub(crate) fn accept<L: ListenHandler>(
        pool: &Arc<ConnectionPool<Self>>,
        listener: &Listener<L>,
        agent: Option<ProcessAddress>,
        bh: &BhDisabled,
    ) -> Result {
        let reserved = Slot::reserve(pool, bh)?;
        let memory = UniqueArc::new_uninit(atomic_account())?;
        let mut state = ConnState::new();
        if let Some(agent) = agent {
            state.leave_to(agent);
        }
        let stream = listener.accept(state)?;
        trace::accept(stream.sock());
        pool.core.counters.increment(Count::Accepted);
        let seconds = pool.core.settings.idle_seconds.get();
        let Ok(this) = memory.pin_init_with::<Infallible>(pin_init!(Self {
            stream,
            table_slot: reserved,
            timing: Timing::new(seconds),
            closing: Atomic::new(false),
            begin: TraceBegin::now(),
            work <- new_work!("Connection::work"),
            has_ended <- AtomicTracker::new(),
            links <- ListLinks::new(),
        }));
        let this = Arc::from(this);
        this.table_slot.insert(this.clone(), bh);
        let Some(mut guard) = this.stream.try_lock() else {
            // A process owns the socket, perhaps to close it.
            this.defer(DeferReason::Owned);
            return Ok(());
        };
        let action = this.advance(&mut guard);
        Self::carry_out(this.as_arc_borrow(), &mut guard, action);
        Ok(())
    }

    /// Returns the part of the server that connections share.
    #[inline]
    pub(super) fn core(&self) -> &ServerCore {
        &self.table_slot.pool().core
    }

    /// Leaves the table, because the connection is closed, or a process's.
    ///
    /// # Context
    ///
    /// Softirq or process context, must not sleep.
    pub(super) fn leave(&self) {
        self.timing.close();
        self.table_slot.remove();
    }

    /// Advances the connection and returns what must follow.
    ///
    /// # Context
    ///
    /// Softirq or process context, must not sleep.
    pub(super) fn poll(&self, guard: &mut Guard<'_, Self>) -> Action {
        let core = self.core();
        let Some(cpu) = BorrowedCpu::new(core, guard.bh()) else {
            return Action::PollAgain(DeferReason::Cpu);
        };
        let now = clock::uptime_seconds();
        cpu.run(|context, scratch| {
            let poll = Poll::new(guard, context, scratch);
            let action = core.latency.measure(|| poll.run(self.timing.is_due(now)));
            self.timing.update(guard, &core.settings, now);
            action
        })
    }

    /// Lets a connection go on that was accepted, kicked or aborted. The first run attaches the
    /// callbacks.
    ///
    /// # Context
    ///
    /// Softirq or process context, must not sleep.
    fn advance(self: &Arc<Self>, guard: &mut Guard<'_, Self>) -> Action {
        if self.attach(guard).is_err() {
            guard.abort(CloseReason::Taken)
        } else if self.closing.load(Relaxed) {
            guard.abort(CloseReason::Stopped)
        } else {
            self.poll(guard)
        }
    }

    /// Attaches the callbacks if that was not done before.
    ///
    /// # Errors
    ///
    /// Those of [`Stream::attach`].
    fn attach(self: &Arc<Self>, guard: &mut Guard<'_, Self>) -> Result {
        if !guard.is_attached() {
            self.stream.attach(guard, self.clone())?;
            guard.note_attached();
        }
        Ok(())
    }

    /// Carries out what must follow a poll. The connection is closed later, after the end of a
    /// response that may still be in the send buffer.
    ///
    /// # Context
    ///
    /// Softirq or process context, must not sleep.
    pub(super) fn carry_out(
        this: ArcBorrow<'_, Self>,
        guard: &mut Guard<'_, Self>,
        action: Action,
    ) {
        let (reason, is_reset) = match action {
            Action::Wait => return,
            Action::PollAgain(reason) => return Arc::from(this).defer(reason),
            Action::Defer => return Arc::from(this).kick(),
            Action::Close(reason) => (reason, false),
            Action::Reset(reason) => (reason, true),
        };
        if is_reset {
            guard.reset_on_close();
        } else if guard.session.searched() != 0 {
            // TCP would reset the connection if the unfinished head were still unread.
            guard.discard(DISCARD_MAX);
        }
        this.trace_close(reason, is_reset, guard.session.requests());
        this.timing.close();
        let pool = this.table_slot.pool();
        let mut log = mem::replace(&mut guard.log, ConnLog::new());
        pool.core
            .log
            .with_writer(guard.bh(), |writer| log.break_off(writer));
        guard.give_up_after(pool.core.settings.send_seconds.get());
        let urgent = pool.table.is_awaited();
        pool.ended.push(Arc::from(this), urgent, guard.bh());
    }

    /// Leaves a poll to the worker.
    fn defer(self: &Arc<Self>, reason: DeferReason) {
        trace::defer(self.stream.sock(), reason.word());
        self.kick();
    }

    /// Has the tracepoint record the end of the connection after `requests`.
    pub(super) fn trace_close(&self, reason: CloseReason, is_reset: bool, requests: u32) {
        let sock = self.stream.sock();
        trace::close(sock, reason.word(), is_reset, requests, &self.begin);
    }
}

impl StreamHandler for Connection {
    type State = ConnState;

    fn on_ready<'a>(this: ArcBorrow<'a, Self>, context: CallbackContext<'a>) {
        match this.stream.enter(context) {
            Ok(mut guard) => {
                let action = this.poll(&mut guard);
                Self::carry_out(this, &mut guard, action);
            }
            Err(EnterError::Owned) => {
                this.core().counters.increment(Count::Owned);
                Arc::from(this).defer(DeferReason::Owned);
            }
            // The poll that is sending goes on until there is no space. If memory is short TCP
            // reports space at once; then the deadline comes.
            Err(EnterError::Borrowed) => (),
        }
    }

    fn on_closed(this: ArcBorrow<'_, Self>) {
        // The peer often closes before the work item that closes this side comes.
        if !this.timing.is_in(ConnPhase::Closed) {
            Arc::from(this).kick();
        }
    }
}

impl Timed for Connection {
    fn timing(&self) -> &Timing {
        &self.timing
    }

    fn kick(self: &Arc<Self>) {
        // If the worker is queued already it will poll.
        let _ = self.core().queue.enqueue(self.clone());
    }
}

impl TableEntry for Connection {
    fn abort(this: &Arc<Self>) {
        // The worker sees it: to queue a work item is a full barrier, also if it is queued already.
        this.closing.store(true, Relaxed);
        this.kick();
    }
}

impl Closable for Connection {
    fn close(this: Arc<Self>) {
        drop(this.stream.close());
        this.leave();
    }
}

impl WorkItem for Connection {
    type Pointer = Arc<Self>;

    fn run(this: Arc<Self>) {
        // It may be a process's by now.
        if this.timing.is_in(ConnPhase::Closed) {
            return;
        }
        let Some(mut guard) = this.stream.try_lock() else {
            return this.kick();
        };
        if !this.closing.load(Relaxed) {
            // No poll does anything in these phases.
            let is_handed_over = guard.phase() == ConnPhase::HandOver;
            if let Some(process) = guard.process().filter(|_| is_handed_over) {
                let record = guard.log.handing_over.take();
                let requests = guard.session.requests();
                drop(guard);
                return this.hand_over(process, requests, record);
            }
            if guard.phase() == ConnPhase::Render {
                let wanted = guard.page.clone();
                drop(guard);
                return this.send_page(this.table_slot.pool().table.render(wanted));
            }
        }
        let action = this.advance(&mut guard);
        Self::carry_out(this.as_arc_borrow(), &mut guard, action);
    }
}
