// SPDX-License-Identifier: GPL-2.0-only

//! The order of lines from several CPUs.

use super::log_rings::LogRings;
use crate::sys::clock;
use kernel::{
    cpu,
    prelude::*, //
};

/// Merges the lines of several rings by the time of their end.
///
/// It looks at the first lines of all rings at once. A line that has ended after that may have to
/// wait for one of a ring that was empty, so the merge takes another look before it. So lines are out
/// of order only by the time from the end of a line to its publication.
pub(super) struct LogMerge {
    /// The end of the first line of each ring, in nanoseconds of the monotonic clock.
    first_ends: KVec<Option<u64>>,
    /// The time of the last look.
    looked_at: u64,
}

impl LogMerge {
    /// Creates a merge of the rings of all CPUs.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(super) fn new() -> Result<Self> {
        let mut first_ends = KVec::new();
        for _ in 0..cpu::nr_cpu_ids() {
            first_ends.push(None, GFP_KERNEL_ACCOUNT)?;
        }
        Ok(Self {
            first_ends,
            looked_at: 0,
        })
    }

    /// Returns the index of the ring with the next line.
    pub(super) fn next(&mut self, rings: &LogRings) -> Option<usize> {
        // The second look is for lines that were published during the first one.
        for _ in 0..2 {
            if let Some((index, end)) = self.earliest() {
                if end <= self.looked_at {
                    return Some(index);
                }
            }
            self.look(rings);
        }
        Some(self.earliest()?.0)
    }

    /// Notes the end of the first line of a ring after another one was taken.
    pub(super) fn set_first_end(&mut self, index: usize, end: Option<u64>) {
        if let Some(first_end) = self.first_ends.get_mut(index) {
            *first_end = end;
        }
    }

    /// Forgets the rings, before others are merged.
    pub(super) fn forget(&mut self) {
        self.first_ends.fill(None);
    }

    fn earliest(&self) -> Option<(usize, u64)> {
        let ends = self.first_ends.iter().enumerate();
        ends.filter_map(|(index, end)| Some((index, (*end)?)))
            .min_by_key(|(_, end)| *end)
    }

    fn look(&mut self, rings: &LogRings) {
        self.looked_at = clock::monotonic_nanoseconds();
        for (first_end, ring) in self.first_ends.iter_mut().zip(rings.iter()) {
            let reader = ring.reader();
            let first = reader.as_ref().and_then(|reader| reader.first());
            *first_end = first.map(|record| record.end());
        }
    }
}
