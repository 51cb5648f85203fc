// SPDX-License-Identifier: GPL-2.0-only

//! Takes those who wait at a listener, and seats them.

use super::{
    counters::Count,
    settings::{
        CROWDED_MILLISECONDS,
        TURN_ACCEPTS, //
    },
    Connection,
    Seat,
    Server, //
};
use crate::sys::{
    clock,
    net::Net,
    tcp::{
        ListenHandler,
        Listener, //
    }, //
};
use core::net::{
    Ipv4Addr,
    SocketAddr, //
};
use kernel::{
    pr_warn_once,
    prelude::*,
    sync::{
        atomic::{
            ordering::Relaxed,
            Atomic, //
        },
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

/// A listener at work.
#[pin_data]
pub(crate) struct Acceptor {
    listener: Listener<Self>,
    /// Where it listens.
    pub(crate) address: SocketAddr,
    server: Arc<Server>,
    /// Since when it waits for its turn, by [`clock::coarse_milliseconds`].
    queued_at: Atomic<u32>,
    /// It has been stopped, and accepts nobody.
    stopped: Atomic<bool>,
    #[pin]
    work: Work<Self>,
}

impl_has_work! {
    impl HasWork<Self> for Acceptor { self.work }
}

impl Acceptor {
    /// Listens at `address` of `net` for `server`, but accepts nobody before [`Acceptor::open`].
    /// Where the kernel knows no IPv6, all of both families is all of IPv4. Process context, may
    /// sleep.
    ///
    /// # Errors
    ///
    /// Those of [`Listener::bind`], and `ENOMEM`.
    pub(crate) fn bind(server: &Arc<Server>, net: &Net, address: SocketAddr) -> Result<Arc<Self>> {
        let backlog = server.settings.backlog;
        let listener = match Listener::bind(net, address, backlog) {
            Err(e) if e == EAFNOSUPPORT && address.ip().is_unspecified() => {
                let all = SocketAddr::from((Ipv4Addr::UNSPECIFIED, address.port()));
                Listener::bind(net, all, backlog)
            }
            other => other,
        }?;
        Arc::pin_init(
            pin_init!(Self {
                listener,
                address,
                server: server.clone(),
                queued_at: Atomic::new(0),
                stopped: Atomic::new(false),
                work <- new_work!("Acceptor::work"),
            }),
            GFP_KERNEL,
        )
    }

    /// Whether somebody can still come. Any context.
    pub(crate) fn listens(&self) -> bool {
        self.listener.listens()
    }

    /// Accepts from now on, if it did not before. Process context, may sleep.
    pub(crate) fn open(self: &Arc<Self>) {
        self.listener.attach(self.clone());
        // Somebody may have come before anybody was told.
        self.poke();
    }

    /// Sees whether somebody waits. Any context.
    pub(crate) fn poke(self: &Arc<Self>) {
        // If it is queued already it will see.
        self.enqueue();
    }

    /// Lets it have a turn; `false` if it waits for one already.
    fn enqueue(self: &Arc<Self>) -> bool {
        let queued = self.server.queue.enqueue(self.clone()).is_ok();
        if queued {
            self.queued_at.store(clock::coarse_milliseconds(), Relaxed);
        }
        queued
    }

    /// How many milliseconds it has waited for its turn.
    fn waited(&self) -> u32 {
        let since = self.queued_at.load(Relaxed);
        clock::coarse_milliseconds().wrapping_sub(since)
    }

    /// Accepts nobody any more, once the turn that it may have has ended, which
    /// [`Server::quiesce`] waits for. Process context, may sleep.
    pub(crate) fn stop(&self) {
        self.stopped.store(true, Relaxed);
        drop(self.listener.detach());
    }

    /// Takes one connection.
    fn accept(&self) -> Result {
        if self.stopped.load(Relaxed) {
            return Err(ESHUTDOWN);
        }
        // Asked first: an attempt to accept nobody makes a socket, too.
        if !self.listener.has_incoming() {
            return Err(EAGAIN);
        }
        let seat = Seat::take(&self.server)?;
        let socket = self.listener.accept()?;
        self.server.counters.increment(Count::Accepted);
        Connection::start(seat, socket)
    }
}

impl ListenHandler for Acceptor {
    fn on_connection(this: ArcBorrow<'_, Self>) {
        let this = Arc::from(this);
        if !this.enqueue() && this.waited() >= CROWDED_MILLISECONDS {
            this.server.crowd.gather();
            // The turn that was waited for may have passed meanwhile.
            this.poke();
        }
    }
}

impl WorkItem for Acceptor {
    type Pointer = Arc<Self>;

    fn run(this: Arc<Self>) {
        let all = (0..TURN_ACCEPTS).find_map(|_| this.accept().err());
        this.server.crowd.answer(all.is_none());
        match all {
            None => this.poke(),
            Some(e) if e == EAGAIN || e == ESHUTDOWN => (),
            // Whoever frees a seat pokes.
            Some(e) if e == EBUSY => this.server.counters.increment(Count::Full),
            // What is short now may be there when the sweep comes by.
            Some(e) => {
                this.server.counters.increment(Count::AcceptErrors);
                pr_warn_once!("cannot accept a connection: {e:?}; see /dev/khttpd for more\n");
            }
        }
    }
}
