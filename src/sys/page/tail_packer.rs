// SPDX-License-Identifier: GPL-2.0-only

//! Pages that are shared by bytes that do not fill a page each.

use super::Block;
use kernel::{
    page::PAGE_SIZE,
    prelude::*, //
};

/// The number of pages that are kept for further bytes.
const PAGES: usize = 16;

/// The alignment of bytes in a shared page.
const ALIGN: usize = 16;

/// Pages that are being filled with the tails of [`PageBuffer`](super::PageBuffer)s. Each tail
/// keeps its page alive.
///
/// The pages are no large blocks: all of a page stays allocated as long as a site, old or new, uses
/// one of its tails.
pub(crate) struct TailPacker([Option<PartialPage>; PAGES]);

impl TailPacker {
    /// Creates a packer without pages.
    pub(crate) const fn new() -> Self {
        Self([const { None }; PAGES])
    }

    /// Copies `bytes`, which are less than a page, to the page that they fit best.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(super) fn put(&mut self, bytes: &[u8]) -> Result<Block> {
        let pages = self.0.iter_mut().flatten();
        let fitting = pages.filter(|page| bytes.len() <= page.room());
        match fitting.min_by_key(|page| page.room()) {
            Some(page) => page.put(bytes),
            None => self.put_on_new_page(bytes),
        }
    }

    /// Copies `bytes` to a new page, which replaces the fullest one unless it is fuller itself.
    fn put_on_new_page(&mut self, bytes: &[u8]) -> Result<Block> {
        let mut page = PartialPage::new()?;
        let block = page.put(bytes)?;
        let room = |kept: &Option<PartialPage>| kept.as_ref().map_or(0, PartialPage::room);
        let fullest = self.0.iter_mut().min_by_key(|kept| room(kept));
        if let Some(kept) = fullest.filter(|kept| room(kept) < page.room()) {
            *kept = Some(page);
        }
        Ok(block)
    }
}

/// A page with room for bytes.
///
/// # Invariants
///
/// `page` has the bytes of one page. No other block has those from `used` on.
struct PartialPage {
    page: Block,
    used: usize,
}

impl PartialPage {
    /// Allocates an empty page.
    fn new() -> Result<Self> {
        // INVARIANT: The page is new, and `PAGE_SIZE` bytes fill no larger block.
        Ok(Self {
            page: Block::alloc(PAGE_SIZE)?,
            used: 0,
        })
    }

    /// Returns the number of bytes for which there is room.
    fn room(&self) -> usize {
        PAGE_SIZE.saturating_sub(self.used)
    }

    /// Copies `bytes` to the page, which must have room for them.
    fn put(&mut self, bytes: &[u8]) -> Result<Block> {
        let part = self.page.share_part(self.used, bytes.len());
        let mut block = part.ok_or(ENOSPC)?;
        // SAFETY: By the type invariant no other block but `page` has these bytes, and that is
        // borrowed mutably.
        unsafe { block.bytes_mut() }.copy_from_slice(bytes);
        // INVARIANT: The bytes of `block` precede this.
        self.used = (self.used + bytes.len()).next_multiple_of(ALIGN);
        Ok(block)
    }
}
