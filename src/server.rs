// SPDX-License-Identifier: GPL-2.0-only

//! How a site is served: who listens, who is connected, and how both end.
//!
//! # Locks
//!
//! From the outside in: [`Server::acceptors`], then the seats of the [`Registry`]. Neither is
//! held while a socket is locked, and a socket's lock is never held while one of them is taken.
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
mod connection;
mod counters;
mod edition;
mod exchange;
mod outgoing;
mod registry;
mod seat;
mod settings;

use self::{
    acceptor::Acceptor,
    connection::Connection,
    counters::{
        Count,
        Counters, //
    },
    edition::Edition,
    exchange::Turn,
    registry::Registry,
    seat::Seat, //
};

pub(crate) use self::settings::Settings;

use crate::{
    site::Site,
    sys::{
        clock,
        percpu::PerCpu,
        published::Published,
        tcp::{
            self,
            SendBuffers, //
        },
        workqueue::OwnedQueue, //
    }, //
};
use core::{
    mem,
    net::{
        IpAddr,
        Ipv4Addr,
        SocketAddr, //
    }, //
};
use kernel::{
    fmt,
    impl_has_hr_timer,
    new_mutex,
    prelude::*,
    str::CString,
    sync::{
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
        Monotonic, //
    },
    workqueue::{
        impl_has_work,
        new_work,
        Work,
        WorkItem, //
    }, //
};

/// A server and what it needs to serve.
#[pin_data]
pub(crate) struct Server {
    settings: Settings,
    // Before the queue, which drops it.
    edition: Published<Edition>,
    turns: PerCpu<Turn>,
    buffers: SendBuffers,
    counters: Counters,
    queue: Arc<OwnedQueue>,
    #[pin]
    acceptors: Mutex<KVec<Arc<Acceptor>>>,
    #[pin]
    registry: Registry,
    /// Once a second, for as long as the server runs.
    #[pin]
    timer: HrTimer<Self>,
    /// What the timer has done in process context.
    #[pin]
    sweep: Work<Self>,
}

impl_has_hr_timer! {
    impl HasHrTimer<Self> for Server {
        mode: RelativeMode<Monotonic>, field: self.timer
    }
}

impl_has_work! {
    impl HasWork<Self> for Server { self.sweep }
}

/// How often connections are looked at whose time may be up.
fn sweep_interval() -> Delta {
    Delta::from_millis(1000)
}

impl Server {
    fn new(settings: Settings, site: Site) -> Result<Arc<Self>> {
        let queue = Arc::new(OwnedQueue::new_percpu(c"khttpd")?, GFP_KERNEL)?;
        Arc::pin_init(
            try_pin_init!(Self {
                settings,
                edition: Published::new(Edition::new(site, &queue)?),
                turns: PerCpu::new()?,
                buffers: SendBuffers::new()?,
                counters: Counters::new()?,
                queue,
                acceptors <- new_mutex!(KVec::new()),
                registry <- Registry::new(),
                timer <- HrTimer::new(),
                sweep <- new_work!("Server::sweep"),
            }),
            GFP_KERNEL,
        )
    }

    /// Listens at `address`; where the kernel knows no IPv6, "all of both" is all of IPv4.
    fn listen(self: &Arc<Self>, address: SocketAddr) -> Result {
        let mut acceptors = self.acceptors.lock();
        acceptors.reserve(1, GFP_KERNEL)?;
        let acceptor = match Acceptor::start(self, address) {
            Err(e) if e == EAFNOSUPPORT && address.ip().is_unspecified() => {
                let any = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
                Acceptor::start(self, SocketAddr::new(any, address.port()))
            }
            other => other,
        }?;
        acceptors.push(acceptor, GFP_KERNEL)?;
        Ok(())
    }

    /// What is served now. Any context but hardirq.
    pub(crate) fn edition(&self) -> Arc<Edition> {
        Arc::from(self.edition.get(&rcu::read_lock()))
    }

    /// Serves `site` from now on; replies that have begun are finished with what they began with.
    /// Process context, sleeps for a grace period.
    ///
    /// # Errors
    ///
    /// `ENOMEM`; nothing is changed then.
    #[expect(dead_code, reason = "the command that calls it is on its way")]
    pub(crate) fn publish(&self, site: Site) -> Result {
        drop(self.edition.replace(Edition::new(site, &self.queue)?));
        Ok(())
    }

    /// Lets the acceptors see whether somebody waits. Process context, may sleep.
    fn poke(&self) {
        self.acceptors.lock().iter().for_each(Acceptor::poke);
    }

    /// Ends all that goes on. Process context, sleeps, but for no peer.
    fn stop(&self) {
        let acceptors = mem::take(&mut *self.acceptors.lock());
        acceptors.iter().for_each(|acceptor| acceptor.stop());
        drop(acceptors);
        self.registry.close();
        // Items of the queue that are about to return have references to this server, and the
        // last one must not be dropped by an item of the queue that goes with it.
        self.queue.flush();
        tcp::wait_for_callbacks();
    }

    /// The state as text: what is configured, in the language of the control node, and what has
    /// happened, as comments. Process context, may sleep.
    pub(crate) fn status(&self) -> Result<KVec<u8>> {
        let edition = self.edition();
        let acceptors = self.acceptors.lock();
        let text = CString::try_from_fmt(fmt!(
            "# khttpd {}\n{}max-connections {}\n# connections {}\n# accepted {}\n\
             # accept-errors {}\n# requests {}\n# bytes {}\n# entries {}\n# memory {}\n",
            crate::VERSION,
            Listening(&acceptors),
            self.settings.max_connections.get(),
            self.registry.len(),
            self.counters.total(Count::Accepted),
            self.counters.total(Count::AcceptErrors),
            self.counters.replies(),
            self.counters.total(Count::Bytes),
            edition.len(),
            edition.footprint(),
        ))?;
        let mut bytes = KVec::new();
        bytes.extend_from_slice(text.to_bytes(), GFP_KERNEL)?;
        Ok(bytes)
    }
}

/// The commands that make these acceptors.
struct Listening<'a>(&'a [Arc<Acceptor>]);

impl fmt::Display for Listening<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0
            .iter()
            .try_for_each(|acceptor| writeln!(f, "listen {}", acceptor.address))
    }
}

impl HrTimerCallback for Server {
    type Pointer<'a> = Arc<Self>;

    fn run(
        this: ArcBorrow<'_, Self>,
        mut context: HrTimerCallbackContext<'_, Self>,
    ) -> HrTimerRestart {
        // Hardirq. If the last sweep has not begun yet, it does for both.
        let _ = this.queue.enqueue::<Arc<Self>, 0>(Arc::from(this));
        context.forward_now(sweep_interval());
        HrTimerRestart::Restart
    }
}

impl WorkItem for Server {
    type Pointer = Arc<Self>;

    /// Wakes the connections whose time is up, and acceptors that gave up for want of memory.
    fn run(this: Arc<Self>) {
        let now = clock::uptime_seconds();
        this.registry.for_each(|connection| {
            if connection.is_due(now) {
                connection.poke();
            }
        });
        this.poke();
    }
}

/// A server that runs; it stops, with all its connections, when this is dropped.
pub(crate) struct Running {
    server: Arc<Server>,
    timer: Option<ArcHrTimerHandle<Server>>,
}

impl Running {
    /// Starts to serve `site`, at `listen` if that is given. Process context, may sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM`, and what `bind(2)` says of the address; nothing is left behind.
    pub(crate) fn start(
        settings: Settings,
        listen: Option<SocketAddr>,
        site: Site,
    ) -> Result<Self> {
        let server = Server::new(settings, site)?;
        // From here on dropping `this` is what undoes it all.
        let this = Self {
            timer: Some(server.clone().start(sweep_interval())),
            server,
        };
        if let Some(address) = listen {
            this.server.listen(address)?;
        }
        Ok(this)
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
