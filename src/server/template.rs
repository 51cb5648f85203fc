// SPDX-License-Identifier: GPL-2.0-only

//! The server that all others begin as.

use super::{
    config::{
        ActiveConfig,
        Settings, //
    },
    conn::ConnectionPool,
    server_core::ServerCore,
    Server, //
};
use crate::{
    site::{
        load::{
            Limits,
            LoadError,
            LoadProgress,
            Sources, //
        },
        Site, //
    },
    sys::fs::FsPath, //
};
use core::ops::Deref;
use kernel::{
    prelude::*,
    sync::Arc,
    time::{
        Instant,
        Monotonic, //
    }, //
};
use protocol::http::OriginPattern;

/// A server that is never started: it serves the built-in site and does not listen.
///
/// It stands for the server of a namespace that has none, and owns what all servers share.
pub(super) struct ServerTemplate {
    server: Arc<Server>,
    limits: Limits,
    load_milliseconds: i64,
}

impl ServerTemplate {
    /// Creates the template.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM`, and the reason why the built-in site cannot be loaded within `limits`.
    pub(super) fn new(settings: Settings, limits: Limits) -> Result<Self, LoadError> {
        let sources = built_in(limits)?;
        let begin = Instant::<Monotonic>::now();
        let site = Site::load(
            &sources,
            &FsPath::root_of_current(),
            None,
            &LoadProgress::new(),
            None,
        )?;
        let load_milliseconds = begin.elapsed().as_millis();
        let config = ActiveConfig::new(sources, load_milliseconds);
        Ok(Self {
            server: Server::new(
                ConnectionPool::new(ServerCore::new(settings, site)?)?,
                config,
            )?,
            limits,
            load_milliseconds,
        })
    }

    /// Creates another template, which shares all but the settings.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(super) fn with_settings(&self, settings: Settings) -> Result<Self> {
        Ok(Self {
            server: self.create_with(settings)?,
            limits: self.limits,
            load_milliseconds: self.load_milliseconds,
        })
    }

    /// Creates a server like the template, which shares its site, per-CPU memory and workqueue.
    /// The rest is charged to the control group of the calling task.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(super) fn create(&self) -> Result<Arc<Server>> {
        self.create_with(self.server.pool.core.settings.clone())
    }

    fn create_with(&self, settings: Settings) -> Result<Arc<Server>> {
        // No lock is taken, because the control group of the task may be short of memory.
        let config = ActiveConfig::new(built_in(self.limits)?, self.load_milliseconds);
        Server::new(self.server.pool.sharing(settings)?, config)
    }

    /// Waits until no work item refers to a server that has been stopped.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    pub(super) fn quiesce(&self) {
        self.server.pool.core.quiesce();
    }
}

impl Deref for ServerTemplate {
    type Target = Server;

    fn deref(&self) -> &Server {
        &self.server
    }
}

/// Returns the sources of the built-in site.
fn built_in(limits: Limits) -> Result<Sources> {
    let mut sources = Sources::new(limits);
    sources.set_root(b"built-in", OriginPattern::ANY)?;
    Ok(sources)
}
