// SPDX-License-Identifier: GPL-2.0-only

//! An accepted TCP connection: its callbacks, its work item, its release.

use super::{
    super::{
        limits::DISCARD_MAX,
        server_core::ServerCore,
        stats::Count, //
    },
    connection_table::TableEntry,
    crowd::CrowdMember,
    poll::Poll,
    request_context::RequestContext,
    slot::Slot,
    state::{
        Action,
        ConnPhase,
        ConnState, //
    }, //
};
use crate::sys::{
    clock,
    softirq::BhDisabled,
    tcp::{
        CallbackContext,
        EnterError,
        Guard,
        Socket,
        Stream,
        StreamHandler, //
    }, //
};
use kernel::{
    cpu::CpuId,
    prelude::*,
    sync::{
        atomic::{
            ordering::Relaxed,
            Atomic, //
        },
        rcu,
        Arc,
        ArcBorrow, //
    },
    workqueue::{
        impl_has_work,
        new_work,
        Work,
        WorkItem, //
    }, //
};

/// An accepted TCP connection.
///
/// Any context may decide that a connection ends; only process context releases it.
#[pin_data]
pub(crate) struct Connection {
    // Dropped in this order: the socket is released before the slot is free.
    stream: Stream<Self>,
    table_slot: Slot<Self>,
    /// The second of uptime at which the sweep has the connection polled.
    deadline: Atomic<u32>,
    /// Set when the connection must close; the worker is queued.
    closing: Atomic<bool>,
    /// Set while the connection is on the list of the [`Crowd`](super::crowd::Crowd).
    in_crowd: Atomic<bool>,
    /// The [`ConnPhase`] after the last poll, for statistics.
    phase: Atomic<u32>,
    #[pin]
    work: Work<Self>,
}

impl_has_work! {
    impl HasWork<Self> for Connection { self.work }
}

impl Connection {
    /// Serves the client at the other end of `socket`.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM`, and `EOPNOTSUPP` if another subsystem uses the socket; it is closed then.
    pub(crate) fn start(reserved: Slot<Self>, socket: Socket) -> Result {
        let seconds = reserved.pool().core.settings.idle_seconds.get();
        let this = Arc::pin_init(
            pin_init!(Self {
                stream: Stream::new(socket, ConnState::new()),
                table_slot: reserved,
                deadline: Atomic::new(clock::uptime_seconds().saturating_add(seconds)),
                closing: Atomic::new(false),
                in_crowd: Atomic::new(false),
                phase: Atomic::new(ConnPhase::Idle as u32),
                work <- new_work!("Connection::work"),
            }),
            GFP_KERNEL_ACCOUNT,
        )?;
        this.stream.attach(this.clone())?;
        this.table_slot.insert(this.clone());
        // The worker may have closed the connection before it was inserted; then nothing else
        // would remove it.
        if this.is_in(ConnPhase::Closed) {
            this.table_slot.remove();
        }
        // Bytes may have come in before the callbacks were attached.
        if !this.kick_on_its_cpu() {
            this.run_worker();
        }
        Ok(())
    }

    /// Returns the part of the server that connections share.
    #[inline]
    fn core(&self) -> &ServerCore {
        &self.table_slot.pool().core
    }

    /// Queues the worker on the CPU that receives the connection's packets; returns `false` if that
    /// is the current CPU. Hosts that spread packets over CPUs often let them follow the CPU that
    /// sends.
    ///
    /// # Context
    ///
    /// Any context.
    fn kick_on_its_cpu(self: &Arc<Self>) -> bool {
        match self.stream.socket().incoming_cpu() {
            Some(cpu) if cpu.as_u32() != CpuId::current().as_u32() => {
                // If the worker is queued already it will poll.
                let _ = self.core().queue.enqueue_on(cpu, self.clone());
                true
            }
            _ => false,
        }
    }

    /// Queues the worker.
    ///
    /// # Context
    ///
    /// Any context.
    pub(crate) fn kick(self: &Arc<Self>) {
        // If the worker is queued already it will poll.
        let _ = self.core().queue.enqueue(self.clone());
    }

    /// Queues the worker if a response waits for space.
    ///
    /// # Context
    ///
    /// Any context.
    pub(crate) fn kick_sending(self: &Arc<Self>) {
        if self.is_in(ConnPhase::Send) {
            self.kick();
        }
    }

    /// Returns whether the deadline has passed at the second `now` of uptime.
    ///
    /// # Context
    ///
    /// Any context.
    pub(crate) fn is_due(&self, now: u32) -> bool {
        self.deadline.load(Relaxed) <= now
    }

    /// Returns the deadline if the connection waits for the rest of a head.
    ///
    /// # Context
    ///
    /// Any context.
    pub(crate) fn head_deadline(&self) -> Option<u32> {
        let deadline = self.deadline.load(Relaxed);
        self.is_in(ConnPhase::Head).then_some(deadline)
    }

    /// Lets a deadline pass now, unless another has replaced it.
    ///
    /// # Context
    ///
    /// Any context.
    pub(crate) fn expire(self: &Arc<Self>, deadline: u32) {
        if self.deadline.cmpxchg(deadline, 0, Relaxed).is_ok() {
            self.kick();
        }
    }

    /// Returns whether the connection was in `phase` after the last poll.
    ///
    /// # Context
    ///
    /// Any context.
    pub(crate) fn is_in(&self, phase: ConnPhase) -> bool {
        self.phase.load(Relaxed) == phase as u32
    }

    /// Advances the connection and returns what must follow.
    ///
    /// # Context
    ///
    /// Softirq or process context, must not sleep.
    fn poll(&self, guard: &mut Guard<'_, Self>) -> Action {
        let core = self.core();
        let Some(mut scratch) = core.scratch.try_borrow(guard.bh()) else {
            return Action::PollAgain;
        };
        let Some(counters) = core.counters.local(guard.bh()) else {
            return Action::PollAgain;
        };
        let rcu = rcu::read_lock();
        let context = RequestContext {
            core,
            snapshot: core.snapshot.get(&rcu),
            counters,
        };
        let now = clock::uptime_seconds();
        let action = Poll::new(guard, &context, scratch.get_mut()).run(self.is_due(now));
        if let Some(seconds) = guard.renewed_seconds(&core.settings) {
            self.deadline.store(now.saturating_add(seconds), Relaxed);
            self.phase.store(guard.phase() as u32, Relaxed);
        }
        action
    }

    /// Polls where nothing may sleep; returns `false` if the worker must do the rest.
    ///
    /// # Context
    ///
    /// Softirq or process context, must not sleep.
    fn run_softirq(&self, guard: &mut Guard<'_, Self>) -> bool {
        match self.poll(guard) {
            Action::Wait => return true,
            Action::PollAgain => (),
            release => guard.defer(release),
        }
        false
    }

    /// Returns the action for the worker: one that softirq has deferred, or that of a poll.
    ///
    /// # Context
    ///
    /// Softirq or process context, must not sleep.
    fn poll_worker(&self) -> Action {
        let Some(mut guard) = self.stream.try_lock() else {
            return Action::PollAgain;
        };
        let action = match guard.take_deferred() {
            Some(action) => action,
            None if self.closing.load(Relaxed) => guard.abort(),
            None => self.poll(&mut guard),
        };
        if matches!(action, Action::Close) && guard.session.searched() != 0 {
            // TCP would reset the connection if the unfinished head were still unread.
            guard.discard(DISCARD_MAX);
        }
        action
    }

    /// Polls, and carries out the action that follows.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    fn run_worker(self: &Arc<Self>) {
        match self.poll_worker() {
            Action::Wait => (),
            Action::PollAgain => self.kick(),
            Action::Close => self.close(),
            Action::Reset => {
                self.stream.socket().reset_on_release();
                self.close();
            }
        }
    }

    /// Drops the references of the callbacks and of the table, so that the connection is freed when
    /// the current users are done.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    fn close(&self) {
        let settings = &self.core().settings;
        // The end of a response may still be in the send buffer.
        self.stream
            .socket()
            .give_up_after(settings.send_seconds.get());
        drop(self.stream.detach());
        self.table_slot.remove();
    }
}

impl StreamHandler for Connection {
    type State = ConnState;

    fn on_ready<'a>(this: ArcBorrow<'a, Self>, context: CallbackContext<'a>) {
        let pool = this.table_slot.pool();
        let guard = match this.stream.enter(context) {
            Ok(guard) => Some(guard),
            Err(EnterError::Owned) => None,
            // The poll that is sending goes on until there is no space. If memory is short TCP
            // reports space at once; then the deadline comes.
            Err(EnterError::Borrowed) => return,
        };
        if pool.crowd.gathers() && pool.crowd.join(this) {
            pool.core.counters.increment(Count::Crowded);
            return;
        }
        if let Some(mut guard) = guard {
            if pool.core.latency.measure(|| this.run_softirq(&mut guard)) {
                return;
            }
        } else {
            pool.core.counters.increment(Count::Owned);
        }
        // The rest is the worker's; if it is queued already it will poll.
        let _ = pool.core.queue.enqueue(Arc::from(this));
    }

    fn on_closed(this: ArcBorrow<'_, Self>) {
        let _ = this.core().queue.enqueue(Arc::from(this));
    }
}

impl TableEntry for Connection {
    fn abort(this: &Arc<Self>) {
        this.closing.store(true, Relaxed);
        this.kick();
    }
}

impl CrowdMember for Connection {
    fn in_crowd(&self) -> &Atomic<bool> {
        &self.in_crowd
    }

    fn poll_from_crowd(this: &Arc<Self>, _bh: &BhDisabled) {
        this.in_crowd.store(false, Relaxed);
        if this.kick_on_its_cpu() {
            return;
        }
        let guard = this.stream.try_lock();
        if !guard.is_some_and(|mut guard| this.run_softirq(&mut guard)) {
            this.kick();
        }
    }
}

impl WorkItem for Connection {
    type Pointer = Arc<Self>;

    fn run(this: Arc<Self>) {
        this.run_worker();
    }
}
