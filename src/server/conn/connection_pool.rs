// SPDX-License-Identifier: GPL-2.0-only

//! The connections of a server, with what they share.

use super::{
    super::server_core::ServerCore,
    connection_table::{
        ConnectionTable,
        TableEntry, //
    },
    crowd::Crowd, //
};
use kernel::{
    prelude::*,
    sync::Arc, //
};

/// A server's core and the table of its connections.
#[pin_data]
pub(crate) struct ConnectionPool<C> {
    pub(crate) core: ServerCore,
    #[pin]
    pub(crate) table: ConnectionTable<C>,
    #[pin]
    pub(crate) crowd: Crowd<C>,
}

impl<C: TableEntry> ConnectionPool<C> {
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
        Arc::pin_init(
            pin_init!(Self {
                core,
                table <- ConnectionTable::new(),
                crowd <- Crowd::new(),
            }),
            GFP_KERNEL_ACCOUNT,
        )
    }
}
