// SPDX-License-Identifier: GPL-2.0-only

//! Bytes in whole pages, ready to be sent without being copied.
//!
//! `MSG_SPLICE_PAGES` takes only what comes from the page allocator, never slab memory.
//!
//! C headers: [`include/linux/gfp.h`](srctree/include/linux/gfp.h),
//! [`include/linux/bvec.h`](srctree/include/linux/bvec.h)

use super::ffi;
use core::{
    ops::Range,
    ptr::NonNull,
    slice, //
};
use kernel::{
    bindings,
    page::PAGE_SIZE,
    prelude::*, //
};

#[cfg(not(CONFIG_64BIT))]
compile_error!("khttpd needs a 64-bit kernel: it addresses the pages of its site directly");

/// The largest block that is asked of the page allocator: 2^9 pages, 2 MiB on most machines.
const MAX_ORDER: u32 = 9;

/// A sequence of bytes in pages that never changes.
///
/// # Invariants
///
/// - Each `bio_vec` is a block of pages of its own, owned by this object together with whoever
///   has taken a reference (TCP, while it sends), filled from offset 0 on for `bv_len` bytes.
/// - The `bv_len` sum up to `len`.
/// - The bytes are not written after construction.
pub(crate) struct PageBytes {
    blocks: KVec<bindings::bio_vec>,
    len: usize,
}

// SAFETY: The pages are not written any more, and freeing them may happen on any thread.
unsafe impl Send for PageBytes {}
// SAFETY: As above; all access is reading.
unsafe impl Sync for PageBytes {}

impl PageBytes {
    /// Copies `bytes` into pages, in few large blocks where they can be had.
    /// Process context, may sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(crate) fn copy_from(bytes: &[u8]) -> Result<Self> {
        // INVARIANT: No blocks, no bytes.
        let mut this = Self {
            blocks: KVec::new(),
            len: 0,
        };
        let mut rest = bytes;
        while !rest.is_empty() {
            this.blocks.reserve(1, GFP_KERNEL)?;
            let (page, size) = alloc_block(rest.len())?;
            let (now, later) = rest.split_at(size.min(rest.len()));
            // SAFETY: The block is ours alone, and at least as large as `now`.
            unsafe {
                ffi::khttpd_page_address(page.as_ptr())
                    .cast::<u8>()
                    .copy_from_nonoverlapping(now.as_ptr(), now.len());
            }
            // INVARIANT: The block holds `now`, and `len` counts it.
            this.blocks.push(
                bindings::bio_vec {
                    bv_page: page.as_ptr(),
                    // CAST: A block has at most 2^MAX_ORDER pages.
                    bv_len: now.len() as u32,
                    bv_offset: 0,
                },
                GFP_KERNEL,
            )?;
            this.len += now.len();
            rest = later;
        }
        Ok(this)
    }

    /// The number of bytes.
    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// The memory of the pages, in bytes.
    pub(crate) fn footprint(&self) -> usize {
        self.len.div_ceil(PAGE_SIZE) * PAGE_SIZE
    }

    /// The bytes, block by block.
    pub(crate) fn slices(&self) -> impl Iterator<Item = &[u8]> {
        self.blocks.iter().map(|block| {
            // SAFETY: By the type invariants the block holds that many bytes from its beginning,
            // and nobody writes them while `self` is borrowed. The page has an address, since a
            // 64-bit kernel has no highmem.
            unsafe {
                slice::from_raw_parts(
                    ffi::khttpd_page_address(block.bv_page).cast::<u8>(),
                    block.bv_len as usize,
                )
            }
        })
    }

    /// The bytes of `range` if they lie together.
    #[inline]
    pub(crate) fn slice(&self, range: &Range<usize>) -> Option<&[u8]> {
        let (blocks, skip) = self.blocks(range);
        let block = blocks.first()?;
        // SAFETY: By the type invariants the block holds that many bytes from its beginning, and
        // nobody writes them while `self` is borrowed.
        let bytes = unsafe {
            slice::from_raw_parts(
                ffi::khttpd_page_address(block.bv_page).cast::<u8>(),
                block.bv_len as usize,
            )
        };
        bytes.get(skip..skip.checked_add(range.len())?)
    }

    /// The blocks that hold the bytes of `range`, and how many bytes of the first lie before it.
    #[inline]
    pub(super) fn blocks(&self, range: &Range<usize>) -> (&[bindings::bio_vec], usize) {
        let mut skip = range.start.min(self.len);
        let mut blocks = self.blocks.as_slice();
        while let [first, rest @ ..] = blocks {
            if skip < first.bv_len as usize {
                break;
            }
            skip -= first.bv_len as usize;
            blocks = rest;
        }
        (blocks, skip)
    }
}

impl Drop for PageBytes {
    fn drop(&mut self) {
        for block in &self.blocks {
            // SAFETY: By the type invariants a reference to the block is ours. It is a compound
            // page, so that its last reference frees all of it, even if that is TCP's.
            unsafe { ffi::khttpd_put_page(block.bv_page) };
        }
    }
}

/// Allocates the largest block that `len` bytes fill to its last page, or a smaller one where it
/// can't be had; gives its size in bytes too.
fn alloc_block(len: usize) -> Result<(NonNull<bindings::page>, usize)> {
    let pages = len.div_ceil(PAGE_SIZE).max(1);
    for order in (0..=pages.ilog2().min(MAX_ORDER)).rev() {
        // SAFETY: `MAX_ORDER` is below `MAX_PAGE_ORDER`, and so is `order`.
        let page = unsafe { ffi::khttpd_alloc_block(order) };
        if let Some(page) = NonNull::new(page) {
            return Ok((page, PAGE_SIZE << order));
        }
    }
    Err(ENOMEM)
}

#[kunit_tests(khttpd_page)]
mod tests {
    use super::*;

    /// Bytes of which no two neighbouring blocks are alike.
    fn pattern(len: usize) -> Result<KVVec<u8>> {
        let mut bytes = KVVec::with_capacity(len, GFP_KERNEL)?;
        for index in 0..len {
            bytes.push((index % 251) as u8, GFP_KERNEL)?;
        }
        Ok(bytes)
    }

    #[test]
    fn bytes_come_back_whatever_their_number() -> Result {
        let largest = PAGE_SIZE << MAX_ORDER;
        for len in [
            0,
            1,
            PAGE_SIZE - 1,
            PAGE_SIZE,
            PAGE_SIZE + 1,
            5 * PAGE_SIZE + 7,
            largest + PAGE_SIZE + 1,
        ] {
            let bytes = pattern(len)?;
            let pages = PageBytes::copy_from(&bytes)?;
            assert_eq!(pages.len(), len);
            assert_eq!(pages.footprint(), len.div_ceil(PAGE_SIZE) * PAGE_SIZE);
            assert!(pages.slices().flatten().eq(bytes.iter()));
        }
        Ok(())
    }

    #[test]
    fn range_begins_in_the_block_that_holds_its_first_byte() -> Result {
        let bytes = pattern(7 * PAGE_SIZE + 3)?;
        let pages = PageBytes::copy_from(&bytes)?;
        for start in [
            0,
            1,
            PAGE_SIZE,
            4 * PAGE_SIZE - 1,
            4 * PAGE_SIZE,
            7 * PAGE_SIZE + 2,
        ] {
            let (blocks, skip) = pages.blocks(&(start..bytes.len()));
            let rest: usize = blocks.iter().map(|block| block.bv_len as usize).sum();
            assert_eq!(rest - skip, bytes.len() - start);
            assert!(skip < blocks.first().map_or(0, |block| block.bv_len as usize));
        }
        let (none, _) = pages.blocks(&(bytes.len()..bytes.len()));
        assert!(none.is_empty());
        Ok(())
    }
}
