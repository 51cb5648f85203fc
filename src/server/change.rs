// SPDX-License-Identifier: GPL-2.0-only

//! A change of a server: prepared as a whole, then made as a whole or not at all.

use super::{
    settings::LISTENERS_MAX,
    turnstile::Pass,
    Acceptor,
    Edition,
    Server, //
};
use crate::{
    site::{
        LoadError,
        Sources, //
    },
    sys::net::Net, //
};
use core::{
    mem,
    net::SocketAddr, //
};
use kernel::{
    prelude::*,
    sync::Arc, //
};
use protocol::command::Timeout;

/// What a server shall be like. Nothing of it happens before [`Prepared::make`].
pub(crate) struct Change<'a> {
    server: &'a Arc<Server>,
    net: &'a Net,
    _pass: Pass<'a>,
    listen: KVec<SocketAddr>,
    started: bool,
    relay: SocketAddr,
    max_connections: u32,
    /// In the order of [`Timeout::ALL`].
    seconds: [u32; Timeout::ALL.len()],
    sources: Sources,
    reload: bool,
    reset_counters: bool,
}

/// Why a change can't be made.
pub(crate) enum Obstacle {
    /// The address can't be listened at.
    Listen(SocketAddr, Error),
    /// The site can't be loaded.
    Site(LoadError),
    /// Anything else, as a lack of memory.
    Other(Error),
}

impl<T: Into<Error>> From<T> for Obstacle {
    fn from(error: T) -> Self {
        Self::Other(error.into())
    }
}

impl<'a> Change<'a> {
    /// Begins with what `server`, which is that of `net`, is like now; while there is one change,
    /// others wait. Process context, sleeps; a signal interrupts it.
    ///
    /// # Errors
    ///
    /// `ERESTARTSYS` for a signal, `ENOMEM`.
    pub(crate) fn begin(server: &'a Arc<Server>, net: &'a Net) -> Result<Self> {
        let pass = server.turnstile.enter()?;
        let config = server.config.lock();
        let mut listen = KVec::new();
        listen.extend_from_slice(&config.listen, GFP_KERNEL)?;
        Ok(Self {
            server,
            net,
            _pass: pass,
            listen,
            started: config.started,
            relay: config.relay,
            max_connections: server.settings.max_connections.get(),
            seconds: Timeout::ALL.map(|timeout| server.settings.timeout(timeout).get()),
            sources: config.sources.try_clone()?,
            reload: false,
            reset_counters: false,
        })
    }

    /// Listens at `address` too.
    ///
    /// # Errors
    ///
    /// `ENOMEM`, `E2BIG` beyond [`LISTENERS_MAX`].
    pub(crate) fn listen(&mut self, address: SocketAddr) -> Result {
        if self.listen.contains(&address) {
            return Ok(());
        }
        if self.listen.len() >= LISTENERS_MAX {
            return Err(E2BIG);
        }
        Ok(self.listen.push(address, GFP_KERNEL)?)
    }

    /// Listens at `address` no more.
    ///
    /// # Errors
    ///
    /// `ENOENT` if it does not.
    pub(crate) fn unlisten(&mut self, address: SocketAddr) -> Result {
        let before = self.listen.len();
        self.listen.retain(|known| *known != address);
        match self.listen.len() == before {
            true => Err(ENOENT),
            false => Ok(()),
        }
    }

    /// Listens nowhere.
    pub(crate) fn unlisten_all(&mut self) {
        self.listen.clear();
    }

    /// Serves, or does not any more.
    pub(crate) fn start(&mut self, started: bool) {
        self.started = started;
    }

    /// Serves up to `max` connections at a time.
    pub(crate) fn set_max_connections(&mut self, max: u32) {
        self.max_connections = max;
    }

    /// Gives `timeout` so many seconds.
    pub(crate) fn set_timeout(&mut self, timeout: Timeout, seconds: u32) {
        for (slot, known) in self.seconds.iter_mut().zip(Timeout::ALL) {
            if known == timeout {
                *slot = seconds;
            }
        }
    }

    /// Lets the relay connect to `peer`.
    pub(crate) fn set_relay(&mut self, peer: SocketAddr) {
        self.relay = peer;
    }

    /// Counts from zero again.
    pub(crate) fn reset_counters(&mut self) {
        self.reset_counters = true;
    }

    /// What the site shall be made from. If it is the same as before, nothing is loaded.
    pub(crate) fn sources(&mut self) -> &mut Sources {
        &mut self.sources
    }

    /// Loads the site even if it is made from the same as before.
    pub(crate) fn reload(&mut self) {
        self.reload = true;
    }

    /// Does all that can fail, which changes nothing yet. What takes long is to load the site, and
    /// that is interrupted by a signal. Process context, sleeps.
    pub(crate) fn prepare(self) -> Result<Prepared<'a>, Obstacle> {
        let edition = self.load()?;
        let mut prepared = Prepared {
            change: self,
            edition,
            acceptors: KVec::new(),
            released: KVec::new(),
        };
        prepared.bind()?;
        Ok(prepared)
    }

    /// The site as it shall be, unless it stays what it is.
    fn load(&self) -> Result<Option<(Arc<Edition>, i64)>, Obstacle> {
        if !self.reload && self.server.config.lock().sources.is_same(&self.sources) {
            return Ok(None);
        }
        let old = self.server.edition();
        let (site, milliseconds) = self
            .server
            .load(&self.sources, Some(&old))
            .map_err(Obstacle::Site)?;
        Ok(Some((
            Edition::new(site, &self.server.queue)?,
            milliseconds,
        )))
    }
}

/// A change that only needs to be made. If it is dropped instead, all stays as it was.
pub(crate) struct Prepared<'a> {
    change: Change<'a>,
    /// The site as it shall be, and the milliseconds it took, unless it stays what it is.
    edition: Option<(Arc<Edition>, i64)>,
    /// Who shall accept: who does already, and new ones who do not yet.
    acceptors: KVec<Arc<Acceptor>>,
    /// Where nobody listens at present, to make room.
    released: KVec<SocketAddr>,
}

impl Prepared<'_> {
    /// Makes the change. Process context, sleeps.
    pub(crate) fn make(mut self) {
        self.released.clear();
        let shows = self.edition.is_some() || self.changes_listeners();
        let leaving = self.commit();
        if !leaving.is_empty() {
            leaving.iter().for_each(|acceptor| acceptor.stop());
            drop(leaving);
            // What is queued for them refers to them, and their addresses must be free now.
            self.change.server.queue.flush();
        }
        self.settle();
        if shows {
            self.change.server.announce();
        }
    }

    /// Whether others will be listened at than are now.
    fn changes_listeners(&self) -> bool {
        let config = self.change.server.config.lock();
        let same = config.acceptors.iter().zip(&self.acceptors);
        config.acceptors.len() != self.acceptors.len()
            || !same.into_iter().all(|(old, new)| Arc::ptr_eq(old, new))
    }

    fn bind(&mut self) -> Result<(), Obstacle> {
        if !self.change.started {
            return Ok(());
        }
        self.acceptors
            .reserve(self.change.listen.len(), GFP_KERNEL)?;
        for number in 0..self.change.listen.len() {
            let Some(address) = self.change.listen.get(number).copied() else {
                break;
            };
            let bound = match self.change.server.acceptor(address) {
                Some(known) => Ok(known),
                None => self.bind_one(address),
            };
            let acceptor = bound.map_err(|e| Obstacle::Listen(address, e))?;
            self.acceptors.push(acceptor, GFP_KERNEL)?;
        }
        Ok(())
    }

    /// Binds to `address`. Where only an acceptor is in the way that shall go, as when one address
    /// takes the place of all, it goes now.
    fn bind_one(&mut self, address: SocketAddr) -> Result<Arc<Acceptor>> {
        match self.try_bind(address) {
            Err(e) if e == EADDRINUSE && self.release(address.port())? => self.try_bind(address),
            bound => bound,
        }
    }

    fn try_bind(&self, address: SocketAddr) -> Result<Arc<Acceptor>> {
        Acceptor::bind(self.change.server, self.change.net, address)
    }

    /// Ends the acceptors at `port` that shall go; `false` if there are none.
    fn release(&mut self, port: u16) -> Result<bool> {
        let listen = &self.change.listen;
        let goes = |acceptor: &Arc<Acceptor>| {
            acceptor.address.port() == port && !listen.contains(&acceptor.address)
        };
        let before = self.released.len();
        let mut config = self.change.server.config.lock();
        for acceptor in config.acceptors.iter().filter(|acceptor| goes(acceptor)) {
            self.released.push(acceptor.address, GFP_KERNEL)?;
            acceptor.stop();
        }
        config.acceptors.retain(|acceptor| !goes(acceptor));
        drop(config);
        // What is queued for them refers to them.
        self.change.server.queue.flush();
        Ok(self.released.len() != before)
    }

    /// Makes it so, and lets the new acceptors accept; returns those who must go.
    fn commit(&mut self) -> KVec<Arc<Acceptor>> {
        let change = &mut self.change;
        let settings = &change.server.settings;
        let mut config = change.server.config.lock();
        if let Some((edition, milliseconds)) = self.edition.take() {
            drop(change.server.edition.replace(edition));
            config.load_milliseconds = milliseconds;
        }
        settings.max_connections.set(change.max_connections);
        for (seconds, timeout) in change.seconds.iter().zip(Timeout::ALL) {
            settings.timeout(timeout).set(*seconds);
        }
        config.relay = change.relay;
        config.refusal.clear();
        config.started = change.started;
        mem::swap(&mut config.listen, &mut change.listen);
        mem::swap(&mut config.sources, &mut change.sources);
        mem::swap(&mut config.acceptors, &mut self.acceptors);
        config.acceptors.iter().for_each(|acceptor| acceptor.open());
        let mut leaving = mem::take(&mut self.acceptors);
        leaving.retain(|old| !config.acceptors.iter().any(|new| Arc::ptr_eq(old, new)));
        leaving
    }

    /// What follows from the change.
    fn settle(&self) {
        let server = self.change.server;
        if self.change.reset_counters {
            server.counters.reset();
        }
        match self.change.started {
            true => server.go_on(),
            false => server.drain(),
        }
    }

    /// Listens again where it has.
    fn restore(&self, address: SocketAddr) -> Result {
        let acceptor = self.try_bind(address)?;
        let mut config = self.change.server.config.lock();
        config.acceptors.push(acceptor.clone(), GFP_KERNEL)?;
        acceptor.open();
        Ok(())
    }
}

impl Drop for Prepared<'_> {
    fn drop(&mut self) {
        // What was bound may be in the way.
        self.acceptors.clear();
        for address in mem::take(&mut self.released) {
            if let Err(e) = self.restore(address) {
                pr_err!("cannot listen at {address:?} again: {e:?}\n");
            }
        }
    }
}
