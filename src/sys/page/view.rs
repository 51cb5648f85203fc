// SPDX-License-Identifier: GPL-2.0-only

//! A view of bytes in pages.

use super::Block;
use crate::sys::sched;
use core::ops::Range;

/// A view of bytes in pages, to be read as long as it lives. Only [`PageBytes`](super::PageBytes)
/// are certain never to change.
///
/// # Invariants
///
/// The blocks have `len` bytes in all, and no block is longer than the one before it.
#[derive(Clone, Copy)]
pub(crate) struct PageView<'a> {
    pub(super) blocks: &'a [Block],
    pub(super) len: usize,
}

impl<'a> PageView<'a> {
    /// No bytes.
    // INVARIANT: No blocks have no bytes.
    pub(super) const EMPTY: Self = Self {
        blocks: &[],
        len: 0,
    };

    /// Returns the number of bytes.
    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Returns the bytes, block by block.
    pub(crate) fn slices(&self) -> impl Iterator<Item = &'a [u8]> + Clone + use<'a> {
        self.blocks.iter().map(Block::bytes)
    }

    /// Tells whether the bytes of both are equal.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    pub(crate) fn equals(&self, other: &Self) -> bool {
        let (mut ours, mut theirs) = (self.slices(), other.slices());
        let (mut left, mut right): (&[u8], &[u8]) = (&[], &[]);
        let mut rest = self.len;
        while rest > 0 {
            sched::cond_resched();
            if left.is_empty() {
                left = ours.next().unwrap_or_default();
            }
            if right.is_empty() {
                right = theirs.next().unwrap_or_default();
            }
            let count = left.len().min(right.len());
            let (left_now, left_later) = left.split_at(count);
            let (right_now, right_later) = right.split_at(count);
            if count == 0 || left_now != right_now {
                return false;
            }
            (left, right) = (left_later, right_later);
            rest -= count;
        }
        self.len == other.len
    }

    /// Returns the bytes of `range` if they are contiguous.
    #[inline]
    pub(crate) fn slice(&self, range: &Range<usize>) -> Option<&'a [u8]> {
        let (blocks, skip) = self.blocks(range);
        let bytes = blocks.first()?.bytes();
        bytes.get(skip..skip.checked_add(range.len())?)
    }

    /// Returns the blocks from the first byte of `range` on, and how many bytes of the first block
    /// precede it.
    #[inline]
    pub(in crate::sys) fn blocks(&self, range: &Range<usize>) -> (&'a [Block], usize) {
        let skip = range.start.min(self.len);
        match self.blocks {
            [first, ..] if skip >= first.len() => skip_whole(self.blocks, Block::len, skip),
            blocks => (blocks, skip),
        }
    }
}

/// Returns the parts from the one on that contains the byte at `skip`, and how many of its bytes
/// precede that byte. `len` returns the length of a part, which must not increase from one part to
/// the next.
///
/// The parts of one length are skipped by a binary search, and there are few lengths.
pub(super) fn skip_whole<T>(
    mut parts: &[T],
    len: impl Fn(&T) -> usize,
    mut skip: usize,
) -> (&[T], usize) {
    while let Some(longest) = parts.first().map(&len).filter(|longest| skip >= *longest) {
        let Some(most) = skip.checked_div(longest) else {
            break;
        };
        let alike = parts.get(..most).unwrap_or(parts);
        let whole = alike.partition_point(|part| len(part) == longest);
        parts = parts.get(whole..).unwrap_or_default();
        skip -= whole * longest;
    }
    (parts, skip)
}
