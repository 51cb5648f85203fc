// SPDX-License-Identifier: GPL-2.0-only

//! Starts and stops a server.

use super::{
    config::{
        ActiveConfig,
        Settings, //
    },
    sweep::sweep_interval,
    Server, //
};
use crate::site::{
    load::{
        Limits,
        LoadError,
        LoadProgress,
        Sources, //
    },
    Site, //
};
use kernel::{
    prelude::*,
    sync::Arc,
    time::{
        hrtimer::{
            ArcHrTimerHandle,
            HrTimerPointer, //
        },
        Instant,
        Monotonic, //
    }, //
};
use protocol::http::HostPattern;

/// A running server; dropping it stops the server and closes all its connections.
pub(super) struct ServerHandle {
    server: Arc<Server>,
    timer: Option<ArcHrTimerHandle<Server>>,
}

impl ServerHandle {
    /// Starts a server that serves the built-in site and does not listen yet.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM`; nothing is left behind.
    pub(super) fn start(settings: Settings, limits: Limits) -> Result<Self, LoadError> {
        let mut sources = Sources::new(limits);
        sources.set_root(b"built-in", HostPattern::Any)?;
        let begin = Instant::<Monotonic>::now();
        let site = Site::load(&sources, None, &LoadProgress::new())?;
        let config = ActiveConfig::new(sources, begin.elapsed().as_millis());
        let server = Server::new(settings, site, config)?;
        // From here on, dropping the handle undoes everything.
        let handle = Self {
            timer: Some(server.clone().start(sweep_interval())),
            server,
        };
        handle.server.observe_slots();
        Ok(handle)
    }

    /// Returns the server.
    pub(super) fn server(&self) -> &Arc<Server> {
        &self.server
    }
}

impl Drop for ServerHandle {
    /// Stops the server.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    fn drop(&mut self) {
        drop(self.timer.take());
        self.server.stop();
    }
}
