// SPDX-License-Identifier: GPL-2.0-only

//! A change that has met with no obstacle.

use super::{
    Acceptor,
    ConfigUpdate,
    Edition,
    UpdateError, //
};
use crate::sys::log;
use core::{
    mem,
    net::SocketAddr, //
};
use kernel::{
    prelude::*,
    sync::Arc, //
};
use protocol::control::command::Timeout;

/// A change that only needs to be made. If it is dropped instead, all stays as it was.
pub(crate) struct Prepared<'a> {
    pub(super) change: ConfigUpdate<'a>,
    /// The site as it shall be, and the milliseconds it took, unless it stays what it is.
    pub(super) edition: Option<(Arc<Edition>, i64)>,
    /// Who shall accept: who does already, and new ones who do not yet.
    pub(super) acceptors: KVec<Arc<Acceptor>>,
    /// Where nobody listens at present, to make room.
    pub(super) released: KVec<SocketAddr>,
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
            self.change.server.quiesce();
        }
        self.settle();
        if shows && log::admits() {
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

    pub(super) fn bind(&mut self) -> Result<(), UpdateError> {
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
            let acceptor = bound.map_err(|e| UpdateError::Listen(address, e))?;
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
        // All of them are stopped, or none.
        self.released.reserve(config.acceptors.len(), GFP_KERNEL)?;
        for acceptor in config.acceptors.iter().filter(|acceptor| goes(acceptor)) {
            self.released.push(acceptor.address, GFP_KERNEL)?;
            acceptor.stop();
        }
        config.acceptors.retain(|acceptor| !goes(acceptor));
        drop(config);
        // What is queued for them refers to them.
        self.change.server.quiesce();
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
        if change.started {
            // Before anybody is accepted, who would be told to go.
            change.server.take_back_drain();
        }
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
            true => server.poke(),
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
