// SPDX-License-Identifier: GPL-2.0-only

//! A change of a server: prepared as a whole, then made as a whole or not at all.

use super::{
    settings::LISTENERS_MAX,
    Edition,
    Prepared,
    Server, //
};
use crate::{
    site::{
        LoadError,
        Sources, //
    },
    sys::{
        interruptible_mutex::InterruptibleGuard,
        net::Net, //
    }, //
};
use core::net::SocketAddr;
use kernel::{
    prelude::*,
    sync::Arc, //
};
use protocol::control::command::Timeout;

/// What a server shall be like. Nothing of it happens before [`Prepared::make`].
pub(crate) struct ConfigUpdate<'a> {
    pub(super) server: &'a Arc<Server>,
    pub(super) net: &'a Net,
    _pass: InterruptibleGuard<'a>,
    pub(super) listen: KVec<SocketAddr>,
    pub(super) started: bool,
    pub(super) relay: SocketAddr,
    pub(super) max_connections: u32,
    /// In the order of [`Timeout::ALL`].
    pub(super) seconds: [u32; Timeout::ALL.len()],
    pub(super) sources: Sources,
    reload: bool,
    pub(super) reset_counters: bool,
}

/// Why a change can't be made.
pub(crate) enum UpdateError {
    /// The address can't be listened at.
    Listen(SocketAddr, Error),
    /// The site can't be loaded.
    Site(LoadError),
    /// Anything else, as a lack of memory.
    Other(Error),
}

impl<T: Into<Error>> From<T> for UpdateError {
    fn from(error: T) -> Self {
        Self::Other(error.into())
    }
}

impl<'a> ConfigUpdate<'a> {
    /// Begins with what `server`, which is that of `net`, is like now; while there is one change,
    /// others wait. Process context, sleeps; a signal interrupts it.
    ///
    /// # Errors
    ///
    /// `ERESTARTSYS` for a signal, `ENOMEM`.
    pub(crate) fn begin(server: &'a Arc<Server>, net: &'a Net) -> Result<Self> {
        let pass = server.turnstile.lock()?;
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
    pub(crate) fn prepare(self) -> Result<Prepared<'a>, UpdateError> {
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
    fn load(&self) -> Result<Option<(Arc<Edition>, i64)>, UpdateError> {
        if !self.reload && self.server.config.lock().sources.is_same(&self.sources) {
            return Ok(None);
        }
        let old = self.server.edition();
        let (site, milliseconds) = self
            .server
            .load(&self.sources, Some(&old))
            .map_err(UpdateError::Site)?;
        Ok(Some((
            Edition::new(site, &self.server.queue)?,
            milliseconds,
        )))
    }
}
