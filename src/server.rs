// SPDX-License-Identifier: GPL-2.0-only

//! How a site is served: who listens, who is connected, and how both end.
//!
//! # Locks
//!
//! From the outside in: the [`InterruptibleMutex`], [`Server::config`], then the seats of the [`Registry`] or
//! the lock of a listener's socket. No socket's lock is held while one of these is taken. The lock of
//! the [`Crowd`] is taken within a connection's, and nothing within it.
//!
//! # Who refers to whom
//!
//! ```text
//! Running ─► Server ─► Registry ─► Connection ─► Seat ─► Server
//!                  └─► Acceptor ─► Server
//! ```
//!
//! The circles are broken by stopping: acceptors are forgotten, connections end and leave their
//! seats, and what is left of the server is [`Running`]'s alone.

mod acceptor;
mod change;
mod config;
mod connection;
mod counters;
mod crowd;
mod edition;
mod exchange;
mod outgoing;
mod prepared;
mod registry;
mod seat;
mod servers;
mod serving;
mod settings;
mod status;
mod stopwatch;

use self::{
    acceptor::Acceptor,
    config::Config,
    connection::Connection,
    counters::Counters,
    crowd::Crowd,
    edition::Edition,
    exchange::Turn,
    prepared::Prepared,
    registry::Registry,
    seat::Seat,
    settings::{
        Setting,
        Settings,
        TURN_EXPIRIES, //
    },
    status::Status,
    stopwatch::Stopwatch, //
};

pub(crate) use self::{
    change::{
        ConfigUpdate,
        UpdateError, //
    },
    servers::PerNet, //
};

use crate::{
    site::{
        self,
        Limits,
        LoadError,
        LoadProgress,
        Site,
        Sources, //
    },
    sys::{
        clock,
        interruptible_mutex::InterruptibleMutex,
        percpu::PerCpu,
        published::Published,
        tcp::{
            self,
            SendBuffers, //
        },
        text,
        workqueue::OwnedQueue, //
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
        rcu,
        Arc,
        ArcBorrow,
        Mutex, //
    },
    time::{
        hrtimer::{
            ArcHrTimerHandle,
            HrTimer,
            HrTimerCallback,
            HrTimerCallbackContext,
            HrTimerPointer,
            HrTimerRestart,
            RelativeMode, //
        },
        Delta,
        Instant,
        Monotonic, //
    },
    workqueue::{
        impl_has_work,
        new_work,
        Work,
        WorkItem, //
    }, //
};
use protocol::http::HostPattern;

/// A server and what it needs to serve.
#[pin_data]
pub(crate) struct Server {
    settings: Settings,
    // Before the queue, which drops it.
    edition: Published<Edition>,
    turns: PerCpu<Turn>,
    stopwatch: Stopwatch,
    buffers: SendBuffers,
    counters: Counters,
    queue: Arc<OwnedQueue>,
    #[pin]
    crowd: Crowd,
    /// When, in seconds of uptime, all connections end; until then they may finish what they are
    /// about. [`NEVER`] while the server is started.
    end_at: Setting,
    /// Who changes it is alone.
    #[pin]
    turnstile: InterruptibleMutex,
    #[pin]
    config: Mutex<Config>,
    /// How far the loading of a site has come, if one is being loaded.
    #[pin]
    loading: Mutex<Option<Arc<LoadProgress>>>,
    #[pin]
    registry: Registry,
    /// Once a second, for as long as the server runs.
    #[pin]
    timer: HrTimer<Self>,
    /// What the timer has done in process context.
    #[pin]
    sweep: Work<Self>,
    /// The seat from which the sweep goes on.
    swept: Atomic<usize>,
}

impl_has_hr_timer! {
    impl HasHrTimer<Self> for Server {
        mode: RelativeMode<Monotonic>, field: self.timer
    }
}

impl_has_work! {
    impl HasWork<Self> for Server { self.sweep }
}

/// Not while the machine is up.
const NEVER: u32 = u32::MAX;

/// How often connections are looked at whose time may be up.
fn sweep_interval() -> Delta {
    Delta::from_millis(1000)
}

impl Server {
    fn new(settings: Settings, site: Site, config: Config) -> Result<Arc<Self>> {
        let queue = Arc::new(OwnedQueue::new_percpu(c"khttpd")?, GFP_KERNEL)?;
        Arc::pin_init(
            try_pin_init!(Self {
                settings,
                edition: Published::new(Edition::new(site, &queue)?),
                turns: PerCpu::new()?,
                stopwatch: Stopwatch::new(),
                buffers: SendBuffers::new()?,
                counters: Counters::new()?,
                queue,
                crowd <- Crowd::new(),
                end_at: Setting::new(NEVER),
                turnstile <- InterruptibleMutex::new(),
                config <- new_mutex!(config),
                loading <- new_mutex!(None),
                registry <- Registry::new(),
                timer <- HrTimer::new(),
                sweep <- new_work!("Server::sweep"),
                swept: Atomic::new(0),
            }),
            GFP_KERNEL,
        )
    }

    /// Makes a site of `sources`; returns the milliseconds that it took, too. Process context,
    /// sleeps; a signal interrupts it.
    fn load(&self, sources: &Sources, old: Option<&Site>) -> Result<(Site, i64), LoadError> {
        let progress = Arc::new(LoadProgress::new(), GFP_KERNEL)?;
        *self.loading.lock() = Some(progress.clone());
        let begin = Instant::<Monotonic>::now();
        let loaded = site::load(sources, old, &progress);
        *self.loading.lock() = None;
        Ok((loaded?, begin.elapsed().as_millis()))
    }

    /// Who accepts at `address`, if anybody does. Process context, may sleep. Somebody else may have
    /// closed the listener, as `ss --kill` does: then another is needed.
    fn acceptor(&self, address: SocketAddr) -> Option<Arc<Acceptor>> {
        let config = self.config.lock();
        let mut acceptors = config.acceptors.iter();
        acceptors
            .find(|acceptor| acceptor.address == address && acceptor.listens())
            .cloned()
    }

    /// What is served now. Any context but hardirq.
    pub(crate) fn edition(&self) -> Arc<Edition> {
        Arc::from(self.edition.get(&rcu::read_lock()))
    }

    /// Lets the acceptors see whether somebody waits. Process context, may sleep.
    fn poke(&self) {
        self.config.lock().acceptors.iter().for_each(Acceptor::poke);
    }

    /// Goes on with the sweep when others have had their turns. Any context.
    fn continue_sweep(self: Arc<Self>) {
        let queue = self.queue.clone();
        let _ = queue.enqueue::<Arc<Self>, 0>(self);
    }

    /// Ends all that goes on. Process context, sleeps, but for no peer.
    fn stop(&self) {
        let acceptors = mem::take(&mut self.config.lock().acceptors);
        acceptors.iter().for_each(|acceptor| acceptor.stop());
        drop(acceptors);
        self.registry.close();
        // Items of the queue that are about to return have references to this server, and the
        // last one must not be dropped by an item of the queue that goes with it.
        self.quiesce();
        tcp::wait_for_callbacks();
    }

    /// Waits until no item of the queue refers any more to what has been stopped. One that runs
    /// meanwhile may queue itself once more, but not twice: then it finds that it has been stopped.
    /// Process context, sleeps.
    fn quiesce(&self) {
        self.queue.flush();
        self.queue.flush();
    }

    /// Lets the connections finish what they are about, and gives them the time that is set for
    /// it. Process context, may sleep.
    fn drain(&self) {
        if self.is_stopping() {
            return;
        }
        let seconds = self.settings.stop_seconds.get();
        self.end_at
            .set(clock::uptime_seconds().saturating_add(seconds));
        self.registry.for_each(Connection::poke);
    }

    /// Whether connections end as soon as they are about nothing. Any context.
    #[inline]
    fn is_stopping(&self) -> bool {
        self.end_at.get() != NEVER
    }

    /// Lets the connections stay, and those that come. Any context.
    fn take_back_drain(&self) {
        self.end_at.set(NEVER);
    }

    /// What is configured, in the language of the control node, and what has happened, as
    /// comments. Process context, may sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(crate) fn status(&self) -> Result<KVec<u8>> {
        let config = self.config.lock();
        text::render(fmt!(
            "{}",
            Status {
                server: self,
                config: &config,
            }
        ))
    }

    /// Tells the log what is served and where. Process context, may sleep.
    pub(crate) fn announce(&self) {
        let config = self.config.lock();
        let files = self.edition().len();
        match config.acceptors.is_empty() {
            true => pr_info!("{files} files are loaded, but it does not listen\n"),
            false => pr_info!("serving {files} files at{}\n", Places(&config.acceptors)),
        }
    }

    /// Shows, in the status, why commands were refused, until some are carried out. Process
    /// context, may sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(crate) fn remember_refusal(&self, line: &[u8]) -> Result {
        let mut config = self.config.lock();
        config.refusal.clear();
        Ok(config.refusal.extend_from_slice(line, GFP_KERNEL)?)
    }

    /// Where the relay connects to. Process context, may sleep.
    pub(crate) fn relay(&self) -> SocketAddr {
        self.config.lock().relay
    }
}

/// Where these accept.
struct Places<'a>(&'a [Arc<Acceptor>]);

impl fmt::Display for Places<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0
            .iter()
            .try_for_each(|acceptor| write!(f, " {}", acceptor.address))
    }
}

impl HrTimerCallback for Server {
    type Pointer<'a> = Arc<Self>;

    fn run(
        this: ArcBorrow<'_, Self>,
        mut context: HrTimerCallbackContext<'_, Self>,
    ) -> HrTimerRestart {
        // Hardirq. If the last sweep has not ended yet, it does for both.
        let _ = this.queue.enqueue::<Arc<Self>, 0>(Arc::from(this));
        context.forward_now(sweep_interval());
        HrTimerRestart::Restart
    }
}

impl WorkItem for Server {
    type Pointer = Arc<Self>;

    /// Wakes the connections whose time is up, and acceptors that gave up for want of memory.
    ///
    /// Where there are thousands of them, others take turns: to end a connection takes as long as to
    /// answer some requests.
    fn run(this: Arc<Self>) {
        let now = clock::uptime_seconds();
        let from = this.swept.load(Relaxed);
        let next = this.registry.visit(from, TURN_EXPIRIES, |connection| {
            if this.end_at.get() <= now {
                connection.end();
            } else if connection.is_due(now) {
                connection.poke();
            } else {
                return false;
            }
            true
        });
        this.swept.store(next.unwrap_or(0), Relaxed);
        match next {
            Some(_) => this.continue_sweep(),
            None => this.poke(),
        }
    }
}

/// A server that runs; it stops, with all its connections, when this is dropped.
pub(crate) struct Running {
    server: Arc<Server>,
    timer: Option<ArcHrTimerHandle<Server>>,
}

impl Running {
    /// Starts to serve the built-in site, but listens nowhere. Process context, may sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM`; nothing is left behind.
    pub(crate) fn start(settings: Settings, bounds: Limits) -> Result<Self, LoadError> {
        let mut sources = Sources::new(bounds);
        sources.set_root(b"built-in", HostPattern::Any)?;
        let begin = Instant::<Monotonic>::now();
        let site = site::load(&sources, None, &LoadProgress::new())?;
        let config = Config::new(sources, begin.elapsed().as_millis());
        let server = Server::new(settings, site, config)?;
        // From here on dropping this is what undoes it all.
        Ok(Self {
            timer: Some(server.clone().start(sweep_interval())),
            server,
        })
    }

    /// The server that runs.
    pub(crate) fn server(&self) -> &Arc<Server> {
        &self.server
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.timer.take());
        self.server.stop();
    }
}
