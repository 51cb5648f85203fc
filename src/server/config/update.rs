// SPDX-License-Identifier: GPL-2.0-only

//! A staged update of the configuration.

use super::{
    super::{
        access_log::LogPolicy,
        limits::LISTENERS_MAX,
        Server, //
    },
    listen_address::ListenAddress, //
};
use crate::{
    site::load::Sources,
    sys::{
        errno::EOPNOTSUPP,
        interruptible_mutex::InterruptibleGuard,
        log::UserLog,
        net::Net,
        tcp::HAS_TLS, //
    }, //
};
use core::net::SocketAddr;
use kernel::{
    prelude::*,
    sync::Arc, //
};
use protocol::{
    control::command::Timeout,
    http::{
        ProcessAddress,
        RequestPolicy, //
    }, //
};

/// The configuration that a server shall have. Nothing changes before
/// [`PreparedUpdate::commit`](super::PreparedUpdate::commit).
pub(crate) struct ConfigUpdate<'a> {
    pub(super) server: &'a Arc<Server>,
    pub(super) net: &'a Net,
    pub(super) log: UserLog,
    _serialized: InterruptibleGuard<'a>,
    pub(super) listen: KVec<ListenAddress>,
    pub(super) tls_agent: Option<ProcessAddress>,
    pub(super) started: bool,
    pub(super) relay: SocketAddr,
    pub(super) max_connections: u32,
    pub(super) min_rate: u32,
    pub(super) max_old_sites: u32,
    /// The policy of the access log.
    pub(crate) log_policy: LogPolicy,
    /// The settings by which requests are evaluated.
    pub(crate) request_policy: RequestPolicy,
    /// The timeouts in seconds, in the order of [`Timeout::ALL`].
    pub(super) seconds: [u32; Timeout::ALL.len()],
    pub(super) sources: Sources,
    reload: bool,
    pub(super) reset_counters: bool,
}

impl<'a> ConfigUpdate<'a> {
    /// Begins an update with the present configuration of `server`, which is that of `net`. Other
    /// updates wait until this one is dropped. `log` is for what the update causes.
    ///
    /// # Context
    ///
    /// Process context, may sleep. A signal interrupts it.
    ///
    /// # Errors
    ///
    /// `ERESTARTSYS` for a signal, `ENOMEM`.
    // Not inlined, and in a box: it is large, and files are read with it on the stack.
    #[inline(never)]
    pub(crate) fn begin(server: &'a Arc<Server>, net: &'a Net, log: UserLog) -> Result<KBox<Self>> {
        server.interrupt_watch();
        let serialized = server.updates.lock()?;
        let config = server.config.lock();
        let mut listen = KVec::new();
        listen.extend_from_slice(&config.listen, GFP_KERNEL_ACCOUNT)?;
        let update = Self {
            server,
            net,
            log,
            _serialized: serialized,
            listen,
            tls_agent: server.pool.core.tls_agent.address(),
            started: config.started,
            relay: config.relay,
            log_policy: config.log_policy.try_clone()?,
            max_connections: server.pool.core.settings.max_connections.get(),
            min_rate: server.pool.core.settings.min_rate.get(),
            max_old_sites: server.pool.core.settings.max_old_sites.get(),
            request_policy: server.pool.core.settings.request_policy(),
            seconds: Timeout::ALL.map(|timeout| server.pool.core.settings.timeout(timeout).get()),
            sources: config.sources.try_clone()?,
            reload: false,
            reset_counters: false,
        };
        Ok(KBox::new(update, GFP_KERNEL_ACCOUNT)?)
    }

    /// Adds a listener, or changes whether its connections are for the TLS agent.
    ///
    /// # Errors
    ///
    /// `ENOMEM`, `E2BIG` beyond [`LISTENERS_MAX`], `EOPNOTSUPP` if the kernel has no TLS.
    pub(crate) fn listen(&mut self, address: SocketAddr, is_tls: bool) -> Result {
        if is_tls && !HAS_TLS {
            return Err(EOPNOTSUPP);
        }
        let mut known = self.listen.iter_mut();
        if let Some(known) = known.find(|known| known.address == address) {
            known.is_tls = is_tls;
            return Ok(());
        }
        if self.listen.len() >= LISTENERS_MAX {
            return Err(E2BIG);
        }
        let new = ListenAddress { address, is_tls };
        Ok(self.listen.push(new, GFP_KERNEL_ACCOUNT)?)
    }

    /// Removes a listener.
    ///
    /// # Errors
    ///
    /// `ENOENT` if there is none on `address`.
    pub(crate) fn unlisten(&mut self, address: SocketAddr) -> Result {
        let before = self.listen.len();
        self.listen.retain(|known| known.address != address);
        if self.listen.len() == before {
            return Err(ENOENT);
        }
        Ok(())
    }

    /// Removes all listeners.
    pub(crate) fn unlisten_all(&mut self) {
        self.listen.clear();
    }

    /// Sets the process that connections of TLS listeners go to.
    pub(crate) fn set_tls_agent(&mut self, agent: Option<ProcessAddress>) {
        self.tls_agent = agent;
    }

    /// Returns the address of a TLS listener that would have no agent.
    pub(super) fn listener_without_agent(&self) -> Option<SocketAddr> {
        let mut of_tls = self.listen.iter().filter(|listen| listen.is_tls);
        let first = of_tls.next().filter(|_| self.tls_agent.is_none())?;
        Some(first.address)
    }

    /// Starts or stops serving.
    pub(crate) fn start(&mut self, started: bool) {
        self.started = started;
    }

    /// Sets the number of connections served at a time.
    ///
    /// # Errors
    ///
    /// The greatest number that this server may serve, if `max` is greater.
    pub(crate) fn set_max_connections(&mut self, max: u32) -> Result<(), u32> {
        let bound = self.server.pool.core.settings.connections_bound;
        if max > bound {
            return Err(bound);
        }
        self.max_connections = max;
        Ok(())
    }

    /// Sets the minimum rate of peers, in bytes per second.
    pub(crate) fn set_min_rate(&mut self, rate: u32) {
        self.min_rate = rate;
    }

    /// Sets the number of old sites that responses may go on to use.
    pub(crate) fn set_max_old_sites(&mut self, max: u32) {
        self.max_old_sites = max;
    }

    /// Sets a timeout.
    pub(crate) fn set_timeout(&mut self, timeout: Timeout, seconds: u32) {
        for (slot, known) in self.seconds.iter_mut().zip(Timeout::ALL) {
            if known == timeout {
                *slot = seconds;
            }
        }
    }

    /// Sets the peer of the relay.
    pub(crate) fn set_relay(&mut self, peer: SocketAddr) {
        self.relay = peer;
    }

    /// Resets the counters.
    pub(crate) fn reset_counters(&mut self) {
        self.reset_counters = true;
    }

    /// Returns the sources of the site, to be changed. If they lead to the same site, nothing is
    /// loaded, except to begin a watch.
    pub(crate) fn sources(&mut self) -> &mut Sources {
        &mut self.sources
    }

    /// Forces a reload of the site, even if its sources stay the same.
    pub(crate) fn reload(&mut self) {
        self.reload = true;
    }

    /// Returns whether the site must be loaded.
    pub(super) fn changes_site(&self) -> bool {
        let config = self.server.config.lock();
        let (old, new) = (&config.sources, &self.sources);
        self.reload || !old.is_same_site(new) || new.is_watched() && !old.is_watched()
    }
}
