// SPDX-License-Identifier: GPL-2.0-only

//! Files in one of their codings, ready to be served.

use super::BodyId;
use kernel::prelude::*;
use protocol::http::{
    Coding,
    HeadOffsets,
    Metadata,
    RenderedHead,
    Representation,
    SliceWriter, //
    Timestamp,
};

/// A content, and what is said of it.
pub(super) struct Variant {
    modified: Timestamp,
    /// The number of the content.
    pub(super) content: u32,
    /// Where its head begins: that of a `200`, but for date and connection.
    head: u32,
    head_len: u16,
    cuts: HeadOffsets,
    pub(super) coding: Coding,
}

/// The forms of a site, by number.
pub(super) struct Variants {
    list: KVVec<Variant>,
    /// All heads, one after the other.
    heads: KVVec<u8>,
}

impl Variants {
    /// None.
    pub(super) const fn new() -> Self {
        Self {
            list: KVVec::new(),
            heads: KVVec::new(),
        }
    }

    /// Renders the head of the content with this number. Process context, may sleep.
    ///
    /// # Errors
    ///
    /// `EMSGSIZE` for a head beyond 64 KiB, `EFBIG` beyond 4 GiB of heads, `ENOMEM`.
    pub(super) fn add(&mut self, content: u32, facts: &Metadata<'_>) -> Result {
        let len = RenderedHead::length(facts).map_err(|_| EMSGSIZE)?;
        let start = self.heads.len();
        self.heads.extend_with(len, 0, GFP_KERNEL_ACCOUNT)?;
        let room = self.heads.get_mut(start..).unwrap_or_default();
        let cuts =
            RenderedHead::render(facts, &mut SliceWriter::new(room)).map_err(|_| EMSGSIZE)?;
        let form = Variant {
            modified: facts.modified,
            content,
            head: u32::try_from(start).map_err(|_| EFBIG)?,
            head_len: u16::try_from(len).map_err(|_| EMSGSIZE)?,
            cuts,
            coding: facts.coding,
        };
        self.list.push(form, GFP_KERNEL_ACCOUNT)?;
        Ok(())
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.list.len()
    }

    /// The form with this number. Any context.
    #[inline]
    pub(super) fn get(&self, number: u32) -> Option<&Variant> {
        // CAST: It was a `usize`.
        self.list.get(number as usize)
    }

    /// What a reply is made from; `length` is that of the content. Any context.
    #[inline]
    pub(super) fn representation(
        &self,
        form: &Variant,
        body: BodyId,
        length: usize,
    ) -> Representation<'_, BodyId> {
        Representation {
            head: self.head(form),
            body,
            length: length as u64,
            modified: form.modified,
            coding: form.coding,
        }
    }

    /// The head of a form of this object. Any context.
    #[inline]
    pub(super) fn head(&self, form: &Variant) -> RenderedHead<'_> {
        // CAST: It was a `usize`.
        let start = form.head as usize;
        let bytes = self.heads.get(start..start + usize::from(form.head_len));
        RenderedHead::new(bytes.unwrap_or(&[]), form.cuts)
    }

    /// Gives back the memory that was kept for more. Process context, may sleep.
    pub(super) fn finish(&mut self) -> Result {
        self.list.shrink_to(0, GFP_KERNEL_ACCOUNT)?;
        Ok(self.heads.shrink_to(0, GFP_KERNEL_ACCOUNT)?)
    }

    /// The memory that they need, in bytes.
    pub(super) fn needed(&self) -> usize {
        self.list.len() * size_of::<Variant>() + self.heads.len()
    }

    /// The memory that they take, in bytes.
    pub(super) fn footprint(&self) -> usize {
        self.list.capacity() * size_of::<Variant>() + self.heads.capacity()
    }
}
