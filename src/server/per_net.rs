// SPDX-License-Identifier: GPL-2.0-only

//! The servers of all network namespaces.

use super::{
    config::Settings,
    handle::ServerHandle,
    Server, //
};
use crate::{
    site::load::Limits,
    sys::net::{
        Net,
        PernetOperations, //
    }, //
};
use kernel::{
    new_mutex,
    prelude::*,
    sync::{
        Arc,
        Mutex, //
    }, //
};

/// A server for each network namespace, from its first use until the namespace ends.
#[pin_data]
pub(crate) struct PerNet {
    backlog: i32,
    max_connections: u32,
    limits: Limits,
    /// The running servers by the cookies of their namespaces.
    #[pin]
    running: Mutex<KVec<(u64, ServerHandle)>>,
}

impl PerNet {
    /// Remembers the settings that each server begins with; there is no server yet.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(crate) fn new(backlog: i32, max_connections: u32, limits: Limits) -> Result<Arc<Self>> {
        Arc::pin_init(
            pin_init!(Self {
                backlog,
                max_connections,
                limits,
                running <- new_mutex!(KVec::new()),
            }),
            GFP_KERNEL,
        )
    }

    /// Returns the server of `net`. On first use that is a new server, which serves the built-in
    /// site and does not listen yet.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(crate) fn of(&self, net: &Net) -> Result<Arc<Server>> {
        let cookie = net.cookie();
        let mut running = self.running.lock();
        if let Some((_, known)) = running.iter().find(|(known, _)| *known == cookie) {
            return Ok(known.server().clone());
        }
        running.reserve(1, GFP_KERNEL)?;
        let settings = Settings::new(self.backlog, self.max_connections);
        let new = ServerHandle::start(settings, self.limits).map_err(|e| e.errno())?;
        let server = new.server().clone();
        running.push((cookie, new), GFP_KERNEL)?;
        Ok(server)
    }
}

impl PernetOperations for PerNet {
    fn exit(&self, net: &Net) {
        let cookie = net.cookie();
        let mut running = self.running.lock();
        let found = running.iter().position(|(known, _)| *known == cookie);
        let ended = found.and_then(|at| running.remove(at).ok());
        drop(running);
        // Waits until the server's connections are closed.
        drop(ended);
    }
}
