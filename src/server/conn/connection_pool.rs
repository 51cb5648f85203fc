// SPDX-License-Identifier: GPL-2.0-only

//! The connections of a server, with what they share.

use super::{
    super::{
        config::Settings,
        server_core::ServerCore, //
    },
    close_queue::{
        Closable,
        CloseQueue, //
    },
    connection_table::{
        ConnectionTable,
        TableEntry, //
    }, //
};
use kernel::{
    prelude::*,
    sync::Arc, //
};

/// A server's core and the table of its connections.
#[pin_data]
pub(crate) struct ConnectionPool<C: Closable> {
    pub(crate) core: ServerCore,
    #[pin]
    pub(crate) table: ConnectionTable<C>,
    /// The queue of ended connections of all servers.
    pub(super) ended: Arc<CloseQueue<C>>,
}

impl<C: TableEntry + Closable> ConnectionPool<C> {
    /// Creates a pool without connections.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(crate) fn new(core: ServerCore) -> Result<Arc<Self>> {
        let ended = CloseQueue::new(core.queue.clone())?;
        Self::with_queue(core, ended)
    }

    /// Creates a pool without connections for another server, which shares with this one what
    /// [`ServerCore::sharing`] says.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(crate) fn sharing(&self, settings: Settings) -> Result<Arc<Self>> {
        Self::with_queue(self.core.sharing(settings)?, self.ended.clone())
    }

    fn with_queue(core: ServerCore, ended: Arc<CloseQueue<C>>) -> Result<Arc<Self>> {
        Arc::pin_init(
            pin_init!(Self {
                core,
                table <- ConnectionTable::new(),
                ended,
            }),
            GFP_KERNEL_ACCOUNT,
        )
    }
}
