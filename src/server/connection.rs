// SPDX-License-Identifier: GPL-2.0-only

//! A connection: what happens to it is decided anywhere and carried out by its worker.

use super::{
    counters::Count,
    exchange::{
        Exchange,
        Next,
        Phase, //
    },
    serving::Serving,
    Seat, //
};
use crate::sys::{
    clock,
    tcp::{
        CallbackContext,
        EnterError,
        Guard,
        Socket,
        Stream, //
        StreamHandler,
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

/// Somebody who is connected.
///
/// References are held by its seat, until it ends; by its socket, until the callbacks are taken
/// back; by each queued run of its worker; and by the crowd that it waits in, until the next turn
/// of an acceptor, which comes even if that is to stop.
#[pin_data]
pub(crate) struct Connection {
    // Dropped in this order: the socket is released before the seat is free.
    stream: Stream<Self>,
    seat: Seat,
    /// When, in seconds of uptime, it must be looked at even if nothing happens.
    deadline: Atomic<u32>,
    /// It shall end, whatever it is about: the worker has been told to look.
    ending: Atomic<bool>,
    /// It waits in the [`Crowd`](super::Crowd), which sets this; it is cleared before it is answered.
    pub(super) is_in_crowd: Atomic<bool>,
    /// The [`Phase`] it was in when that was last looked at, for statistics.
    phase: Atomic<u32>,
    #[pin]
    work: Work<Self>,
}

impl_has_work! {
    impl HasWork<Self> for Connection { self.work }
}

impl Connection {
    /// Serves whoever is at the other end of `socket`. Process context, may sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM`, and `EOPNOTSUPP` if the socket is somebody else's; it is closed then.
    pub(crate) fn start(seat: Seat, socket: Socket) -> Result {
        let seconds = seat.server().settings.idle_seconds.get();
        let this = Arc::pin_init(
            pin_init!(Self {
                stream: Stream::new(socket, Exchange::new()),
                seat,
                deadline: Atomic::new(clock::uptime_seconds().saturating_add(seconds)),
                ending: Atomic::new(false),
                is_in_crowd: Atomic::new(false),
                phase: Atomic::new(Phase::Idle as u32),
                work <- new_work!("Connection::work"),
            }),
            GFP_KERNEL,
        )?;
        this.stream.attach(this.clone())?;
        this.seat.sit(this.clone());
        // If it has ended meanwhile, its worker may have closed it before it was seated, and nobody
        // would let go of it any more.
        if this.is_in(Phase::Closed) {
            this.seat.rise();
        }
        // Bytes may have come in before anybody was told.
        if !this.is_left_to_its_cpu() {
            this.work_off();
        }
        Ok(())
    }

    /// If its bytes come in on another CPU, lets the worker answer them there. Who spreads packets
    /// over CPUs often lets them follow the CPU that sends. Any context.
    fn is_left_to_its_cpu(self: &Arc<Self>) -> bool {
        match self.stream.socket().incoming_cpu() {
            Some(cpu) if cpu.as_u32() != CpuId::current().as_u32() => {
                // If it is queued already it will look.
                let _ = self.seat.server().queue.enqueue_on(cpu, self.clone());
                true
            }
            _ => false,
        }
    }

    /// Lets the worker look at it. Any context.
    pub(crate) fn poke(self: &Arc<Self>) {
        // If it is queued already it will look.
        let _ = self.seat.server().queue.enqueue(self.clone());
    }

    /// Ends it, at once and whatever it is about. Any context.
    pub(crate) fn end(self: &Arc<Self>) {
        self.ending.store(true, Relaxed);
        self.poke();
    }

    /// Whether it must be looked at, at this second of uptime.
    pub(crate) fn is_due(&self, now: u32) -> bool {
        self.deadline.load(Relaxed) <= now
    }

    /// Whether it was in `phase` when it was last looked at. Any context.
    pub(crate) fn is_in(&self, phase: Phase) -> bool {
        self.phase.load(Relaxed) == phase as u32
    }

    /// Goes on with what can go on, and says what is next.
    fn advance(&self, guard: &mut Guard<'_, Self>) -> Next {
        let server = self.seat.server();
        let Some(mut turn) = server.turns.try_borrow(guard.bh()) else {
            return Next::Again;
        };
        let Some(tally) = server.counters.local() else {
            return Next::Again;
        };
        let rcu = rcu::read_lock();
        let serving = Serving {
            server,
            edition: server.edition.get(&rcu),
            tally,
        };
        let now = clock::uptime_seconds();
        let next = Exchange::advance(guard, &serving, turn.get_mut(), self.is_due(now));
        if let Some(seconds) = guard.renewed_seconds(&server.settings) {
            self.deadline.store(now.saturating_add(seconds), Relaxed);
            self.phase.store(guard.phase() as u32, Relaxed);
        }
        next
    }

    /// As [`Connection::advance`], where nothing may sleep; `false` if the worker must do the rest.
    fn go_on(&self, guard: &mut Guard<'_, Self>) -> bool {
        match self.advance(guard) {
            Next::Wait => return true,
            Next::Again => (),
            end => guard.decide(end),
        }
        false
    }

    /// Answers what has waited in a crowd. With softirqs disabled.
    pub(crate) fn answer(self: &Arc<Self>) {
        self.is_in_crowd.store(false, Relaxed);
        if self.is_left_to_its_cpu() {
            return;
        }
        let guard = self.stream.try_lock();
        if !guard.is_some_and(|mut guard| self.go_on(&mut guard)) {
            self.poke();
        }
    }

    /// As [`Connection::advance`], for the worker: what was decided in softirq comes first.
    fn resume(&self) -> Next {
        let Some(mut guard) = self.stream.try_lock() else {
            return Next::Again;
        };
        match guard.take_decision() {
            Some(next) => next,
            None if self.ending.load(Relaxed) => guard.end(),
            None => self.advance(&mut guard),
        }
    }

    /// Does what the worker has to do. Process context, sleeps.
    fn work_off(self: &Arc<Self>) {
        match self.resume() {
            Next::Wait => (),
            Next::Again => self.poke(),
            Next::Close => self.close(),
            Next::Reset => {
                self.stream.socket().reset_on_release();
                self.close();
            }
        }
    }

    /// Makes it unreachable but for the references that are about to go. Process context, sleeps.
    fn close(&self) {
        let settings = &self.seat.server().settings;
        // The end of a reply may still wait in the send buffer.
        self.stream
            .socket()
            .give_up_after(settings.send_seconds.get());
        drop(self.stream.detach());
        self.seat.rise();
    }
}

impl StreamHandler for Connection {
    type State = Exchange;

    fn on_ready<'a>(this: ArcBorrow<'a, Self>, context: CallbackContext<'a>) {
        let server = this.seat.server();
        let guard = match this.stream.enter(context) {
            Ok(guard) => Some(guard),
            Err(EnterError::Owned) => None,
            // Whoever sends goes on until there is no space. Without memory TCP says at once that
            // there is some; then the deadline comes.
            Err(EnterError::Borrowed) => return,
        };
        if server.crowd.gathers() && server.crowd.join(this) {
            server.counters.increment(Count::Crowded);
            return;
        }
        if let Some(mut guard) = guard {
            if server.stopwatch.time(|| this.go_on(&mut guard)) {
                return;
            }
        } else {
            server.counters.increment(Count::Owned);
        }
        // The rest is for the worker; if it is queued already it will see.
        let _ = server.queue.enqueue(Arc::from(this));
    }

    fn on_closed(this: ArcBorrow<'_, Self>) {
        let _ = this.seat.server().queue.enqueue(Arc::from(this));
    }
}

impl WorkItem for Connection {
    type Pointer = Arc<Self>;

    fn run(this: Arc<Self>) {
        this.work_off();
    }
}
