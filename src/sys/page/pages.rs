// SPDX-License-Identifier: GPL-2.0-only

//! Pages full of bytes that never change.

use super::{
    Block,
    PageBuffer,
    PageView,
    TailPacker, //
};
use crate::sys::{
    sched,
    sort::sort_by, //
};
use core::ops::Deref;
use kernel::{
    page::PAGE_SIZE,
    prelude::*, //
};

/// The location of bytes in [`Pages`].
#[derive(Clone, Copy)]
pub(crate) struct Span {
    len: usize,
    first: u32,
    count: u32,
}

/// Pages full of bytes that never change. TCP and other objects of this type may have references to
/// the same pages.
pub(crate) struct Pages {
    pub(super) blocks: KVVec<Block>,
}

/// A view of bytes in [`Pages`], which never change: others may have references to their pages.
#[derive(Clone, Copy)]
pub(crate) struct PageBytes<'a>(PageView<'a>);

impl<'a> Deref for PageBytes<'a> {
    type Target = PageView<'a>;

    #[inline]
    fn deref(&self) -> &PageView<'a> {
        &self.0
    }
}

impl Pages {
    /// Creates an object without pages.
    pub(crate) const fn new() -> Self {
        Self {
            blocks: KVVec::new(),
        }
    }

    /// Returns the bytes at `span`, which comes from this object.
    ///
    /// # Context
    ///
    /// Any context.
    #[inline]
    pub(crate) fn bytes(&self, span: Span) -> PageBytes<'_> {
        // CAST: Wider than 32 bits.
        let first = span.first as usize;
        let blocks = self.blocks.get(first..first + span.count as usize);
        // INVARIANT: The blocks of a span have its number of bytes, and come from a `PageBuffer`, in
        // which none is longer than the one before it.
        PageBytes(blocks.map_or(PageView::EMPTY, |blocks| PageView {
            blocks,
            len: span.len,
        }))
    }

    /// Takes over the bytes of `buffer`; moves those that do not fill a page to `packer`.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(crate) fn take(&mut self, buffer: PageBuffer, packer: &mut TailPacker) -> Result<Span> {
        let len = buffer.view().len();
        let blocks = buffer.into_blocks(packer)?;
        self.blocks.reserve(blocks.len(), GFP_KERNEL_ACCOUNT)?;
        let span = self.next_span(len, blocks.len())?;
        for block in blocks {
            self.blocks.push(block, GFP_KERNEL_ACCOUNT)?;
        }
        Ok(span)
    }

    /// Shares the bytes of another object.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(crate) fn share(&mut self, bytes: PageBytes<'_>) -> Result<Span> {
        self.blocks
            .reserve(bytes.blocks.len(), GFP_KERNEL_ACCOUNT)?;
        let span = self.next_span(bytes.len, bytes.blocks.len())?;
        for block in bytes.blocks {
            self.blocks.push(block.share(), GFP_KERNEL_ACCOUNT)?;
        }
        Ok(span)
    }

    /// Returns the span of the next `count` blocks, which have `len` bytes.
    fn next_span(&self, len: usize, count: usize) -> Result<Span> {
        let first = u32::try_from(self.blocks.len()).map_err(|_| EFBIG)?;
        let count = u32::try_from(count).map_err(|_| EFBIG)?;
        first.checked_add(count).ok_or(EFBIG)?;
        Ok(Span { len, first, count })
    }

    /// Frees the memory that was reserved for further blocks.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(crate) fn finish(&mut self) -> Result {
        Ok(self.blocks.shrink_to(0, GFP_KERNEL_ACCOUNT)?)
    }

    /// Returns the memory of the pages and of this object, in bytes; counts a page once that
    /// several blocks share.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(crate) fn footprint(&self) -> Result<usize> {
        let mut shared = KVVec::new();
        let mut bytes = self.blocks.capacity() * size_of::<Block>();
        for block in &self.blocks {
            sched::cond_resched();
            if block.len() < PAGE_SIZE {
                shared.push(block.page_number(), GFP_KERNEL_ACCOUNT)?;
            } else {
                bytes += block.len();
            }
        }
        sort_by(&mut shared, |a, b| {
            sched::cond_resched();
            a.cmp(b)
        });
        let pages = shared.chunk_by(|a, b| a == b).count();
        Ok(bytes + pages * PAGE_SIZE)
    }
}

impl Drop for Pages {
    /// Frees the pages that nothing else refers to.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    fn drop(&mut self) {
        sched::drop_all(&mut self.blocks);
    }
}
