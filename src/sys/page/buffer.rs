// SPDX-License-Identifier: GPL-2.0-only

//! Pages that are being filled with bytes.

use super::{
    Block,
    PageView,
    TailPacker, //
};
use crate::sys::sched;
use core::mem;
use kernel::{
    page::PAGE_SIZE,
    prelude::*, //
};

/// Pages that are being filled with bytes.
///
/// # Invariants
///
/// No other block has pages of these blocks. The blocks have `len` bytes in all, all but the last
/// fill their pages, and none is longer than the one before it.
pub(crate) struct PageBuffer {
    blocks: KVVec<Block>,
    len: usize,
}

impl PageBuffer {
    /// Allocates pages for `len` bytes, zeroed, in large blocks where they are available.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM`; no process is killed.
    pub(crate) fn new(len: usize) -> Result<Self> {
        // INVARIANT: No blocks have no bytes.
        let mut this = Self {
            blocks: KVVec::new(),
            len: 0,
        };
        while this.len < len {
            this.blocks.reserve(1, GFP_KERNEL_ACCOUNT)?;
            let rest = len - this.len;
            let most = this.blocks.last().map_or(rest, Block::len);
            let block = Block::alloc(rest.min(most))?;
            let filled = block.len();
            // INVARIANT: The block is new and at most as long as the last one, and `len` is
            // increased by its bytes below. If these do not fill its pages, they are the last.
            this.blocks.push(block, GFP_KERNEL_ACCOUNT)?;
            this.len += filled;
            sched::cond_resched();
        }
        Ok(this)
    }

    /// Allocates a copy of `bytes`.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(crate) fn copy_of(bytes: &[u8]) -> Result<Self> {
        let mut this = Self::new(bytes.len())?;
        let mut rest = bytes;
        for piece in this.pieces() {
            let (now, later) = rest.split_at(piece.len().min(rest.len()));
            piece.copy_from_slice(now);
            rest = later;
        }
        Ok(this)
    }

    /// Returns the pieces to be filled, in order.
    pub(crate) fn pieces(&mut self) -> impl Iterator<Item = &mut [u8]> {
        self.blocks.iter_mut().map(|block| {
            // SAFETY: By the type invariants no other block has these pages.
            unsafe { block.bytes_mut() }
        })
    }

    /// Returns a view of the bytes.
    pub(crate) fn view(&self) -> PageView<'_> {
        // INVARIANT: By the type invariants the blocks have `len` bytes, and none is longer than the
        // one before it.
        PageView {
            blocks: &self.blocks,
            len: self.len,
        }
    }

    /// Returns the blocks, after moving the bytes that do not fill a page to a shared page.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(super) fn into_blocks(mut self, packer: &mut TailPacker) -> Result<KVVec<Block>> {
        if let Some(last) = self.blocks.last_mut() {
            if last.len() < PAGE_SIZE {
                *last = packer.put(last.bytes())?;
            }
        }
        Ok(mem::take(&mut self.blocks))
    }
}

impl Drop for PageBuffer {
    /// Frees the pages.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    fn drop(&mut self) {
        sched::drop_all(&mut self.blocks);
    }
}
