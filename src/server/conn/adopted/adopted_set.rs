// SPDX-License-Identifier: GPL-2.0-only

//! The adopted connections of a server.

use super::{
    super::{
        connection::Connection,
        connection_pool::ConnectionPool,
        connection_table::TableEntry, //
    },
    return_queue::ReturnQueue, //
};
use crate::sys::{
    errno::ESHUTDOWN,
    sched, //
};
use kernel::{
    new_mutex,
    prelude::*,
    rbtree::{
        Entry,
        RBTree,
        RBTreeNodeReservation, //
    },
    sync::{
        Arc,
        Mutex, //
    }, //
};

/// The adopted connections of a server by the numbers of their sockets. Each has a slot of the
/// server's table, too.
#[pin_data]
pub(crate) struct AdoptedSet<C> {
    pub(super) pool: Arc<ConnectionPool<Connection>>,
    #[pin]
    members: Mutex<Members<C>>,
    /// The connections that go back.
    #[pin]
    returns: ReturnQueue<C>,
}

struct Members<C> {
    connections: RBTree<usize, Arc<C>>,
    closed: bool,
}

impl<C: TableEntry> AdoptedSet<C> {
    /// Creates an empty set, whose connections get slots of `pool`.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(crate) fn new(pool: Arc<ConnectionPool<Connection>>) -> Result<Arc<Self>> {
        Arc::pin_init(
            try_pin_init!(Self {
                pool,
                members <- new_mutex!(Members {
                    connections: RBTree::new(),
                    closed: false,
                }),
                returns <- ReturnQueue::new(),
            }),
            GFP_KERNEL_ACCOUNT,
        )
    }

    /// Returns the connections that go back.
    pub(crate) fn returns(&self) -> &ReturnQueue<C> {
        &self.returns
    }

    /// Adds a connection.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    ///
    /// # Errors
    ///
    /// `EBUSY` if the set has one of this number, `ESHUTDOWN` if it is closed, `ENOMEM`.
    pub(super) fn insert(&self, number: usize, connection: Arc<C>) -> Result {
        let node = RBTreeNodeReservation::new(GFP_KERNEL_ACCOUNT)?;
        let mut members = self.members.lock();
        if members.closed {
            return Err(ESHUTDOWN);
        }
        match members.connections.entry(number) {
            Entry::Occupied(_) => Err(EBUSY),
            Entry::Vacant(free) => {
                free.insert(connection, node);
                Ok(())
            }
        }
    }

    /// Removes a connection, unless another has its number by now.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    pub(super) fn remove(&self, number: usize, connection: &Arc<C>) {
        let mut members = self.members.lock();
        let known = members.connections.get(&number);
        if known.is_some_and(|known| Arc::ptr_eq(known, connection)) {
            members.connections.remove(&number);
        }
    }

    /// Calls `f` with each connection. `f` must not use the set.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    pub(crate) fn for_each(&self, mut f: impl FnMut(&Arc<C>)) {
        for connection in self.members.lock().connections.values() {
            f(connection);
            sched::cond_resched();
        }
    }

    /// Calls `f` with the connections from the number `from` on until it has returned `true` `most`
    /// times, and returns the number to continue from if there are more. `f` must not use the set.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    pub(crate) fn visit(
        &self,
        from: usize,
        most: usize,
        mut f: impl FnMut(&Arc<C>) -> bool,
    ) -> Option<usize> {
        let mut members = self.members.lock();
        let mut next = members.connections.cursor_lower_bound_mut(&from);
        let mut left = most;
        while let Some(cursor) = next {
            let (number, connection) = cursor.current();
            if left == 0 {
                return Some(*number);
            }
            left -= usize::from(f(connection));
            sched::cond_resched();
            next = cursor.move_next();
        }
        None
    }

    /// Refuses further connections, and aborts all. The slots tell when they are gone.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    pub(crate) fn close(&self) {
        self.members.lock().closed = true;
        self.returns.close();
        self.for_each(C::abort);
    }
}
