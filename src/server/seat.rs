// SPDX-License-Identifier: GPL-2.0-only

//! The right to be connected.

use super::{
    Connection,
    Server, //
};
use kernel::{
    prelude::*,
    sync::Arc, //
};

/// One of the seats of a server, given back when it is dropped.
///
/// A server is stopped when all of them are back, so that what holds a seat is freed before.
pub(crate) struct Seat {
    server: Arc<Server>,
    number: u32,
}

impl Seat {
    /// Takes a seat. Process context, may sleep.
    ///
    /// # Errors
    ///
    /// Those of [`Registry::take`](super::Registry::take).
    pub(crate) fn take(server: &Arc<Server>) -> Result<Self> {
        let max = usize::try_from(server.settings.max_connections.get())?;
        Ok(Self {
            number: server.registry.take(max)?,
            server: server.clone(),
        })
    }

    /// The server it belongs to.
    #[inline]
    pub(crate) fn server(&self) -> &Arc<Server> {
        &self.server
    }

    /// Seats `connection`, so that the server finds it. Process context, may sleep.
    pub(crate) fn sit(&self, connection: Arc<Connection>) {
        self.server.registry.seat(self.number, connection);
    }

    /// The server does not find the connection any more. Process context, may sleep.
    pub(crate) fn rise(&self) {
        self.server.registry.unseat(self.number);
    }
}

impl Drop for Seat {
    /// Process context, may sleep.
    fn drop(&mut self) {
        if self.server.registry.release(self.number) {
            self.server.poke();
        }
    }
}
