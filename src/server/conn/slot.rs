// SPDX-License-Identifier: GPL-2.0-only

//! A connection's place in the table.

use super::{
    close_queue::Closable,
    connection_pool::ConnectionPool,
    connection_table::TableEntry, //
};
use crate::sys::softirq::BhDisabled;
use kernel::{
    prelude::*,
    sync::Arc, //
};

/// A slot, used from before its connection is accepted until the connection is freed.
///
/// # Invariants
///
/// `number` is a slot of the pool's table that was reserved for this object.
pub(crate) struct Slot<C: TableEntry + Closable> {
    pool: Arc<ConnectionPool<C>>,
    number: u32,
}

impl<C: TableEntry + Closable> Slot<C> {
    /// Reserves a slot.
    ///
    /// # Context
    ///
    /// Softirq or process context, must not sleep.
    ///
    /// # Errors
    ///
    /// `EBUSY` if `max-connections` are connected, `ESHUTDOWN` if the server stops, `ENOMEM`.
    pub(crate) fn reserve(pool: &Arc<ConnectionPool<C>>, bh: &BhDisabled) -> Result<Self> {
        let max = usize::try_from(pool.core.settings.max_connections.get())?;
        // INVARIANT: The slot was just reserved, and the number is not given away.
        Ok(Self {
            number: pool.table.reserve(max, bh)?,
            pool: pool.clone(),
        })
    }

    /// Returns the pool that the slot belongs to.
    #[inline]
    pub(super) fn pool(&self) -> &ConnectionPool<C> {
        &self.pool
    }

    /// Puts `connection` into the slot, where the server finds it.
    ///
    /// # Context
    ///
    /// Softirq or process context, must not sleep.
    pub(super) fn insert(&self, connection: Arc<C>, bh: &BhDisabled) {
        self.pool.table.insert(self.number, connection, bh);
    }

    /// Drops the table's reference to the connection.
    ///
    /// # Context
    ///
    /// Softirq or process context, must not sleep.
    pub(super) fn remove(&self) {
        self.pool.table.remove(self.number);
    }
}

impl<C: TableEntry + Closable> Drop for Slot<C> {
    /// Frees the slot.
    ///
    /// # Context
    ///
    /// Softirq or process context, must not sleep.
    fn drop(&mut self) {
        self.pool.table.release(self.number);
    }
}
