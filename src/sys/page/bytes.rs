// SPDX-License-Identifier: GPL-2.0-only

//! A view of bytes in pages.

use super::Block;
use core::ops::Range;

/// A view of bytes in pages, which do not change.
///
/// # Invariants
///
/// The blocks have `len` bytes in all.
#[derive(Clone, Copy)]
pub(crate) struct PageBytes<'a> {
    pub(super) blocks: &'a [Block],
    pub(super) len: usize,
}

impl<'a> PageBytes<'a> {
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
    pub(crate) fn equals(&self, other: &Self) -> bool {
        let (mut ours, mut theirs) = (self.slices(), other.slices());
        let (mut left, mut right): (&[u8], &[u8]) = (&[], &[]);
        let mut rest = self.len;
        while rest > 0 {
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
        let mut skip = range.start.min(self.len);
        let mut blocks = self.blocks;
        while let [first, rest @ ..] = blocks {
            if skip < first.len() {
                break;
            }
            skip -= first.len();
            blocks = rest;
        }
        (blocks, skip)
    }
}
