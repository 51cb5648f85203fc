// SPDX-License-Identifier: GPL-2.0-only

//! Serves a site: listeners, connections, configuration, statistics.
//!
//! # Locks
//!
//! From the outside in: [`Server::updates`], [`Server::config`], then [`Server::loading`], what is
//! watched, or the lock of a listener's socket. Within any of them, and within the lock of a
//! connection's socket, the spinlocks of the connection table, of ended connections and of the TLS
//! agent, within which none is taken.
//!
//! The state of an adopted connection has a mutex. Within it are taken the lock of the socket, that
//! of the socket's wait queue, and, as within [`Server::config`], that of the [`AdoptedSet`] or of its
//! queue of connections that go back, none of the two within the other.
//!
//! # References
//!
//! ```text
//! ServerHandle ─► Server ─► ConnectionPool ─► Connection ─► Slot ─► ConnectionPool
//!                   │              └─► Server (as owner of the table)
//!                   ├─► AdoptedSet ─► AdoptedConnection ─► AdoptedSet, Slot
//!                   ├─► SiteWatch ─► Server
//!                   └─► Acceptor ─► ConnectionPool
//! ```
//!
//! [`Server::stop`] breaks the circles: the watch and the acceptors are dropped, connections are
//! aborted and leave their slots, the table forgets its owner. Once the work items of all servers
//! have returned, what remains belongs to the handle alone.

mod access_log;
mod adoption;
mod config;
mod conn;
mod handle;
mod limits;
mod listen;
mod log_node;
mod old_sites;
mod per_net;
mod reload;
mod server_core;
mod site_snapshot;
mod stats;
mod sweep;
mod table_owner;
mod template;
mod tls_agent;
mod watch;

pub(crate) use self::{
    access_log::LogReader,
    config::{
        ConfigUpdate,
        PreparedUpdate,
        UpdateError, //
    },
    per_net::PerNet, //
};

use self::{
    config::ActiveConfig,
    conn::{
        AdoptedConnection,
        AdoptedSet,
        Connection,
        ConnectionPool,
        Timed, //
    },
    listen::Acceptor,
    stats::StatusText, //
};
use crate::{
    site::{
        load::{
            LoadError,
            LoadProgress,
            Sources,
            TreeWatch, //
        },
        Site, //
    },
    sys::{
        clock,
        fs::FsPath,
        interruptible_mutex::InterruptibleMutex,
        log::UserLog,
        memory_group::MemoryGroup,
        text::{
            self,
            Text, //
        },
        trace, //
    }, //
};
use core::{
    mem,
    net::SocketAddr, //
};
use kernel::{
    fmt,
    impl_has_hr_timer,
    new_mutex,
    prelude::*,
    sync::{
        atomic::{
            ordering::Relaxed,
            Atomic, //
        },
        Arc,
        Mutex, //
    },
    time::{
        hrtimer::{
            HrTimer,
            RelativeMode, //
        },
        Instant,
        Monotonic, //
    },
    workqueue::{
        impl_has_work,
        new_work,
        Work, //
    }, //
};

/// The server of one network namespace.
#[pin_data]
pub(crate) struct Server {
    pool: Arc<ConnectionPool<Connection>>,
    adopted: Arc<AdoptedSet<AdoptedConnection>>,
    /// Serializes updates of the configuration.
    #[pin]
    updates: InterruptibleMutex,
    #[pin]
    config: Mutex<ActiveConfig>,
    /// The progress of a site that is being loaded.
    #[pin]
    loading: Mutex<Option<Arc<LoadProgress>>>,
    /// Queues the sweep once a second while the server runs.
    #[pin]
    timer: HrTimer<Self>,
    #[pin]
    sweep: Work<Self>,
    /// Kicks the acceptors, of which one has found no free slot.
    #[pin]
    retry: Work<Self, 1>,
    /// The number of times that the acceptors were kicked.
    kicks: Atomic<usize>,
    /// The control group of the task that has created the server. Rendered pages are charged to it.
    payer: MemoryGroup,
    /// The second since 1970 in which the server was created.
    start_seconds: u64,
    /// The slot that the sweep continues from.
    sweep_slot: Atomic<usize>,
    /// The number of the adopted connection that the sweep continues from.
    sweep_adopted: Atomic<usize>,
    /// The deadline up to which the sweep gives up unfinished requests.
    shed_deadline: Atomic<u32>,
}

impl_has_hr_timer! {
    impl HasHrTimer<Self> for Server {
        mode: RelativeMode<Monotonic>, field: self.timer
    }
}

impl_has_work! {
    impl HasWork<Self> for Server { self.sweep }
    impl HasWork<Self, 1> for Server { self.retry }
}

impl Server {
    /// Creates a server that is not started.
    fn new(pool: Arc<ConnectionPool<Connection>>, config: ActiveConfig) -> Result<Arc<Self>> {
        let adopted = AdoptedSet::new(pool.clone())?;
        Arc::pin_init(
            pin_init!(Self {
                pool,
                adopted,
                updates <- InterruptibleMutex::new(),
                config <- new_mutex!(config),
                loading <- new_mutex!(None),
                timer <- HrTimer::new(),
                sweep <- new_work!("Server::sweep"),
                retry <- new_work!("Server::retry"),
                kicks: Atomic::new(0),
                payer: MemoryGroup::current(),
                start_seconds: clock::real_seconds(),
                sweep_slot: Atomic::new(0),
                sweep_adopted: Atomic::new(0),
                shed_deadline: Atomic::new(0),
            }),
            GFP_KERNEL_ACCOUNT,
        )
    }

    /// Makes the server the owner of its connection table, until [`Server::stop`].
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    fn own_table(self: &Arc<Self>) {
        self.pool.table.set_owner(self.clone());
    }

    /// Loads a site from `sources`, and returns it with the milliseconds that this took. Paths begin
    /// at `base`, `old` is the site to share contents with, and `watch` watches the files.
    ///
    /// # Context
    ///
    /// Process context, may sleep. A signal interrupts it.
    fn load(
        &self,
        sources: &Sources,
        base: &FsPath,
        old: Option<&Site>,
        watch: Option<&mut TreeWatch>,
    ) -> Result<(Site, i64), LoadError> {
        let progress = Arc::new(LoadProgress::new(), GFP_KERNEL)?;
        *self.loading.lock() = Some(progress.clone());
        let begin = Instant::<Monotonic>::now();
        let loaded = Site::load(sources, base, old, &progress, watch);
        *self.loading.lock() = None;
        let milliseconds = begin.elapsed().as_millis();
        let sizes = loaded.as_ref().map(|site| (site.len(), site.footprint()));
        trace::load(sizes.map_err(LoadError::errno), milliseconds);
        Ok((loaded?, milliseconds))
    }

    /// Returns the acceptor of `address`, if its socket still listens.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    fn acceptor(&self, address: SocketAddr) -> Option<Arc<Acceptor>> {
        let config = self.config.lock();
        let mut acceptors = config.acceptors.iter();
        acceptors
            .find(|acceptor| acceptor.address() == address && acceptor.listens())
            .cloned()
    }

    /// Has the acceptors look at their backlogs, each time another one first, so that no listener
    /// takes all slots that become free.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    fn kick_acceptors(&self) {
        let acceptors = &self.config.lock().acceptors;
        let count = acceptors.len();
        let first = self.kicks.fetch_add(1, Relaxed) % count.max(1);
        let in_turn = acceptors.iter().cycle().skip(first).take(count);
        in_turn.for_each(|acceptor| acceptor.kick());
    }

    /// Ends the watch, closes all listeners and connections, and waits until no connection is left.
    /// It waits for no peer, and for no grace period.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    fn stop(&self) {
        // Without the lock, which the thread may be waiting for.
        let watch = self.config.lock().watch.take();
        drop(watch);
        let acceptors = mem::take(&mut self.config.lock().acceptors);
        acceptors.iter().for_each(|acceptor| acceptor.stop());
        acceptors.iter().for_each(|acceptor| acceptor.wait());
        drop(acceptors);
        self.adopted.close();
        self.pool.table.close();
        self.pool.core.log.close();
    }

    /// Begins draining: lets the connections finish their requests until the stop timeout expires.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    fn drain(&self) {
        if self.pool.core.begin_draining() {
            self.pool.table.for_each(Connection::kick);
            self.adopted.for_each(AdoptedConnection::kick);
        }
    }

    /// Retires the oldest sites beyond `max-old-sites`: resets the connections that still use them.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    fn retire_old_sites(&self) {
        let max = self.pool.core.settings.max_old_sites.get();
        // CAST: Wider than 32 bits.
        if self.config.lock().old_sites.retire(max as usize) {
            self.pool.table.for_each(Connection::kick_sending);
            self.adopted.for_each(AdoptedConnection::kick_sending);
        }
    }

    /// Renders the configuration as commands of the control node, and the statistics as comments.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(crate) fn status(&self) -> Result<Text> {
        let config = self.config.lock();
        let loading = self.loading.lock().clone();
        text::render(fmt!(
            "{}",
            StatusText {
                pool: &self.pool,
                adopted: &self.adopted,
                config: &config,
                loading: loading.as_deref(),
            }
        ))
    }

    /// Tells `log` the size of the site and the addresses of the listeners.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    pub(crate) fn announce(&self, log: UserLog) {
        let config = self.config.lock();
        let files = self.pool.core.snapshot().len();
        if config.acceptors.is_empty() {
            log.info(fmt!("{files} files loaded, not listening"));
        } else {
            let addresses = AddressList(&config.acceptors);
            log.info(fmt!("{files} files loaded, listening on{addresses}"));
        }
    }

    /// Shows the error message `line` in the status text until an update succeeds.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(crate) fn remember_refusal(&self, line: &[u8]) -> Result {
        let mut config = self.config.lock();
        config.refusal.clear();
        Ok(config.refusal.extend_from_slice(line, GFP_KERNEL)?)
    }

    /// Returns the peer of the relay.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    pub(crate) fn relay(&self) -> SocketAddr {
        self.config.lock().relay
    }
}

/// The addresses of acceptors, each after a space.
struct AddressList<'a>(&'a [Arc<Acceptor>]);

impl fmt::Display for AddressList<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|acceptor| {
            let tls = if acceptor.is_tls() { " (TLS)" } else { "" };
            write!(f, " {}{tls}", acceptor.address())
        })
    }
}
