// SPDX-License-Identifier: GPL-2.0-only

//! The table of a server's connections.

use crate::sys::sched;
use core::mem;
use kernel::{
    new_condvar,
    new_mutex,
    prelude::*,
    sync::{
        Arc,
        CondVar,
        Mutex, //
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

/// An object that learns of free slots.
pub(crate) trait SlotObserver: Send + Sync {
    /// Lets listeners accept again that found no free slot.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    fn slot_freed(&self);
}

/// The connections of a server by the numbers of their slots.
#[pin_data]
pub(crate) struct ConnectionTable<C> {
    #[pin]
    slots: Mutex<Slots<C>>,
    #[pin]
    emptied: CondVar,
}

/// Slots, each of which is free, reserved, or holds a connection.
struct Slots<C> {
    /// The slots that were ever used, by number.
    entries: KVVec<Option<Arc<C>>>,
    /// The numbers of the free slots, with capacity for all of them.
    free: KVVec<u32>,
    /// Whether a reservation has failed since the last release.
    refused: bool,
    closed: bool,
    observer: Option<Arc<dyn SlotObserver>>,
}

impl<C> Slots<C> {
    /// Returns the number of slots that are not free.
    fn used(&self) -> usize {
        self.entries.len() - self.free.len()
    }

    /// Returns the slots by number, and lets other tasks run between them.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    fn iter(&self) -> impl Iterator<Item = &Option<Arc<C>>> {
        let slots = self.entries.iter();
        slots.inspect(|_| sched::cond_resched())
    }

    /// Adds a slot, with room for its number among the free ones.
    fn add(&mut self) -> Result<u32> {
        let number = u32::try_from(self.entries.len())?;
        let room = self.entries.len() + 1 - self.free.len();
        self.free.reserve(room, GFP_KERNEL_ACCOUNT)?;
        self.entries.push(None, GFP_KERNEL_ACCOUNT)?;
        Ok(number)
    }
}

impl<C: TableEntry> ConnectionTable<C> {
    /// Creates an empty table.
    pub(super) fn new() -> impl PinInit<Self> {
        pin_init!(Self {
            slots <- new_mutex!(Slots {
                entries: KVVec::new(),
                free: KVVec::new(),
                refused: false,
                closed: false,
                observer: None,
            }),
            emptied <- new_condvar!(),
        })
    }

    /// Registers the observer, which is called when a slot becomes free after a reservation has
    /// failed, until the table is closed.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    pub(crate) fn observe(&self, observer: Arc<dyn SlotObserver>) {
        let mut slots = self.slots.lock();
        if !slots.closed {
            slots.observer = Some(observer);
        }
    }

    /// Reserves one of `max` slots and returns its number, which [`ConnectionTable::release`] takes
    /// back.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    ///
    /// # Errors
    ///
    /// `EBUSY` if all slots are used, `ESHUTDOWN` if the table is closed, `ENOMEM`.
    pub(super) fn reserve(&self, max: usize) -> Result<u32> {
        let mut slots = self.slots.lock();
        if slots.closed {
            return Err(ESHUTDOWN);
        }
        if slots.used() >= max {
            slots.refused = true;
            return Err(EBUSY);
        }
        match slots.free.pop() {
            Some(number) => Ok(number),
            None => slots.add(),
        }
    }

    /// Puts `connection` into its reserved slot, and aborts it if the table was closed meanwhile.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    pub(super) fn insert(&self, number: u32, connection: Arc<C>) {
        let mut slots = self.slots.lock();
        if slots.closed {
            C::abort(&connection);
        }
        if let Some(entry) = slots.entries.get_mut(number as usize) {
            *entry = Some(connection);
        }
    }

    /// Drops the reference to a connection, which keeps its slot until it is freed.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    pub(super) fn remove(&self, number: u32) {
        let connection = self
            .slots
            .lock()
            .entries
            .get_mut(number as usize)
            .and_then(Option::take);
        // Perhaps the last reference; its drop takes the lock again.
        drop(connection);
    }

    /// Frees a slot.
    ///
    /// A work item that calls this may hold a reference to the observer for a moment; the stop of
    /// the server flushes the queue before the last one is dropped.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    pub(super) fn release(&self, number: u32) {
        let mut slots = self.slots.lock();
        // There is room, because `Slots::add` has reserved it.
        let _ = slots.free.push_within_capacity(number);
        if slots.used() == 0 {
            self.emptied.notify_all();
        }
        let observer = if mem::take(&mut slots.refused) {
            slots.observer.clone()
        } else {
            None
        };
        drop(slots);
        if let Some(observer) = observer {
            observer.slot_freed();
        }
    }

    /// Returns the number of used slots.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    pub(crate) fn len(&self) -> usize {
        self.slots.lock().used()
    }

    /// Calls `f` with the connections from the slot `from` on until it has returned `true` `most`
    /// times, and returns the slot to continue from if there may be more. `f` must not use the
    /// table.
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
        let slots = self.slots.lock();
        let rest = slots.iter().enumerate().skip(from);
        let mut taken = rest.filter(|(_, entry)| entry.as_ref().is_some_and(&mut f));
        let (last, _) = taken.nth(most.saturating_sub(1))?;
        Some(last + 1)
    }

    /// Calls `f` with each connection. `f` must not use the table.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    pub(crate) fn for_each(&self, f: impl FnMut(&Arc<C>)) {
        self.slots.lock().iter().flatten().for_each(f);
    }

    /// Refuses further reservations, aborts all connections, and waits until they are freed. It
    /// waits for no peer.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    pub(crate) fn close(&self) {
        let observer = {
            let mut slots = self.slots.lock();
            slots.closed = true;
            slots.observer.take()
        };
        // Dropped without the lock; the caller holds another reference.
        drop(observer);
        self.for_each(C::abort);
        let mut slots = self.slots.lock();
        while slots.used() != 0 {
            self.emptied.wait(&mut slots);
        }
    }
}

#[kunit_tests(khttpd_connection_table)]
mod tests {
    use super::*;
    use crate::sys::sched::count;
    use kernel::sync::atomic::{
        ordering::Relaxed,
        Atomic, //
    };

    /// A connection that counts how often it is aborted.
    struct Entry(Atomic<u32>);

    impl TableEntry for Entry {
        fn abort(this: &Arc<Self>) {
            this.0.fetch_add(1, Relaxed);
        }
    }

    impl SlotObserver for Entry {
        fn slot_freed(&self) {
            self.0.fetch_add(100, Relaxed);
        }
    }

    fn table() -> Result<Arc<ConnectionTable<Entry>>> {
        Arc::pin_init(ConnectionTable::new(), GFP_KERNEL)
    }

    fn entry() -> Result<Arc<Entry>> {
        Ok(Arc::new(Entry(Atomic::new(0)), GFP_KERNEL)?)
    }

    #[test]
    fn slots_are_bounded_and_used_again() -> Result {
        let table = table()?;
        let first = table.reserve(2)?;
        let second = table.reserve(2)?;
        assert_ne!(first, second);
        assert_eq!(table.reserve(2), Err(EBUSY));
        assert_eq!(table.len(), 2);
        table.release(first);
        assert_eq!(table.reserve(2)?, first);
        Ok(())
    }

    #[test]
    fn observer_learns_of_a_free_slot_after_a_refusal_alone() -> Result {
        let table = table()?;
        let observer = entry()?;
        table.observe(observer.clone());
        let number = table.reserve(1)?;
        table.release(number);
        assert_eq!(observer.0.load(Relaxed), 0);
        let number = table.reserve(1)?;
        assert_eq!(table.reserve(1), Err(EBUSY));
        table.release(number);
        assert_eq!(observer.0.load(Relaxed), 100);
        Ok(())
    }

    #[test]
    fn visit_continues_where_it_stopped() -> Result {
        let table = table()?;
        for _ in 0..5 {
            let number = table.reserve(5)?;
            table.insert(number, entry()?);
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
        let number = table.reserve(1)?;
        let observer = entry()?;
        table.observe(observer.clone());
        assert_eq!(table.reserve(1), Err(EBUSY));
        table.release(number);
        assert_eq!(observer.0.load(Relaxed), 100);
        table.close();
        assert_eq!(table.reserve(1), Err(ESHUTDOWN));
        table.insert(number, late.clone());
        assert_eq!(late.0.load(Relaxed), 1);
        table.remove(number);
        Ok(())
    }

    #[test]
    fn other_tasks_run_while_many_connections_are_visited() -> Result {
        const COUNT: usize = 100;
        let table = table()?;
        for _ in 0..COUNT {
            let number = table.reserve(COUNT)?;
            table.insert(number, entry()?);
        }
        let (mut visited, mut none) = (0, Some(0));
        assert!(count::during(|| table.for_each(|_| visited += 1)) >= COUNT as u64);
        assert!(count::during(|| none = table.visit(0, 1, |_| false)) >= COUNT as u64);
        assert_eq!((visited, none), (COUNT, None));
        Ok(())
    }
}
