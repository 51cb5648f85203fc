// SPDX-License-Identifier: GPL-2.0-only

//! An update whose steps that may fail or take long have been done.

use super::{
    super::{
        access_log::LogSink,
        listen::Acceptor,
        site_snapshot::SiteSnapshot,
        watch::{
            NewWatch,
            SiteWatch, //
        }, //
    },
    listen_address::ListenAddress,
    update::ConfigUpdate, //
};
use crate::{
    site::load::LoadError,
    sys::fs::FsPath, //
};
use core::{
    mem,
    net::SocketAddr, //
};
use kernel::{
    prelude::*,
    sync::Arc, //
};
use protocol::control::command::Timeout;

/// The reason why an update can't be made.
pub(crate) enum UpdateError {
    /// A listener can't be bound to the address.
    Listen(SocketAddr, Error),
    /// The connections of the TLS listener at the address have no agent.
    NoTlsAgent(SocketAddr),
    /// The site can't be loaded.
    Site(LoadError),
    /// The access log can't be switched on, or have a buffer of another length.
    Log(Error),
    /// Any other error, such as a lack of memory.
    Other(Error),
}

impl<T: Into<Error>> From<T> for UpdateError {
    fn from(error: T) -> Self {
        Self::Other(error.into())
    }
}

/// An update that is ready. Dropped without a commit, it leaves the configuration as it was.
pub(crate) struct PreparedUpdate<'a> {
    /// The new site, unless the old one stays.
    loaded: Option<Loaded>,
    /// The new sink of the access log, unless the old one stays.
    log_sink: Option<Arc<LogSink>>,
    /// The watch of the old site. Declared before the update: its thread ends while other updates
    /// wait.
    leaving_watch: Option<SiteWatch>,
    update: KBox<ConfigUpdate<'a>>,
    /// The acceptors of the new configuration: old ones that stay, and new ones that do not listen.
    acceptors: KVec<Arc<Acceptor>>,
}

/// A new site.
struct Loaded {
    snapshot: Arc<SiteSnapshot>,
    /// The milliseconds that it took to load.
    milliseconds: i64,
    watch: Option<SiteWatch>,
}

impl<'a> PreparedUpdate<'a> {
    /// Loads the site, makes the buffer of the access log, and binds listeners.
    ///
    /// # Context
    ///
    /// Process context, may sleep. A signal interrupts the loading of the site.
    ///
    /// # Errors
    ///
    /// The reason why the update can't be made; the old configuration stays in force.
    pub(crate) fn prepare(update: KBox<ConfigUpdate<'a>>) -> Result<Self, UpdateError> {
        if let Some(address) = update.listener_without_agent() {
            return Err(UpdateError::NoTlsAgent(address));
        }
        let mut prepared = Self {
            log_sink: prepare_log(&update).map_err(UpdateError::Log)?,
            loaded: load(&update)?,
            leaving_watch: None,
            update,
            acceptors: KVec::new(),
        };
        prepared.bind()?;
        Ok(prepared)
    }

    /// Puts the update into force. Listening, which comes first, is all that may still fail.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    ///
    /// # Errors
    ///
    /// The address that cannot be listened on, for a lack of memory or because another socket listens
    /// there since it was bound; the old configuration stays in force.
    pub(crate) fn commit(mut self) -> Result<(), UpdateError> {
        self.listen()?;
        let is_announced = self.loaded.is_some() || self.changes_listeners();
        let leaving = self.exchange();
        if !leaving.is_empty() {
            leaving.iter().for_each(|acceptor| acceptor.stop());
            // Their work items hold references, and their addresses must be free from here on.
            leaving.iter().for_each(|acceptor| acceptor.wait());
            drop(leaving);
        }
        self.follow_up();
        if is_announced {
            self.update.server.announce(self.update.log);
        }
        Ok(())
    }

    /// Returns whether the update opens, closes or changes a listener.
    fn changes_listeners(&self) -> bool {
        let config = self.update.server.config.lock();
        let same = config.acceptors.iter().zip(&self.acceptors);
        config.acceptors.len() != self.acceptors.len()
            || !same.into_iter().all(|(old, new)| Arc::ptr_eq(old, new))
            || self.update.started && *config.listen != *self.update.listen
    }

    /// Finds or binds the acceptor of each address. Nothing that listens is closed, and nothing new
    /// listens: an acceptor may be bound beside one that it replaces.
    fn bind(&mut self) -> Result<(), UpdateError> {
        if !self.update.started {
            return Ok(());
        }
        let server = self.update.server;
        for ListenAddress { address, .. } in &self.update.listen {
            let acceptor = match server.acceptor(*address) {
                Some(known) => known,
                None => Acceptor::bind(&server.pool, self.update.net, *address)
                    .map_err(|e| UpdateError::Listen(*address, e))?,
            };
            self.acceptors.push(acceptor, GFP_KERNEL_ACCOUNT)?;
        }
        Ok(())
    }

    /// Listens on the new addresses.
    fn listen(&self) -> Result<(), UpdateError> {
        self.acceptors.iter().try_for_each(|acceptor| {
            acceptor
                .listen()
                .map_err(|e| UpdateError::Listen(acceptor.address(), e))
        })
    }

    /// Exchanges the old configuration for the new one and opens the new acceptors; returns the
    /// acceptors to be closed.
    fn exchange(&mut self) -> KVec<Arc<Acceptor>> {
        let update = &mut self.update;
        let core = &update.server.pool.core;
        let mut config = update.server.config.lock();
        if let Some(loaded) = self.loaded.take() {
            let server = update.server;
            server.publish(&mut config, loaded.snapshot, loaded.milliseconds);
            self.leaving_watch = mem::replace(&mut config.watch, loaded.watch);
        } else if !update.sources.is_watched() {
            self.leaving_watch = config.watch.take();
            config.watch_failure.clear();
        }
        core.settings.max_connections.set(update.max_connections);
        core.settings.min_rate.set(update.min_rate);
        core.settings.max_old_sites.set(update.max_old_sites);
        core.settings.set_request_policy(update.request_policy);
        for (seconds, timeout) in update.seconds.iter().zip(Timeout::ALL) {
            core.settings.timeout(timeout).set(*seconds);
        }
        config.relay = update.relay;
        config.refusal.clear();
        config.started = update.started;
        mem::swap(&mut config.listen, &mut update.listen);
        mem::swap(&mut config.log_policy, &mut update.log_policy);
        mem::swap(&mut config.sources, &mut update.sources);
        mem::swap(&mut config.acceptors, &mut self.acceptors);
        if update.started {
            // Before the acceptors open, so that no new connection is told to close.
            core.cancel_draining();
        }
        core.tls_agent.set_address(update.tls_agent);
        for (acceptor, listen) in config.acceptors.iter().zip(&config.listen) {
            acceptor.open(listen.is_tls);
        }
        let mut leaving = mem::take(&mut self.acceptors);
        leaving.retain(|old| !config.acceptors.iter().any(|new| Arc::ptr_eq(old, new)));
        leaving
    }

    /// Does what the new configuration entails.
    fn follow_up(&mut self) {
        let server = self.update.server;
        // Without the lock of the configuration, for which workers wait that render pages of metrics:
        // the end of old rings waits for another worker.
        if let Some(sink) = self.log_sink.take() {
            server.pool.core.log.publish(sink);
        }
        server.retire_old_sites();
        if self.update.reset_counters {
            server.reset_counters();
        }
        if self.update.started {
            server.kick_acceptors();
        } else {
            server.drain();
        }
    }
}

/// Makes the new sink of the access log, unless its policy stays.
fn prepare_log(update: &ConfigUpdate<'_>) -> Result<Option<Arc<LogSink>>> {
    if update.log_policy == update.server.config.lock().log_policy {
        return Ok(None);
    }
    let policy = update.log_policy.try_clone()?;
    update.server.pool.core.log.prepare(policy).map(Some)
}

/// Loads the new site and begins to watch its files, unless the old one stays.
fn load(update: &ConfigUpdate<'_>) -> Result<Option<Loaded>, UpdateError> {
    if !update.changes_site() {
        return Ok(None);
    }
    let server = update.server;
    let core = &server.pool.core;
    server.config.lock().old_sites.reserve()?;
    let old = core.snapshot();
    let mut watch = if update.sources.is_watched() {
        Some(NewWatch::new()?)
    } else {
        None
    };
    let tree = watch.as_mut().map(|watch| &mut watch.tree);
    let base = FsPath::root_of_current();
    let (site, milliseconds) = server
        .load(&update.sources, &base, Some(&old), tree)
        .map_err(UpdateError::Site)?;
    Ok(Some(Loaded {
        snapshot: SiteSnapshot::new(site, &core.queue)?,
        milliseconds,
        watch: watch.map(|watch| watch.start(server.clone())).transpose()?,
    }))
}
