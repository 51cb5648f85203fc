// SPDX-License-Identifier: GPL-2.0-only

//! A server for each network namespace.

use super::{
    Running,
    Server,
    Settings, //
};
use crate::{
    site::Limits,
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

/// The servers, each of a network namespace, from its first use to the namespace's end.
#[pin_data]
pub(crate) struct PerNet {
    backlog: i32,
    max_connections: u32,
    bounds: Limits,
    #[pin]
    running: Mutex<KVec<(u64, Running)>>,
}

impl PerNet {
    /// None yet; what they begin with. Process context, may sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(crate) fn new(backlog: i32, max_connections: u32, bounds: Limits) -> Result<Arc<Self>> {
        Arc::pin_init(
            pin_init!(Self {
                backlog,
                max_connections,
                bounds,
                running <- new_mutex!(KVec::new()),
            }),
            GFP_KERNEL,
        )
    }

    /// The server of `net`; if it has none, one that serves the built-in site nowhere yet.
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
        let new = Running::start(settings, self.bounds).map_err(|e| e.errno())?;
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
        // Waits for its connections to end.
        drop(ended);
    }
}
