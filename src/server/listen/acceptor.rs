// SPDX-License-Identifier: GPL-2.0-only

//! Accepts the connections of one listener, in softirq.

use super::super::{
    conn::{
        Connection,
        ConnectionPool, //
    },
    limits::ACCEPT_BUDGET,
    stats::Count, //
};
use crate::sys::{
    clock,
    errno::{
        EAFNOSUPPORT,
        ESHUTDOWN, //
    },
    memory_group::MemoryGroup,
    net::Net,
    percpu::EachCpu,
    softirq::{
        self,
        BhDisabled, //
    },
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

/// A listener and the work items that accept its connections, one for each CPU: as a rule the CPU
/// that has received the last packet of a handshake accepts the connection, and serves its first
/// request.
pub(crate) struct Acceptor {
    backlog: Arc<Backlog>,
    workers: EachCpu<Arc<AcceptWorker>>,
}

/// A listener, with what its work items share.
struct Backlog {
    listener: Listener<Acceptor>,
    /// The address that the listener was configured with.
    address: SocketAddr,
    pool: Arc<ConnectionPool<Connection>>,
    /// The control group of the task that has bound the listener.
    payer: MemoryGroup,
    /// Set while clients speak TLS, so that the connections are for the agent.
    is_tls: Atomic<bool>,
    /// Set when connections are accepted.
    opened: Atomic<bool>,
    /// Set when no more connections must be accepted.
    stopped: Atomic<bool>,
}

/// The work item of a CPU.
#[pin_data]
struct AcceptWorker {
    backlog: Arc<Backlog>,
    #[pin]
    work: Work<Self>,
}

impl_has_work! {
    impl HasWork<Self> for AcceptWorker { self.work }
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
        let backlog = Backlog {
            listener,
            address,
            pool: pool.clone(),
            payer: MemoryGroup::current(),
            is_tls: Atomic::new(false),
            opened: Atomic::new(false),
            stopped: Atomic::new(false),
        };
        let backlog = Arc::new(backlog, GFP_KERNEL_ACCOUNT)?;
        let worker = || AcceptWorker::new(backlog.clone());
        let workers = EachCpu::new(worker, GFP_KERNEL_ACCOUNT)?;
        Ok(Arc::new(Self { backlog, workers }, GFP_KERNEL_ACCOUNT)?)
    }

    /// Returns the address that the listener was configured with.
    pub(crate) fn address(&self) -> SocketAddr {
        self.backlog.address
    }

    /// Returns whether the connections are for the TLS agent.
    pub(crate) fn is_tls(&self) -> bool {
        self.backlog.is_tls.load(Relaxed)
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
        let Backlog { listener, pool, .. } = &*self.backlog;
        // A listener that `ss --kill` has closed since must not listen again: its children would be
        // shut down from the beginning.
        if self.backlog.opened.load(Relaxed) {
            return Ok(());
        }
        listener.listen(pool.core.settings.backlog)
    }

    /// Returns whether the socket still listens. `ss --kill` can close it.
    ///
    /// # Context
    ///
    /// Any context.
    pub(crate) fn listens(&self) -> bool {
        self.backlog.listener.listens()
    }

    /// Accepts from now on, if it did not before. With `is_tls`, connections are for the TLS agent,
    /// also those that wait to be accepted.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    pub(crate) fn open(self: &Arc<Self>, is_tls: bool) {
        // Locks order it for each connection that a client begins after the update: those by which
        // the client learns of the update, and those that hand on its SYN.
        self.backlog.is_tls.store(is_tls, Relaxed);
        self.backlog.opened.store(true, Relaxed);
        self.backlog.listener.attach(self.clone());
        // A connection may have come in before the callback was attached, or before there was an agent.
        self.kick();
    }

    /// Has the work item of this CPU look at the accept queue.
    ///
    /// # Context
    ///
    /// Any context.
    pub(crate) fn kick(&self) {
        self.workers.current().kick();
    }

    /// Accepts no more connections, once the work items that run at present have returned;
    /// [`Acceptor::wait`] waits for them.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    pub(crate) fn stop(&self) {
        self.backlog.stopped.store(true, Relaxed);
        drop(self.backlog.listener.detach());
    }

    /// Waits until the work items of an acceptor that was stopped, and that nothing else can kick,
    /// have returned for the last time. The last reference must be dropped after that, because they
    /// run in softirq.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    pub(crate) fn wait(&self) {
        for worker in self.workers.iter() {
            // A run that has accepted meanwhile may have queued itself once more, but not twice.
            workqueue::flush(&worker.work);
            workqueue::flush(&worker.work);
        }
    }
}

impl ListenHandler for Acceptor {
    fn on_connection(this: ArcBorrow<'_, Self>) {
        this.kick();
    }
}

impl Backlog {
    /// Accepts connections until there are no more, or the budget or the tick is used up: other
    /// softirqs wait meanwhile.
    ///
    /// # Errors
    ///
    /// `EAGAIN` if there are no more, `ESHUTDOWN` if the listener was stopped, and those of
    /// [`Connection::accept`].
    fn accept_all(&self, bh: &BhDisabled) -> Result {
        let begin = clock::ticks();
        for _ in 0..ACCEPT_BUDGET {
            self.accept(bh)?;
            if clock::ticks() != begin {
                break;
            }
        }
        Ok(())
    }

    /// Accepts one connection, and serves the requests that have come in, or leaves it to the TLS
    /// agent.
    fn accept(&self, bh: &BhDisabled) -> Result {
        if self.stopped.load(Relaxed) {
            return Err(ESHUTDOWN);
        }
        // Checked first, because a failed accept allocates memory, too.
        if !self.listener.has_incoming() {
            return Err(EAGAIN);
        }
        let agent = if self.is_tls.load(Relaxed) {
            // An update that takes the agent away opens the listener anew, or closes it.
            Some(self.pool.core.tls_agent.address_bh(bh).ok_or(EAGAIN)?)
        } else {
            None
        };
        Connection::accept(&self.pool, &self.listener, agent, bh)
    }
}

impl AcceptWorker {
    fn new(backlog: Arc<Backlog>) -> Result<Arc<Self>> {
        Arc::pin_init(
            pin_init!(Self {
                backlog,
                work <- new_work!("AcceptWorker::work"),
            }),
            GFP_KERNEL_ACCOUNT,
        )
    }

    /// Queues the work item.
    fn kick(self: &Arc<Self>) {
        let queue = &self.backlog.pool.core.softirq_queue;
        // If it is queued already it will look.
        let _ = queue.enqueue(self.clone());
    }
}

impl WorkItem for AcceptWorker {
    type Pointer = Arc<Self>;

    /// Accepts connections. Softirq context.
    fn run(this: Arc<Self>) {
        let Backlog { pool, payer, .. } = &*this.backlog;
        let accepted = payer.charge(|| softirq::disabled(|bh| this.backlog.accept_all(bh)));
        match accepted {
            Ok(()) => this.kick(),
            Err(e) if e == EAGAIN || e == ESHUTDOWN => (),
            // The connection that frees a slot kicks.
            Err(e) if e == EBUSY => pool.core.counters.increment(Count::Full),
            // Resource errors are retried by the periodic sweep.
            Err(e) => {
                pool.core.counters.increment(Count::AcceptErrors);
                pr_warn_once!(
                    "cannot accept a connection: {e:?}; /dev/khttpd counts accept-errors\n"
                );
            }
        }
    }
}
