// SPDX-License-Identifier: GPL-2.0-only

//! Bytes in pages, ready to be sent without being copied.
//!
//! `MSG_SPLICE_PAGES` takes only what comes from the page allocator, never slab memory. Bytes are
//! read into a [`PageBuffer`], become part of [`Pages`], and never change again; what does not
//! fill its last page shares one with others, see [`TailPacker`].
//!
//! C headers: [`include/linux/gfp.h`](srctree/include/linux/gfp.h),
//! [`include/linux/bvec.h`](srctree/include/linux/bvec.h)

use super::ffi;
use core::{
    mem,
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

/// How many pages wait for pieces that fit.
const SHELF_PAGES: usize = 16;

/// What begins in a shared page begins at a multiple of this many bytes.
const SHELF_ALIGN: usize = 16;

/// Bytes that lie together, in a page or several, with a reference to it.
///
/// Its page may be the first of a compound page, so that its last reference frees all of it, even if
/// that is TCP's.
///
/// # Invariants
///
/// A reference to the page is this object's. From `bv_offset` on `bv_len` bytes lie within the page
/// or the compound page, are initialised, and are not written while this object is borrowed, but by
/// way of [`Block::bytes_mut`].
#[repr(transparent)]
pub(super) struct Block(bindings::bio_vec);

// SAFETY: A page may be read and freed on any thread.
unsafe impl Send for Block {}
// SAFETY: As above; with a shared reference all access is reading.
unsafe impl Sync for Block {}

impl Block {
    /// The number of bytes.
    #[inline]
    fn len(&self) -> usize {
        // CAST: Wider than 32 bits.
        self.0.bv_len as usize
    }

    /// Where it begins.
    #[inline]
    fn address(&self) -> *mut u8 {
        // SAFETY: By the type invariant the page is valid. A 64-bit kernel has no highmem, so it
        // has an address.
        let page = unsafe { ffi::khttpd_page_address(self.0.bv_page) };
        // SAFETY: By the type invariant the offset lies within the page.
        unsafe { page.cast::<u8>().add(self.0.bv_offset as usize) }
    }

    #[inline]
    fn bytes(&self) -> &[u8] {
        // SAFETY: By the type invariant the bytes are initialised, and nobody writes them while
        // they are borrowed.
        unsafe { slice::from_raw_parts(self.address(), self.len()) }
    }

    /// # Safety
    ///
    /// No other block names any of these bytes.
    unsafe fn bytes_mut(&mut self) -> &mut [u8] {
        // SAFETY: By the type invariant the bytes are initialised. Nobody else has access to them,
        // as the caller promises for other blocks and `self` is borrowed mutably.
        unsafe { slice::from_raw_parts_mut(self.address(), self.len()) }
    }

    /// The same bytes, with a reference of their own.
    fn share(&self) -> Self {
        // SAFETY: By the type invariant there is a reference already.
        unsafe { ffi::khttpd_get_page(self.0.bv_page) };
        // INVARIANT: That is this object's, and the bytes are those of `self`, which are written by
        // nobody who has to promise that there is no other block.
        Self(bindings::bio_vec { ..self.0 })
    }

    /// The blocks as C knows them.
    #[inline]
    pub(super) fn as_raw(blocks: &[Self]) -> *const bindings::bio_vec {
        // The type is transparent.
        blocks.as_ptr().cast()
    }
}

impl Drop for Block {
    fn drop(&mut self) {
        // SAFETY: By the type invariant the reference is ours.
        unsafe { ffi::khttpd_put_page(self.0.bv_page) };
    }
}

/// Bytes in pages that never change: a view of a part of [`Pages`].
///
/// # Invariants
///
/// The blocks hold `len` bytes.
#[derive(Clone, Copy)]
pub(crate) struct PageBytes<'a> {
    blocks: &'a [Block],
    len: usize,
}

impl<'a> PageBytes<'a> {
    // INVARIANT: No blocks hold no bytes.
    const EMPTY: Self = Self {
        blocks: &[],
        len: 0,
    };

    /// The number of bytes.
    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// The bytes, block by block.
    pub(crate) fn slices(&self) -> impl Iterator<Item = &'a [u8]> + Clone + use<'a> {
        self.blocks.iter().map(Block::bytes)
    }

    /// Whether both are the same bytes.
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
            let (one, other) = (left, right);
            let count = one.len().min(other.len());
            let (one, other) = (one.split_at(count), other.split_at(count));
            if count == 0 || one.0 != other.0 {
                return false;
            }
            (left, right) = (one.1, other.1);
            rest -= count;
        }
        self.len == other.len
    }

    /// The bytes of `range` if they lie together.
    #[inline]
    pub(crate) fn slice(&self, range: &Range<usize>) -> Option<&'a [u8]> {
        let (blocks, skip) = self.blocks(range);
        let bytes = blocks.first()?.bytes();
        bytes.get(skip..skip.checked_add(range.len())?)
    }

    /// The blocks that hold the bytes of `range`, and how many bytes of the first lie before it.
    #[inline]
    pub(super) fn blocks(&self, range: &Range<usize>) -> (&'a [Block], usize) {
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

/// The name of some bytes in [`Pages`].
#[derive(Clone, Copy)]
pub(crate) struct Span {
    len: usize,
    first: u32,
    count: u32,
}

/// Pages full of bytes that never change. TCP may hold further references to them, and so may other
/// `Pages` that share them.
pub(crate) struct Pages {
    blocks: KVVec<Block>,
}

impl Pages {
    /// No pages.
    pub(crate) const fn new() -> Self {
        Self {
            blocks: KVVec::new(),
        }
    }

    /// The bytes that `span`, which comes from this object, names. Any context.
    #[inline]
    pub(crate) fn bytes(&self, span: Span) -> PageBytes<'_> {
        // CAST: They were made from a `usize`.
        let first = span.first as usize;
        let blocks = self.blocks.get(first..first + span.count as usize);
        // INVARIANT: A span names blocks that hold that many bytes.
        blocks.map_or(PageBytes::EMPTY, |blocks| PageBytes {
            blocks,
            len: span.len,
        })
    }

    /// Takes the bytes of `buffer`; what does not fill a page goes to `shelf`. Process context,
    /// may sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(crate) fn take(&mut self, mut buffer: PageBuffer, shelf: &mut TailPacker) -> Result<Span> {
        self.blocks
            .reserve(buffer.blocks.len(), GFP_KERNEL_ACCOUNT)?;
        let span = self.next_span(buffer.len, buffer.blocks.len())?;
        buffer.put_end_on(shelf)?;
        for block in mem::take(&mut buffer.blocks) {
            self.blocks.push(block, GFP_KERNEL_ACCOUNT)?;
        }
        Ok(span)
    }

    /// Takes part in what others have. Process context, may sleep.
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

    fn next_span(&self, len: usize, count: usize) -> Result<Span> {
        let first = u32::try_from(self.blocks.len()).map_err(|_| EFBIG)?;
        let count = u32::try_from(count).map_err(|_| EFBIG)?;
        first.checked_add(count).ok_or(EFBIG)?;
        Ok(Span { len, first, count })
    }

    /// Gives back the memory that was kept for more. Process context, may sleep.
    pub(crate) fn finish(&mut self) -> Result {
        Ok(self.blocks.shrink_to(0, GFP_KERNEL_ACCOUNT)?)
    }

    /// The memory of the pages and of this object, in bytes; a page that several blocks share
    /// counts once. Process context, may sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(crate) fn footprint(&self) -> Result<usize> {
        let mut shared = KVVec::new();
        let mut bytes = self.blocks.capacity() * size_of::<Block>();
        for block in &self.blocks {
            match block.len() {
                len if len < PAGE_SIZE => {
                    shared.push(block.0.bv_page.addr(), GFP_KERNEL_ACCOUNT)?
                }
                len => bytes += len,
            }
        }
        shared.sort_unstable();
        let pages = shared.chunk_by(|a, b| a == b).count();
        Ok(bytes + pages * PAGE_SIZE)
    }
}

/// Pages that are being filled with bytes.
///
/// # Invariants
///
/// Each block is a block of pages of its own, which nobody else has, and together they have `len`
/// bytes. All but the last are whole pages.
pub(crate) struct PageBuffer {
    blocks: KVVec<Block>,
    len: usize,
}

impl PageBuffer {
    /// Room for `len` bytes, zeros at first, in few large blocks where they can be had. Process
    /// context, may sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM`; nobody is killed for it.
    pub(crate) fn new(len: usize) -> Result<Self> {
        // INVARIANT: No blocks, no bytes.
        let mut this = Self {
            blocks: KVVec::new(),
            len: 0,
        };
        while this.len < len {
            this.blocks.reserve(1, GFP_KERNEL_ACCOUNT)?;
            let (page, size) = alloc_block(len - this.len)?;
            let filled = size.min(len - this.len);
            // INVARIANT: It was just allocated, full of zeros, and `len` counts it.
            let block = Block(bindings::bio_vec {
                bv_page: page.as_ptr(),
                // CAST: A block has at most 2^MAX_ORDER pages.
                bv_len: filled as u32,
                bv_offset: 0,
            });
            this.blocks.push(block, GFP_KERNEL_ACCOUNT)?;
            this.len += filled;
        }
        Ok(this)
    }

    /// A copy of `bytes`. Process context, may sleep.
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

    /// The pieces to be filled, one after the other.
    pub(crate) fn pieces(&mut self) -> impl Iterator<Item = &mut [u8]> {
        self.blocks.iter_mut().map(|block| {
            // SAFETY: By the type invariants nobody else has the block's pages.
            unsafe { block.bytes_mut() }
        })
    }

    /// What it is filled with.
    pub(crate) fn bytes(&self) -> PageBytes<'_> {
        // INVARIANT: By our own type invariants.
        PageBytes {
            blocks: &self.blocks,
            len: self.len,
        }
    }

    /// Moves what does not fill the last page to a page that is shared.
    fn put_end_on(&mut self, shelf: &mut TailPacker) -> Result {
        let Some(last) = self.blocks.last_mut() else {
            return Ok(());
        };
        if last.len() < PAGE_SIZE {
            *last = shelf.put(last.bytes())?;
        }
        Ok(())
    }
}

/// Pages that are filled with small pieces, each of which keeps its page alive.
///
/// They are no large blocks: as long as one piece is in use, in an old site or in a new one, all of
/// its page is.
pub(crate) struct TailPacker([Option<PartialPage>; SHELF_PAGES]);

/// A page that has room.
///
/// # Invariants
///
/// A reference to the page is this object's; what lies from `used` on belongs to nobody else.
struct PartialPage {
    page: NonNull<bindings::page>,
    used: usize,
}

impl TailPacker {
    /// Without pages.
    pub(crate) const fn new() -> Self {
        Self([const { None }; SHELF_PAGES])
    }

    /// Copies `bytes`, less than a page, to where the least room is left, and gives the place of
    /// the copy with a reference to it.
    fn put(&mut self, bytes: &[u8]) -> Result<Block> {
        let open = self.0.iter_mut().flatten();
        let fitting = open.filter(|open| bytes.len() <= PAGE_SIZE - open.used);
        match fitting.max_by_key(|open| open.used) {
            Some(open) => Ok(open.put(bytes)),
            None => self.put_on_fresh_page(bytes),
        }
    }

    /// As above, where there is not enough room: the page with the least is given up.
    fn put_on_fresh_page(&mut self, bytes: &[u8]) -> Result<Block> {
        let (page, _) = alloc_block(bytes.len())?;
        // INVARIANT: The page was just allocated.
        let mut fresh = PartialPage { page, used: 0 };
        let block = fresh.put(bytes);
        let room =
            |slot: &Option<PartialPage>| slot.as_ref().map_or(0, |open| PAGE_SIZE - open.used);
        let fullest = self.0.iter_mut().min_by_key(|slot| room(slot));
        match fullest {
            Some(slot) if room(slot) < PAGE_SIZE - fresh.used => *slot = Some(fresh),
            _ => drop(fresh),
        }
        Ok(block)
    }
}

impl PartialPage {
    /// Copies `bytes` to the page, which has room for them.
    fn put(&mut self, bytes: &[u8]) -> Block {
        // SAFETY: By the type invariant there is a reference already.
        unsafe { ffi::khttpd_get_page(self.page.as_ptr()) };
        // INVARIANT: That is this object's, and the pages of a shelf were full of zeros at first.
        let mut block = Block(bindings::bio_vec {
            bv_page: self.page.as_ptr(),
            // CAST: Both are less than a page.
            bv_len: bytes.len() as u32,
            bv_offset: self.used as u32,
        });
        // SAFETY: By the type invariant so much of the page belongs to nobody else.
        unsafe { block.bytes_mut() }.copy_from_slice(bytes);
        // INVARIANT: It belongs to the block from now on.
        self.used = (self.used + bytes.len()).next_multiple_of(SHELF_ALIGN);
        block
    }
}

impl Drop for PartialPage {
    fn drop(&mut self) {
        // SAFETY: By the type invariant the reference is ours.
        unsafe { ffi::khttpd_put_page(self.page.as_ptr()) };
    }
}

/// Allocates the largest block that `len` bytes fill, or a smaller one where it can't be had, at
/// least a page; gives its size in bytes too.
fn alloc_block(len: usize) -> Result<(NonNull<bindings::page>, usize)> {
    let fitting = |order: &u32| *order == 0 || len >= PAGE_SIZE << *order;
    for order in (0..=MAX_ORDER).rev().filter(fitting) {
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
        let (mut pages, mut shelf) = (Pages::new(), TailPacker::new());
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
            let span = pages.take(PageBuffer::copy_of(&bytes)?, &mut shelf)?;
            let stored = pages.bytes(span);
            assert_eq!(stored.len(), len);
            assert!(stored.slices().flatten().eq(bytes.iter()));
        }
        Ok(())
    }

    #[test]
    fn small_pieces_share_pages_and_keep_them() -> Result {
        let (mut pages, mut shelf) = (Pages::new(), TailPacker::new());
        let mut spans = KVec::new();
        for number in 0..256usize {
            let bytes = KVec::from_elem(number as u8, 128, GFP_KERNEL)?;
            let span = pages.take(PageBuffer::copy_of(&bytes)?, &mut shelf)?;
            spans.push(span, GFP_KERNEL)?;
        }
        drop(shelf);
        let table = pages.blocks.capacity() * size_of::<Block>();
        assert_eq!(pages.footprint()? - table, 256 * 128);
        for (number, span) in spans.iter().enumerate() {
            let bytes = pages.bytes(*span);
            assert!(bytes.slices().flatten().all(|byte| *byte == number as u8));
        }
        Ok(())
    }

    #[test]
    fn what_is_shared_outlives_its_first_owner() -> Result {
        let bytes = pattern(3 * PAGE_SIZE + 5)?;
        let mut first = Pages::new();
        let span = first.take(PageBuffer::copy_of(&bytes)?, &mut TailPacker::new())?;
        let mut second = Pages::new();
        let shared = second.share(first.bytes(span))?;
        assert!(first.bytes(span).equals(&second.bytes(shared)));
        drop(first);
        assert!(second.bytes(shared).slices().flatten().eq(bytes.iter()));
        Ok(())
    }

    #[test]
    fn range_begins_in_the_block_that_holds_its_first_byte() -> Result {
        let bytes = pattern(7 * PAGE_SIZE + 3)?;
        let mut all = Pages::new();
        let span = all.take(PageBuffer::copy_of(&bytes)?, &mut TailPacker::new())?;
        let pages = all.bytes(span);
        for start in [
            0,
            1,
            PAGE_SIZE,
            4 * PAGE_SIZE - 1,
            4 * PAGE_SIZE,
            7 * PAGE_SIZE + 2,
        ] {
            let (blocks, skip) = pages.blocks(&(start..bytes.len()));
            let rest: usize = blocks.iter().map(Block::len).sum();
            assert_eq!(rest - skip, bytes.len() - start);
            assert!(skip < blocks.first().map_or(0, Block::len));
        }
        let (none, _) = pages.blocks(&(bytes.len()..bytes.len()));
        assert!(none.is_empty());
        Ok(())
    }
}
