// SPDX-License-Identifier: GPL-2.0-only

//! Accepts the connections of one listener.

use super::super::{
    conn::{
        Connection,
        ConnectionPool,
        Slot, //
    },
    limits::{
        ACCEPT_BUDGET,
        CROWD_MILLISECONDS, //
    },
    stats::Count, //
};
use crate::sys::{
    clock,
    memory_group::MemoryGroup,
    net::Net,
    tcp::{
        ListenHandler,
        Listener, //
    },
    workqueue, //
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

/// A listener and the work item that accepts its connections.
#[pin_data]
pub(crate) struct Acceptor {
    listener: Listener<Self>,
    /// The address that the listener was configured with.
    pub(crate) address: SocketAddr,
    pool: Arc<ConnectionPool<Connection>>,
    /// The control group of the task that has bound the listener.
    payer: MemoryGroup,
    /// The time since which the work item is queued, by [`clock::coarse_milliseconds`].
    queued_at: Atomic<u32>,
    /// Set when the acceptor accepts connections.
    opened: Atomic<bool>,
    /// Set when the acceptor must accept no more connections.
    stopped: Atomic<bool>,
    #[pin]
    work: Work<Self>,
}

impl_has_work! {
    impl HasWork<Self> for Acceptor { self.work }
}

impl Acceptor {
    /// Binds a listener to `address` in `net`. The control group of the calling task is charged for
    /// its connections. In a kernel without IPv6, the unspecified IPv6 address means the unspecified
    /// IPv4 address.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    ///
    /// # Errors
    ///
    /// The errors of [`Listener::bind`], and `ENOMEM`.
    pub(crate) fn bind(
        pool: &Arc<ConnectionPool<Connection>>,
        net: &Net,
        address: SocketAddr,
    ) -> Result<Arc<Self>> {
        let listener = match Listener::bind(net, address) {
            Err(e) if e == EAFNOSUPPORT && address.ip().is_unspecified() => {
                let all = SocketAddr::from((Ipv4Addr::UNSPECIFIED, address.port()));
                Listener::bind(net, all)
            }
            other => other,
        }?;
        Arc::pin_init(
            pin_init!(Self {
                listener,
                address,
                pool: pool.clone(),
                payer: MemoryGroup::current(),
                queued_at: Atomic::new(0),
                opened: Atomic::new(false),
                stopped: Atomic::new(false),
                work <- new_work!("Acceptor::work"),
            }),
            GFP_KERNEL_ACCOUNT,
        )
    }

    /// Listens, unless it was opened; accepts nothing before [`Acceptor::open`].
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    ///
    /// # Errors
    ///
    /// Those of [`Listener::listen`].
    pub(crate) fn listen(&self) -> Result {
        // A listener that `ss --kill` has closed since must not listen again: its children would be
        // shut down from the beginning.
        if self.opened.load(Relaxed) {
            return Ok(());
        }
        self.listener.listen(self.pool.core.settings.backlog)
    }

    /// Returns whether the socket still listens. `ss --kill` can close it.
    ///
    /// # Context
    ///
    /// Any context.
    pub(crate) fn listens(&self) -> bool {
        self.listener.listens()
    }

    /// Accepts from now on, if it did not before.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    pub(crate) fn open(self: &Arc<Self>) {
        self.opened.store(true, Relaxed);
        self.listener.attach(self.clone());
        // A connection may have come in before the callback was attached.
        self.kick();
    }

    /// Queues the work item, which looks at the backlog.
    ///
    /// # Context
    ///
    /// Any context.
    pub(crate) fn kick(self: &Arc<Self>) {
        // If it is queued already it will look.
        self.enqueue();
    }

    /// Queues the work item; returns `false` if it is queued already.
    fn enqueue(self: &Arc<Self>) -> bool {
        let queued = self.pool.core.queue.enqueue(self.clone()).is_ok();
        if queued {
            self.queued_at.store(clock::coarse_milliseconds(), Relaxed);
        }
        queued
    }

    /// Returns the milliseconds since which the work item is queued.
    fn milliseconds_queued(&self) -> u32 {
        let since = self.queued_at.load(Relaxed);
        clock::coarse_milliseconds().wrapping_sub(since)
    }

    /// Accepts no more connections, once a work item that runs at present has returned;
    /// [`Acceptor::wait`] waits for it.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    pub(crate) fn stop(&self) {
        self.stopped.store(true, Relaxed);
        drop(self.listener.detach());
    }

    /// Waits until the work item of an acceptor that was stopped, and that nothing else can kick, has
    /// returned for the last time.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    pub(crate) fn wait(&self) {
        // A run that has accepted meanwhile may have queued itself once more, but not twice.
        workqueue::flush(&self.work);
        workqueue::flush(&self.work);
    }

    /// Accepts one connection.
    fn accept(&self) -> Result {
        if self.stopped.load(Relaxed) {
            return Err(ESHUTDOWN);
        }
        // Checked first, because a failed accept allocates a socket, too.
        if !self.listener.has_incoming() {
            return Err(EAGAIN);
        }
        let slot = Slot::reserve(&self.pool)?;
        let socket = self.listener.accept()?;
        self.pool.core.counters.increment(Count::Accepted);
        Connection::start(slot, socket)
    }
}

impl ListenHandler for Acceptor {
    fn on_connection(this: ArcBorrow<'_, Self>) {
        let this = Arc::from(this);
        if !this.enqueue() && this.milliseconds_queued() >= CROWD_MILLISECONDS {
            this.pool.crowd.gather();
            // The run that was waited for may have passed meanwhile.
            this.kick();
        }
    }
}

impl WorkItem for Acceptor {
    type Pointer = Arc<Self>;

    fn run(this: Arc<Self>) {
        let end = this
            .payer
            .charge(|| (0..ACCEPT_BUDGET).find_map(|_| this.accept().err()));
        this.pool.crowd.poll_all(end.is_none());
        match end {
            None => this.kick(),
            Some(e) if e == EAGAIN || e == ESHUTDOWN => (),
            // The connection that frees a slot kicks.
            Some(e) if e == EBUSY => this.pool.core.counters.increment(Count::Full),
            // Resource errors are retried by the periodic sweep.
            Some(e) => {
                this.pool.core.counters.increment(Count::AcceptErrors);
                pr_warn_once!(
                    "cannot accept a connection: {e:?}; /dev/khttpd counts accept-errors\n"
                );
            }
        }
    }
}
