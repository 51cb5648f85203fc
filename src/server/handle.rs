// SPDX-License-Identifier: GPL-2.0-only

//! Starts a server.

use super::{
    sweep::sweep_interval,
    Server, //
};
use kernel::{
    sync::Arc,
    time::hrtimer::{
        ArcHrTimerHandle,
        HrTimerPointer, //
    }, //
};

/// A server that was started, until [`Server::stop`].
pub(super) struct ServerHandle {
    server: Arc<Server>,
    /// The timer of the sweep; none once it is stopped.
    timer: Option<ArcHrTimerHandle<Server>>,
}

impl ServerHandle {
    /// Starts `server`.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    pub(super) fn start(server: Arc<Server>) -> Self {
        server.own_table();
        Self {
            timer: Some(server.clone().start(sweep_interval())),
            server,
        }
    }

    /// Returns the server.
    pub(super) fn server(&self) -> &Arc<Server> {
        &self.server
    }

    /// Stops the timer, so that no sweep is queued any more.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    pub(super) fn stop_sweep(&mut self) {
        drop(self.timer.take());
    }
}
