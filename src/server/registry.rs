// SPDX-License-Identifier: GPL-2.0-only

//! Who is connected: a seat for each connection, from before it is accepted until it is freed.

use super::Connection;
use core::mem;
use kernel::{
    new_condvar,
    new_mutex,
    prelude::*,
    sync::{
        Arc,
        CondVar,
        Mutex, //
    }, //
};

/// The seats of a server.
#[pin_data]
pub(crate) struct Registry {
    #[pin]
    seats: Mutex<Seats>,
    #[pin]
    emptied: CondVar,
}

/// A seat is free, or taken by somebody who is about to be seated, or has somebody in it.
struct Seats {
    /// By number, those that were ever taken.
    seats: KVVec<Option<Arc<Connection>>>,
    /// The numbers of the free ones; has capacity for all of them.
    free: KVVec<u32>,
    /// Somebody was refused since the last release.
    refused: bool,
    closed: bool,
}

impl Seats {
    fn taken(&self) -> usize {
        self.seats.len() - self.free.len()
    }

    /// Makes one more seat, with room for its number among the free ones.
    fn add(&mut self) -> Result<u32> {
        let number = u32::try_from(self.seats.len())?;
        let room = self.seats.len() + 1 - self.free.len();
        self.free.reserve(room, GFP_KERNEL)?;
        self.seats.push(None, GFP_KERNEL)?;
        Ok(number)
    }
}

impl Registry {
    /// A registry without connections.
    pub(crate) fn new() -> impl PinInit<Self> {
        pin_init!(Self {
            seats <- new_mutex!(Seats {
                seats: KVVec::new(),
                free: KVVec::new(),
                refused: false,
                closed: false,
            }),
            emptied <- new_condvar!(),
        })
    }

    /// Takes one of `max` seats and returns its number, to be given back by
    /// [`Registry::release`]. Process context, may sleep.
    ///
    /// # Errors
    ///
    /// `EBUSY` when all are taken, `ESHUTDOWN` when the registry is closed, `ENOMEM`.
    pub(crate) fn take(&self, max: usize) -> Result<u32> {
        let mut seats = self.seats.lock();
        if seats.closed {
            return Err(ESHUTDOWN);
        }
        if seats.taken() >= max {
            seats.refused = true;
            return Err(EBUSY);
        }
        match seats.free.pop() {
            Some(number) => Ok(number),
            None => seats.add(),
        }
    }

    /// Seats `connection`, unless the registry was closed meanwhile: then it is told to end.
    /// Process context, may sleep.
    pub(crate) fn seat(&self, number: u32, connection: Arc<Connection>) {
        let mut seats = self.seats.lock();
        if seats.closed {
            connection.end();
        }
        if let Some(seat) = seats.seats.get_mut(number as usize) {
            *seat = Some(connection);
        }
    }

    /// Lets go of the connection, which keeps its seat until it is freed. Process context, may
    /// sleep.
    pub(crate) fn unseat(&self, number: u32) {
        let connection = self
            .seats
            .lock()
            .seats
            .get_mut(number as usize)
            .and_then(Option::take);
        // Perhaps the last reference; its drop takes the lock again.
        drop(connection);
    }

    /// Gives a seat back; returns whether somebody was refused one, and should ask again. Process
    /// context, may sleep.
    pub(crate) fn release(&self, number: u32) -> bool {
        let mut seats = self.seats.lock();
        // There is room, `Seats::add` has seen to it.
        let _ = seats.free.push_within_capacity(number);
        if seats.taken() == 0 {
            self.emptied.notify_all();
        }
        mem::take(&mut seats.refused)
    }

    /// The number of seats taken. Process context, may sleep.
    pub(crate) fn len(&self) -> usize {
        self.seats.lock().taken()
    }

    /// Asks `f` about the connections seated, from the seat `from` on, until it has said yes `most`
    /// times; returns the seat to go on from, if there may be more. Process context; `f` must not
    /// use the registry.
    pub(crate) fn visit(
        &self,
        from: usize,
        most: usize,
        mut f: impl FnMut(&Arc<Connection>) -> bool,
    ) -> Option<usize> {
        let seats = self.seats.lock();
        let rest = seats.seats.iter().enumerate().skip(from);
        rest.filter(|(_, seat)| seat.as_ref().is_some_and(&mut f))
            .nth(most.saturating_sub(1))
            .map(|(number, _)| number + 1)
    }

    /// Calls `f` with each connection seated. Process context; `f` must not use the registry.
    pub(crate) fn for_each(&self, f: impl FnMut(&Arc<Connection>)) {
        self.seats.lock().seats.iter().flatten().for_each(f);
    }

    /// Gives away no more seats, tells all connections to end, and waits until they are freed.
    /// Process context, sleeps, but for no peer.
    pub(crate) fn close(&self) {
        self.seats.lock().closed = true;
        self.for_each(|connection| connection.end());
        let mut seats = self.seats.lock();
        while seats.taken() != 0 {
            self.emptied.wait(&mut seats);
        }
    }
}
