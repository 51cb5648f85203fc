// SPDX-License-Identifier: GPL-2.0-only

//! Contiguous bytes in pages that are allocated together.
//!
//! C headers: [`include/linux/gfp.h`](srctree/include/linux/gfp.h),
//! [`include/linux/bvec.h`](srctree/include/linux/bvec.h)

use crate::sys::ffi;
use core::slice;
use kernel::{
    bindings,
    page::PAGE_SIZE,
    prelude::*, //
};

#[cfg(not(CONFIG_64BIT))]
compile_error!("khttpd needs a 64-bit kernel: it addresses the pages of its site directly");

/// The order of the largest allocation: 2^9 pages, 2 MiB on most machines.
pub(super) const MAX_ORDER: u32 = 9;

/// Contiguous bytes in a page or in several, with a reference to it.
///
/// The page may be the first of a compound page, so that the last reference frees all of it, even
/// if that is TCP's.
///
/// # Invariants
///
/// A reference to the page is this object's. The `bv_len` bytes from `bv_offset` on lie within the
/// page or the compound page, are initialised, and are written only through [`Block::bytes_mut`].
#[repr(transparent)]
pub(in crate::sys) struct Block(bindings::bio_vec);

// SAFETY: A page may be read and freed by any thread.
unsafe impl Send for Block {}
// SAFETY: As above; a shared reference only permits reading.
unsafe impl Sync for Block {}

impl Block {
    /// Allocates zeroed pages for at most `len` bytes, and at least a page: as many as `len` bytes
    /// fill, or fewer if there is no such large block. Returns as many of the `len` bytes as fit.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(super) fn alloc(len: usize) -> Result<Self> {
        let fitting = |order: &u32| *order == 0 || len >= PAGE_SIZE << *order;
        for order in (0..=MAX_ORDER).rev().filter(fitting) {
            // SAFETY: An order beyond the kernel's `MAX_PAGE_ORDER` returns null, without a warning.
            let page = unsafe { bindings::alloc_pages(flags(order), order) };
            if !page.is_null() {
                // INVARIANT: The reference is new, and the pages are full of zeros.
                return Ok(Self(bindings::bio_vec {
                    bv_page: page,
                    // CAST: At most 2^`MAX_ORDER` pages.
                    bv_len: len.min(PAGE_SIZE << order) as u32,
                    bv_offset: 0,
                }));
            }
        }
        Err(ENOMEM)
    }

    /// Returns the number of bytes.
    #[inline]
    pub(in crate::sys) fn len(&self) -> usize {
        // CAST: Wider than 32 bits.
        self.0.bv_len as usize
    }

    /// Returns a number that only blocks with bytes of the same page have in common.
    pub(super) fn page_number(&self) -> usize {
        self.0.bv_page.addr()
    }

    /// Returns the blocks in the form for C.
    #[inline]
    pub(in crate::sys) fn as_raw(blocks: &[Self]) -> *const bindings::bio_vec {
        // CAST: The type is transparent.
        blocks.as_ptr().cast()
    }

    /// Returns a pointer to the first byte.
    #[inline]
    fn as_ptr(&self) -> *mut u8 {
        // SAFETY: By the type invariant the page is valid. A 64-bit kernel has no highmem, so it
        // has an address.
        let page = unsafe { ffi::khttpd_page_address(self.0.bv_page) };
        // SAFETY: By the type invariant the offset lies within the page.
        unsafe { page.cast::<u8>().add(self.0.bv_offset as usize) }
    }

    /// Returns the bytes.
    #[inline]
    pub(super) fn bytes(&self) -> &[u8] {
        // SAFETY: By the type invariant the bytes are initialised, and are written only through
        // `bytes_mut`: neither of this block, which is borrowed, nor of another, whose callers
        // guarantee that no other block that has the bytes is borrowed meanwhile.
        unsafe { slice::from_raw_parts(self.as_ptr(), self.len()) }
    }

    /// Returns the bytes, to be written.
    ///
    /// # Safety
    ///
    /// No other block has any of these bytes, unless it is borrowed mutably as long as the result
    /// is.
    pub(super) unsafe fn bytes_mut(&mut self) -> &mut [u8] {
        // SAFETY: By the type invariant the bytes are initialised. There is no other access:
        // neither through another block, as the caller guarantees, nor through `self`, which is
        // borrowed mutably.
        unsafe { slice::from_raw_parts_mut(self.as_ptr(), self.len()) }
    }

    /// Returns a block with the same bytes and a reference of its own.
    pub(super) fn share(&self) -> Self {
        // SAFETY: By the type invariant there is a reference already.
        unsafe { ffi::khttpd_get_page(self.0.bv_page) };
        // INVARIANT: The reference is the new one, and the bytes are those of `self`.
        Self(bindings::bio_vec { ..self.0 })
    }

    /// Returns a block with `len` of these bytes from `start` on, if there are so many, and with a
    /// reference of its own.
    pub(super) fn share_part(&self, start: usize, len: usize) -> Option<Self> {
        if len > self.len().checked_sub(start)? {
            return None;
        }
        let mut part = self.share();
        // CAST: Both are at most `bv_len`.
        // INVARIANT: These are some of the bytes of `self`.
        part.0.bv_offset += start as u32;
        part.0.bv_len = len as u32;
        Some(part)
    }
}

impl Drop for Block {
    /// Drops the reference.
    ///
    /// # Context
    ///
    /// Any context.
    fn drop(&mut self) {
        // SAFETY: By the type invariant the reference is ours.
        unsafe { ffi::khttpd_put_page(self.0.bv_page) };
    }
}

/// Returns the flags for an allocation of 2^`order` pages.
///
/// The pages are charged to the control group of the task. If there is no memory, the allocation
/// fails, and no process is killed.
fn flags(order: u32) -> bindings::gfp_t {
    const COMMON: bindings::gfp_t =
        bindings::GFP_KERNEL_ACCOUNT | bindings::__GFP_ZERO | bindings::__GFP_NOWARN;
    const ONE: bindings::gfp_t = COMMON | 1 << bindings::___GFP_RETRY_MAYFAIL_BIT;
    // A high-order allocation is opportunistic: at most one light attempt, no retry.
    const SEVERAL: bindings::gfp_t =
        COMMON | 1 << bindings::___GFP_COMP_BIT | 1 << bindings::___GFP_NORETRY_BIT;
    if order == 0 {
        ONE
    } else {
        SEVERAL
    }
}
