// SPDX-License-Identifier: GPL-2.0-only

//! The part of a server that its connections and listeners use.

use super::{
    access_log::AccessLog,
    config::{
        Setting,
        Settings, //
    },
    conn::CpuScratch,
    site_snapshot::SiteSnapshot,
    stats::{
        Counters,
        SoftirqLatency, //
    },
    tls_agent::TlsAgent, //
};
use crate::{
    site::Site,
    sys::{
        clock,
        percpu::PerCpu,
        published::Published,
        tcp::SendBuffers,
        workqueue::OwnedQueue, //
    }, //
};
use kernel::{
    prelude::*,
    sync::{
        rcu,
        Arc, //
    }, //
};

/// The value of [`ServerCore::end_at`] of a server that is not draining.
const NEVER: u32 = u32::MAX;

/// The state of a server that requests use: settings, site, counters, and per-CPU memory.
pub(super) struct ServerCore {
    pub(super) settings: Settings,
    /// The published site. Declared before the queue: its drop queues the item that frees it.
    pub(super) snapshot: Published<SiteSnapshot>,
    /// The scratch memory of all servers.
    pub(super) scratch: Arc<PerCpu<CpuScratch>>,
    pub(super) latency: SoftirqLatency,
    /// The send buffers of all servers.
    pub(super) buffers: Arc<SendBuffers>,
    pub(super) counters: Counters,
    pub(super) log: AccessLog,
    /// The process that gets the connections of TLS listeners.
    pub(super) tls_agent: Arc<TlsAgent>,
    /// The workqueue of the adopted connections of all servers.
    pub(super) adopted_queue: Arc<OwnedQueue>,
    /// The workqueue of all other work items of all servers.
    pub(super) queue: Arc<OwnedQueue>,
    /// The workqueue of the acceptors of all servers, whose work items run in softirq.
    pub(super) softirq_queue: Arc<OwnedQueue>,
    /// The end of draining, in seconds of uptime; [`NEVER`] while the server is started.
    end_at: Setting,
}

impl ServerCore {
    /// Creates the core of a server that serves `site`, and what other servers will share with it.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(super) fn new(settings: Settings, site: Site) -> Result<Self> {
        let queue = Arc::new(OwnedQueue::new_percpu(c"khttpd")?, GFP_KERNEL)?;
        Ok(Self {
            settings,
            snapshot: Published::new(SiteSnapshot::permanent(site, &queue)?),
            scratch: Arc::new(PerCpu::new()?, GFP_KERNEL)?,
            latency: SoftirqLatency::new(),
            buffers: Arc::new(SendBuffers::new()?, GFP_KERNEL)?,
            counters: Counters::new()?,
            log: AccessLog::new(queue.clone())?,
            tls_agent: TlsAgent::new()?,
            adopted_queue: Arc::new(OwnedQueue::new_unbound(c"khttpd_adopted")?, GFP_KERNEL)?,
            queue,
            softirq_queue: Arc::new(OwnedQueue::new_softirq(c"khttpd_accept")?, GFP_KERNEL)?,
            end_at: Setting::new(NEVER),
        })
    }

    /// Creates the core of a server that begins with the site of this one, and shares its per-CPU
    /// memory and its workqueues.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(super) fn sharing(&self, settings: Settings) -> Result<Self> {
        Ok(Self {
            settings,
            snapshot: Published::new(self.snapshot()),
            scratch: self.scratch.clone(),
            latency: SoftirqLatency::new(),
            buffers: self.buffers.clone(),
            counters: Counters::new()?,
            log: AccessLog::new(self.queue.clone())?,
            tls_agent: TlsAgent::new()?,
            adopted_queue: self.adopted_queue.clone(),
            queue: self.queue.clone(),
            softirq_queue: self.softirq_queue.clone(),
            end_at: Setting::new(NEVER),
        })
    }

    /// Returns the site that is served at present.
    ///
    /// # Context
    ///
    /// Any context.
    pub(super) fn snapshot(&self) -> Arc<SiteSnapshot> {
        Arc::from(self.snapshot.get(&rcu::read_lock()))
    }

    /// Waits until no work item but those of acceptors refers to an object that has been stopped.
    ///
    /// A work item that runs meanwhile may queue itself once more, but not twice: the second run
    /// finds its object stopped.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    pub(super) fn quiesce(&self) {
        self.adopted_queue.flush();
        self.queue.flush();
        self.queue.flush();
    }

    /// Begins draining: from the next poll on, idle connections close, and all others after their
    /// response, or when the stop timeout expires. Returns whether the server was not draining
    /// before.
    ///
    /// # Context
    ///
    /// Any context.
    pub(super) fn begin_draining(&self) -> bool {
        if self.is_draining() {
            return false;
        }
        let seconds = self.settings.stop_seconds.get();
        let end_at = clock::uptime_seconds().saturating_add(seconds);
        self.end_at.set(end_at);
        true
    }

    /// Ends draining: connections stay open again.
    ///
    /// # Context
    ///
    /// Any context.
    pub(super) fn cancel_draining(&self) {
        self.end_at.set(NEVER);
    }

    /// Returns whether idle connections are closed at once.
    ///
    /// # Context
    ///
    /// Any context.
    #[inline]
    pub(super) fn is_draining(&self) -> bool {
        self.end_at.get() != NEVER
    }

    /// Returns whether draining has timed out at the second `now` of uptime.
    ///
    /// # Context
    ///
    /// Any context.
    pub(super) fn drain_expired(&self, now: u32) -> bool {
        self.end_at.get() <= now
    }
}
