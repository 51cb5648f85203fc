// SPDX-License-Identifier: GPL-2.0-only

//! Adopted connections that wait for a process to take them back.

use crate::sys::{
    device::PollCall,
    poll::PollCondVarBox, //
};
use kernel::{
    fs::File,
    new_mutex,
    prelude::*,
    rbtree::{
        RBTree,
        RBTreeNodeReservation, //
    },
    static_lock_class,
    sync::{
        Arc,
        Mutex, //
    }, //
};

/// Connections that wait, in their order, for one of the readers.
#[pin_data]
pub(crate) struct ReturnQueue<C> {
    #[pin]
    queue: Mutex<Queue<C>>,
    /// Notified when a connection waits, and at the end. In a box, which is freed without waiting for
    /// a grace period.
    changed: PollCondVarBox,
}

/// The connections by the order in which they were offered.
struct Queue<C> {
    waiting: RBTree<u64, Offer<C>>,
    next: u64,
    readers: usize,
    closed: bool,
}

/// A connection that waits.
struct Offer<C> {
    connection: Arc<C>,
    /// The bytes that its reader needs room for.
    early: usize,
}

impl<C> ReturnQueue<C> {
    /// Returns an empty queue without readers.
    pub(super) fn new() -> impl PinInit<Self, Error> {
        try_pin_init!(Self {
            queue <- new_mutex!(Queue {
                waiting: RBTree::new(),
                next: 0,
                readers: 0,
                closed: false,
            }),
            changed: PollCondVarBox::new(c"ReturnQueue::changed", static_lock_class!())?,
        })
    }

    /// Adds a reader, which may take connections.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    pub(crate) fn add_reader(&self) {
        self.queue.lock().readers += 1;
    }

    /// Removes a reader. If it was the last, calls `f` with each connection that waits.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    pub(crate) fn remove_reader(&self, f: impl FnMut(&Arc<C>)) {
        let mut queue = self.queue.lock();
        queue.readers -= 1;
        if queue.readers == 0 {
            queue
                .waiting
                .values()
                .map(|offer| &offer.connection)
                .for_each(f);
        }
    }

    /// Returns whether there is a reader.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    pub(super) fn has_reader(&self) -> bool {
        self.queue.lock().readers != 0
    }

    /// Offers `connection` to the readers, with `early` bytes; returns the number of the offer.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    ///
    /// # Errors
    ///
    /// `ENOENT` if there is no reader, `ENOMEM`.
    pub(super) fn offer(&self, connection: Arc<C>, early: usize) -> Result<u64> {
        let node = RBTreeNodeReservation::new(GFP_KERNEL)?;
        let mut queue = self.queue.lock();
        if queue.readers == 0 || queue.closed {
            return Err(ENOENT);
        }
        let number = queue.next;
        queue.next += 1;
        let offer = Offer { connection, early };
        queue.waiting.insert(node.into_node(number, offer));
        drop(queue);
        self.changed.notify_all();
        Ok(number)
    }

    /// Withdraws an offer; returns `false` if a reader has taken it.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    pub(super) fn withdraw(&self, number: u64) -> bool {
        self.queue.lock().waiting.remove_node(&number).is_some()
    }

    /// Takes the first connection, if the reader has room for its early bytes. With `wait` it waits
    /// for one; returns nothing at the end.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    ///
    /// # Errors
    ///
    /// `EINVAL` if there is no room, `EAGAIN` without `wait`, `ERESTARTSYS` for a signal.
    pub(super) fn take(&self, room: usize, wait: bool) -> Result<Option<Arc<C>>> {
        let mut queue = self.queue.lock();
        loop {
            let first = queue.waiting.iter().next();
            if let Some((number, early)) = first.map(|(number, offer)| (*number, offer.early)) {
                if early > room {
                    return Err(EINVAL);
                }
                let node = queue.waiting.remove(&number);
                return Ok(node.map(|offer| offer.connection));
            }
            if queue.closed {
                return Ok(None);
            }
            if !wait {
                return Err(EAGAIN);
            }
            if self.changed.wait_interruptible(&mut queue) {
                return Err(ERESTARTSYS);
            }
        }
    }

    /// Returns the events of `poll(2)`.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    pub(crate) fn poll(&self, file: &File, poll: &PollCall<'_>) -> u32 {
        poll.wait_for(file, &self.changed);
        let queue = self.queue.lock();
        let readable = if queue.waiting.is_empty() {
            0
        } else {
            PollCall::READABLE
        };
        let ended = if queue.closed {
            PollCall::ENDED | PollCall::READABLE
        } else {
            0
        };
        PollCall::WRITABLE | readable | ended
    }

    /// Ends the waiting of all readers. No more connections are offered.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    pub(super) fn close(&self) {
        self.queue.lock().closed = true;
        self.changed.notify_all();
    }
}

#[kunit_tests(khttpd_return_queue)]
mod tests {
    use super::*;

    fn queue() -> Result<Arc<ReturnQueue<u32>>> {
        Arc::pin_init(ReturnQueue::new(), GFP_KERNEL)
    }

    fn connection(number: u32) -> Result<Arc<u32>> {
        Ok(Arc::new(number, GFP_KERNEL)?)
    }

    fn taken(queue: &ReturnQueue<u32>, room: usize) -> Result<Option<u32>> {
        Ok(queue.take(room, false)?.map(|connection| *connection))
    }

    #[test]
    fn connections_go_back_in_their_order_to_a_reader_with_room() -> Result {
        let queue = queue()?;
        queue.add_reader();
        for number in [7, 8, 9] {
            queue.offer(connection(number)?, 100)?;
        }
        assert_eq!(taken(&queue, 99), Err(EINVAL));
        assert_eq!(taken(&queue, 100), Ok(Some(7)));
        assert_eq!(taken(&queue, 1000), Ok(Some(8)));
        assert_eq!(taken(&queue, 1000), Ok(Some(9)));
        assert_eq!(taken(&queue, 1000), Err(EAGAIN));
        Ok(())
    }

    #[test]
    fn offer_is_withdrawn_or_taken_once() -> Result {
        let queue = queue()?;
        queue.add_reader();
        let first = queue.offer(connection(1)?, 0)?;
        let second = queue.offer(connection(2)?, 0)?;
        assert!(queue.withdraw(first));
        assert!(!queue.withdraw(first));
        assert_eq!(taken(&queue, 0), Ok(Some(2)));
        assert!(!queue.withdraw(second));
        Ok(())
    }

    #[test]
    fn connections_are_offered_only_to_readers() -> Result {
        let queue = queue()?;
        assert_eq!(queue.offer(connection(1)?, 0), Err(ENOENT));
        queue.add_reader();
        queue.add_reader();
        queue.offer(connection(1)?, 0)?;
        let mut left = 0;
        queue.remove_reader(|_| left += 1);
        assert_eq!(left, 0);
        queue.remove_reader(|_| left += 1);
        assert_eq!(left, 1);
        assert!(!queue.has_reader());
        Ok(())
    }

    #[test]
    fn closed_queue_ends_the_wait_of_readers() -> Result {
        let queue = queue()?;
        queue.add_reader();
        queue.close();
        assert!(queue.take(0, true)?.is_none());
        assert_eq!(queue.offer(connection(1)?, 0), Err(ENOENT));
        Ok(())
    }
}
