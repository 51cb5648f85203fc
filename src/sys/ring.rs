// SPDX-License-Identifier: GPL-2.0-only

//! A ring of values from softirqs of a CPU to a task.
//!
//! The writer stages values behind those that are published, and publishes the first of them or
//! none. The reader sees the published ones. Neither waits for the other: a full ring loses values,
//! counts them, and knows before which value they are missing.
//!
//! # Wake-up
//!
//! A reader that finds the ring empty sets `waits`, then looks again, and sleeps if the ring is still
//! empty. The writer moves `head`, then looks at `waits`. Both do so with a full barrier between
//! their store and their load, so that the writer sees `waits` or the reader sees the value.

mod tests;

use super::{
    percpu::Initial,
    sched,
    softirq::BhDisabled, //
};
use core::cell::UnsafeCell;
use kernel::{
    prelude::*,
    sync::atomic::{
        ordering::{
            Acquire,
            Full,
            Relaxed,
            Release, //
        },
        Atomic, //
    },
};

/// A bounded queue with one writer and one reader at a time.
///
/// Positions count the values from the first one on; that of a value modulo the length is its place.
///
/// # Invariants
///
/// - `tail <= head <= tail + places.len()`.
/// - The values from `tail` to `head` are accessed by the [`RingReader`] alone, all others by the
///   [`RingWriter`] alone. Of each there is one at a time, that which has changed its `borrowed`
///   from `false` to `true`.
/// - The writer alone changes `head`, the reader alone `tail`.
pub(crate) struct Ring<T> {
    writer: WriterLine,
    reader: ReaderLine,
    places: KVVec<Place<T>>,
    /// For each place, the number of values that were lost before its value, from the beginning.
    losses: KVVec<Atomic<u64>>,
}

/// The memory of one value.
struct Place<T>(UnsafeCell<T>);

/// The cache line that the writer writes. The reader writes it only before it sleeps.
#[repr(align(64))]
struct WriterLine {
    borrowed: Atomic<bool>,
    /// Whether the reader waits for a value.
    waits: Atomic<bool>,
    /// The position behind the last published value.
    head: Atomic<u64>,
    /// A position that `tail` has reached, so that the writer seldom reads the line of the reader.
    seen_tail: Atomic<u64>,
    /// The number of values that were lost.
    lost: Atomic<u64>,
}

/// The cache line that the reader writes.
#[repr(align(64))]
struct ReaderLine {
    borrowed: Atomic<bool>,
    /// The position of the first value.
    tail: Atomic<u64>,
    /// The number of lost values that the reader has acknowledged.
    acknowledged: Atomic<u64>,
}

// SAFETY: By the type invariants one thread at a time has access to a value, so that sharing a ring
// is no more than sending values.
unsafe impl<T: Send> Sync for Ring<T> {}

impl<T: Initial> Ring<T> {
    /// Allocates an empty ring for `len` values, charged to the control group of the calling task.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(crate) fn new(len: usize) -> Result<Self> {
        let mut places = KVVec::with_capacity(len, GFP_KERNEL_ACCOUNT)?;
        let mut losses = KVVec::with_capacity(len, GFP_KERNEL_ACCOUNT)?;
        for _ in 0..len {
            let place = Place(UnsafeCell::new(T::INITIAL));
            places.push(place, GFP_KERNEL_ACCOUNT)?;
            losses.push(Atomic::new(0), GFP_KERNEL_ACCOUNT)?;
            sched::cond_resched();
        }
        // INVARIANT: It is empty, and borrowed by neither side.
        Ok(Self {
            writer: WriterLine {
                borrowed: Atomic::new(false),
                waits: Atomic::new(false),
                head: Atomic::new(0),
                seen_tail: Atomic::new(0),
                lost: Atomic::new(0),
            },
            reader: ReaderLine {
                borrowed: Atomic::new(false),
                tail: Atomic::new(0),
                acknowledged: Atomic::new(0),
            },
            places,
            losses,
        })
    }
}

impl<T> Ring<T> {
    /// Returns the writer, unless there is one.
    ///
    /// # Context
    ///
    /// Softirq or process context, must not sleep.
    #[inline]
    pub(crate) fn writer(&self, _: &BhDisabled) -> Option<RingWriter<'_, T>> {
        // Acquire: makes the stores of the last writer visible, from whichever CPU.
        if self.writer.borrowed.xchg(true, Acquire) {
            return None;
        }
        // INVARIANT: `borrowed` was just changed from `false` to `true`.
        Some(RingWriter {
            ring: self,
            head: self.writer.head.load(Relaxed),
            staged: 0,
        })
    }

    /// Returns the reader, unless there is one.
    ///
    /// # Context
    ///
    /// Any context.
    pub(crate) fn reader(&self) -> Option<RingReader<'_, T>> {
        if self.reader.borrowed.xchg(true, Acquire) {
            return None;
        }
        // INVARIANT: `borrowed` was just changed from `false` to `true`.
        // Acquire: pairs with `publish`.
        Some(RingReader {
            ring: self,
            head: self.writer.head.load(Acquire),
        })
    }

    /// Counts `n` values that could not be staged.
    ///
    /// # Context
    ///
    /// Any context.
    pub(crate) fn count_lost(&self, n: u64) {
        self.writer.lost.add(n, Relaxed);
    }

    /// Returns the number of values that were lost.
    ///
    /// # Context
    ///
    /// Any context.
    pub(crate) fn lost(&self) -> u64 {
        self.writer.lost.load(Relaxed)
    }

    /// Returns the number of values that were lost and that no reader has acknowledged.
    ///
    /// # Context
    ///
    /// Any context.
    pub(crate) fn unacknowledged(&self) -> u64 {
        let acknowledged = self.reader.acknowledged.load(Relaxed);
        self.lost().saturating_sub(acknowledged)
    }

    /// Returns the number of published values that are not taken.
    ///
    /// # Context
    ///
    /// Any context.
    pub(crate) fn len(&self) -> u64 {
        // The tail first, since the head never falls behind a tail that was there before.
        let tail = self.reader.tail.load(Acquire);
        self.writer.head.load(Acquire).saturating_sub(tail)
    }

    /// Has [`RingWriter::publish`] tell the next time that a reader waits. The caller then looks at
    /// [`Ring::len`] again before it sleeps.
    ///
    /// # Context
    ///
    /// Any context.
    pub(crate) fn begin_wait(&self) {
        // Full: the load of `head` comes after it; pairs with `publish`.
        self.writer.waits.xchg(true, Full);
    }

    /// Returns the place of a position; a ring without places has none.
    #[inline]
    fn place(&self, position: u64) -> Option<(&Place<T>, &Atomic<u64>)> {
        // CAST: Wider than 32 bits; the remainder is less than the length.
        let index = position.checked_rem(self.places.len() as u64)? as usize;
        Some((self.places.get(index)?, self.losses.get(index)?))
    }
}

/// The writer of a ring.
///
/// # Invariants
///
/// `writer.borrowed` was changed from `false` to `true` for this object, which is the only one.
/// `head` is that of the ring, and `head + staged <= tail + places.len()`.
pub(crate) struct RingWriter<'a, T> {
    ring: &'a Ring<T>,
    head: u64,
    staged: u64,
}

impl<T> RingWriter<'_, T> {
    /// Stages a value behind the last one and returns it, with the contents of an older one. If the
    /// ring is full, the value counts as lost.
    #[inline]
    pub(crate) fn stage(&mut self) -> Option<&mut T> {
        let position = self.head + self.staged;
        if !self.has_room(position) {
            self.ring.count_lost(1);
            return None;
        }
        let (place, losses) = self.ring.place(position)?;
        losses.store(self.ring.lost(), Relaxed);
        // INVARIANT: `has_room` has compared it with the tail.
        self.staged += 1;
        // SAFETY: The position is not before `head` and less than `tail + places.len()`, so that by
        // the invariants of the ring this object has access, and `self` is borrowed meanwhile.
        Some(unsafe { &mut *place.0.get() })
    }

    /// Returns the staged value with this index.
    #[inline]
    pub(crate) fn staged(&mut self, index: usize) -> Option<&mut T> {
        let index = u64::try_from(index).ok()?;
        if index >= self.staged {
            return None;
        }
        let (place, _) = self.ring.place(self.head + index)?;
        // SAFETY: As in `stage`, by the type invariants.
        Some(unsafe { &mut *place.0.get() })
    }

    /// Returns the number of staged values.
    #[inline]
    pub(crate) fn len(&self) -> usize {
        // CAST: No more than the ring has places.
        self.staged as usize
    }

    /// Publishes the first `count` staged values and forgets the others. Returns whether the reader
    /// waits, once for each [`Ring::begin_wait`].
    #[inline]
    pub(crate) fn publish(self, count: usize) -> bool {
        let count = (count as u64).min(self.staged);
        if count == 0 {
            return false;
        }
        let line = &self.ring.writer;
        // INVARIANT: By the type invariants this is no more than `tail + places.len()`. The values
        // are the reader's from here on; `self` is consumed.
        // Full: releases the values, and the load of `waits` comes after it; pairs with
        // `begin_wait`.
        line.head.xchg(self.head + count, Full);
        line.waits.load(Relaxed) && line.waits.xchg(false, Relaxed)
    }

    /// Returns whether the place of `position` is free.
    #[inline]
    fn has_room(&self, position: u64) -> bool {
        // CAST: Wider than 32 bits.
        let len = self.ring.places.len() as u64;
        let seen = &self.ring.writer.seen_tail;
        if position - seen.load(Relaxed) < len {
            return true;
        }
        // Acquire: the reader has finished with the values before the tail.
        let tail = self.ring.reader.tail.load(Acquire);
        seen.store(tail, Relaxed);
        position - tail < len
    }
}

impl<T> Drop for RingWriter<'_, T> {
    #[inline]
    fn drop(&mut self) {
        self.ring.writer.borrowed.store(false, Release);
    }
}

/// The reader of the values that were published before it was made.
///
/// # Invariants
///
/// `reader.borrowed` was changed from `false` to `true` for this object, which is the only one.
/// `tail <= head`, and that of the ring is not less than `head`.
pub(crate) struct RingReader<'a, T> {
    ring: &'a Ring<T>,
    head: u64,
}

impl<T> RingReader<'_, T> {
    /// Returns the first published value.
    pub(crate) fn first(&self) -> Option<&T> {
        let (place, _) = self.first_place()?;
        // SAFETY: By the invariants of the ring this object has access to the value at `tail` if it
        // is before `head`, until `take` moves the tail, for which `self` must not be borrowed.
        Some(unsafe { &*place.0.get() })
    }

    /// Takes the first value, if there is one.
    pub(crate) fn take(&mut self) {
        if self.first_place().is_some() {
            let tail = &self.ring.reader.tail;
            // INVARIANT: The tail is before the head. Release: the value was read before.
            tail.store(tail.load(Relaxed) + 1, Release);
        }
    }

    /// Returns the number of values that are missing before the first one, or that were lost since
    /// the last one, without those that were acknowledged.
    pub(crate) fn missing(&self) -> u64 {
        let Some((_, losses)) = self.first_place() else {
            return self.ring.unacknowledged();
        };
        let acknowledged = self.ring.reader.acknowledged.load(Relaxed);
        losses.load(Relaxed).saturating_sub(acknowledged)
    }

    /// Acknowledges so many missing values.
    pub(crate) fn acknowledge(&mut self, missing: u64) {
        self.ring.reader.acknowledged.add(missing, Relaxed);
    }

    fn first_place(&self) -> Option<(&Place<T>, &Atomic<u64>)> {
        let tail = self.ring.reader.tail.load(Relaxed);
        if tail == self.head {
            return None;
        }
        self.ring.place(tail)
    }
}

impl<T> Drop for RingReader<'_, T> {
    fn drop(&mut self) {
        self.ring.reader.borrowed.store(false, Release);
    }
}
