// SPDX-License-Identifier: GPL-2.0-only

//! The table of a server's connections.

use super::{
    super::site_snapshot::SiteSnapshot,
    slots::Slots,
    table_owner::TableOwner, //
};
use crate::{
    site::MetricsPage,
    sys::{
        errno::ESHUTDOWN,
        sched,
        softirq::{
            self,
            BhDisabled, //
        }, //
    }, //
};
use kernel::{
    new_spinlock,
    prelude::*,
    sync::{
        atomic::{
            ordering::Relaxed,
            Atomic, //
        },
        Arc,
        Completion,
        SpinLock, //
    }, //
};

/// A connection that a table can close.
pub(crate) trait TableEntry: Send + Sync + 'static {
    /// Closes the connection at once, by its worker.
    ///
    /// # Context
    ///
    /// Any context.
    fn abort(this: &Arc<Self>);
}

/// The connections of a server by the numbers of their slots.
#[pin_data]
pub(crate) struct ConnectionTable<C> {
    /// Locked with softirqs disabled.
    #[pin]
    state: SpinLock<State<C>>,
    /// Whether a reservation has failed since the last release.
    refused: Atomic<bool>,
    /// Completed when the table is closed and empty.
    #[pin]
    emptied: Completion,
}

/// The slots, and what their changes cause.
struct State<C> {
    slots: Slots<C>,
    closed: bool,
    owner: Option<Arc<dyn TableOwner>>,
}

impl<C: TableEntry> ConnectionTable<C> {
    /// Creates an empty table.
    pub(super) fn new() -> impl PinInit<Self> {
        pin_init!(Self {
            state <- new_spinlock!(State {
                slots: Slots::new(),
                closed: false,
                owner: None,
            }),
            refused: Atomic::new(false),
            emptied <- Completion::new(),
        })
    }

    /// Calls `f` with the table locked.
    fn with<T>(&self, f: impl FnOnce(&mut State<C>) -> T) -> T {
        softirq::disabled(|bh| self.with_bh(bh, f))
    }

    fn with_bh<T>(&self, _: &BhDisabled, f: impl FnOnce(&mut State<C>) -> T) -> T {
        f(&mut self.state.lock())
    }

    /// Sets the owner, until the table is closed.
    ///
    /// # Context
    ///
    /// Any context.
    pub(crate) fn set_owner(&self, owner: Arc<dyn TableOwner>) {
        self.with(|state| {
            if !state.closed {
                state.owner = Some(owner);
            }
        });
    }

    /// Has the owner render a page, as [`TableOwner::render`] says.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    ///
    /// # Errors
    ///
    /// Those of [`TableOwner::render`], `ENOENT` without a page, `ESHUTDOWN` if the table is closed.
    pub(super) fn render(&self, page: Option<Arc<MetricsPage>>) -> Result<Arc<SiteSnapshot>> {
        let owner = self.with(|state| state.owner.clone()).ok_or(ESHUTDOWN)?;
        page.map_or(Err(ENOENT), |page| owner.render(&page))
    }

    /// Reserves one of `max` slots and returns its number, which [`ConnectionTable::release`] takes
    /// back.
    ///
    /// # Context
    ///
    /// Softirq or process context, must not sleep.
    ///
    /// # Errors
    ///
    /// `EBUSY` if all slots are used, `ESHUTDOWN` if the table is closed, `ENOMEM`.
    pub(super) fn reserve(&self, max: usize, bh: &BhDisabled) -> Result<u32> {
        self.with_bh(bh, |state| {
            if state.closed {
                return Err(ESHUTDOWN);
            }
            if state.slots.used() >= max {
                self.refused.store(true, Relaxed);
                return Err(EBUSY);
            }
            state.slots.reserve()
        })
    }

    /// Puts `connection` into its reserved slot, and aborts it if the table was closed meanwhile.
    ///
    /// # Context
    ///
    /// Softirq or process context, must not sleep.
    pub(super) fn insert(&self, number: u32, connection: Arc<C>, bh: &BhDisabled) {
        self.with_bh(bh, |state| {
            if state.closed {
                C::abort(&connection);
            }
            state.slots.put(number, connection);
        });
    }

    /// Drops the reference to a connection, which keeps its slot until it is freed.
    ///
    /// # Context
    ///
    /// Softirq or process context, must not sleep.
    pub(super) fn remove(&self, number: u32) {
        let connection = self.with(|state| state.slots.take(number));
        // Perhaps the last reference; its drop takes the lock again.
        drop(connection);
    }

    /// Frees a slot.
    ///
    /// A work item that calls this may hold a reference to the owner for a moment. So the stop of
    /// the server waits for its acceptors before it closes the table, and flushes the queue of all
    /// other work items before it drops the last reference.
    ///
    /// # Context
    ///
    /// Softirq or process context, must not sleep.
    pub(super) fn release(&self, number: u32) {
        let owner = self.with(|state| {
            state.slots.release(number);
            if state.slots.used() == 0 && state.closed {
                self.emptied.complete_all();
            }
            if self.refused.load(Relaxed) {
                self.refused.store(false, Relaxed);
                state.owner.clone()
            } else {
                None
            }
        });
        if let Some(owner) = owner {
            owner.slot_freed();
        }
    }

    /// Returns whether a listener waits for a free slot.
    ///
    /// # Context
    ///
    /// Any context.
    #[inline]
    pub(super) fn is_awaited(&self) -> bool {
        self.refused.load(Relaxed)
    }

    /// Returns the number of used slots.
    ///
    /// # Context
    ///
    /// Softirq or process context, must not sleep.
    pub(crate) fn len(&self) -> usize {
        self.with(|state| state.slots.used())
    }

    /// Calls `f` with the connections from the slot `from` on until it has returned `true` `most`
    /// times, and returns the slot to continue from if there may be more. `f` must neither sleep nor
    /// use the table.
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
        let mut next = from;
        let mut left = most;
        while left != 0 {
            let is_end = self.with(|state| {
                let Some(some) = state.slots.chunk_from(next) else {
                    return true;
                };
                for connection in some {
                    next += 1;
                    left -= usize::from(connection.is_some_and(&mut f));
                    if left == 0 {
                        break;
                    }
                }
                false
            });
            if is_end {
                return None;
            }
            sched::cond_resched();
        }
        Some(next)
    }

    /// Calls `f` with each connection. `f` must neither sleep nor use the table.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    pub(crate) fn for_each(&self, mut f: impl FnMut(&Arc<C>)) {
        let visited = self.visit(0, 1, |connection| {
            f(connection);
            false
        });
        debug_assert!(visited.is_none());
    }

    /// Refuses further reservations, aborts all connections, and waits until they are freed. It
    /// waits for no peer.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    pub(crate) fn close(&self) {
        let (owner, is_empty) = self.with(|state| {
            state.closed = true;
            (state.owner.take(), state.slots.used() == 0)
        });
        // Dropped without the lock; the caller holds another reference.
        drop(owner);
        if !is_empty {
            self.for_each(C::abort);
            self.emptied.wait_for_completion();
        }
    }
}

#[kunit_tests(khttpd_connection_table)]
mod tests {
    use super::{super::slots::CHUNK, *};
    use crate::sys::sched::count;

    /// A connection that counts how often it is aborted.
    struct Entry(Atomic<u32>);

    impl TableEntry for Entry {
        fn abort(this: &Arc<Self>) {
            this.0.fetch_add(1, Relaxed);
        }
    }

    impl TableOwner for Entry {
        fn slot_freed(self: Arc<Self>) {
            self.0.fetch_add(100, Relaxed);
        }

        fn render(&self, _: &MetricsPage) -> Result<Arc<SiteSnapshot>> {
            Err(EINVAL)
        }
    }

    fn table() -> Result<Arc<ConnectionTable<Entry>>> {
        Arc::pin_init(ConnectionTable::new(), GFP_KERNEL)
    }

    fn reserve(table: &ConnectionTable<Entry>, max: usize) -> Result<u32> {
        softirq::disabled(|bh| table.reserve(max, bh))
    }

    fn insert(table: &ConnectionTable<Entry>, number: u32, entry: Arc<Entry>) {
        softirq::disabled(|bh| table.insert(number, entry, bh));
    }

    fn entry() -> Result<Arc<Entry>> {
        Ok(Arc::new(Entry(Atomic::new(0)), GFP_KERNEL)?)
    }

    #[test]
    fn slots_are_bounded_and_used_again() -> Result {
        let table = table()?;
        let first = reserve(&table, 2)?;
        let second = reserve(&table, 2)?;
        assert_ne!(first, second);
        assert_eq!(reserve(&table, 2), Err(EBUSY));
        assert_eq!(table.len(), 2);
        table.release(first);
        assert_eq!(reserve(&table, 2)?, first);
        Ok(())
    }

    #[test]
    fn owner_learns_of_a_free_slot_after_a_refusal_alone() -> Result {
        let table = table()?;
        let owner = entry()?;
        table.set_owner(owner.clone());
        let number = reserve(&table, 1)?;
        table.release(number);
        assert_eq!(owner.0.load(Relaxed), 0);
        let number = reserve(&table, 1)?;
        assert_eq!(reserve(&table, 1), Err(EBUSY));
        table.release(number);
        assert_eq!(owner.0.load(Relaxed), 100);
        Ok(())
    }

    #[test]
    fn visit_continues_where_it_stopped() -> Result {
        let table = table()?;
        for _ in 0..5 {
            let number = reserve(&table, 5)?;
            insert(&table, number, entry()?);
        }
        let mut visited = 0;
        let mut from = Some(0);
        while let Some(start) = from {
            from = table.visit(start, 2, |_| {
                visited += 1;
                true
            });
        }
        assert_eq!(visited, 5);
        Ok(())
    }

    #[test]
    fn closed_table_aborts_and_reserves_nothing() -> Result {
        let table = table()?;
        let late = entry()?;
        let number = reserve(&table, 1)?;
        let owner = entry()?;
        table.set_owner(owner.clone());
        assert_eq!(reserve(&table, 1), Err(EBUSY));
        table.release(number);
        assert_eq!(owner.0.load(Relaxed), 100);
        table.close();
        assert_eq!(reserve(&table, 1), Err(ESHUTDOWN));
        insert(&table, number, late.clone());
        assert_eq!(late.0.load(Relaxed), 1);
        table.remove(number);
        Ok(())
    }

    #[test]
    fn other_tasks_run_while_many_connections_are_visited() -> Result {
        const COUNT: usize = 10 * CHUNK;
        let table = table()?;
        for _ in 0..COUNT {
            let number = reserve(&table, COUNT)?;
            insert(&table, number, entry()?);
        }
        let (mut visited, mut none) = (0, Some(0));
        assert!(count::during(|| table.for_each(|_| visited += 1)) >= 10);
        assert!(count::during(|| none = table.visit(0, 1, |_| false)) >= 10);
        assert_eq!((visited, none), (COUNT, None));
        Ok(())
    }
}
