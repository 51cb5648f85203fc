// SPDX-License-Identifier: GPL-2.0-only

//! Variants: files in one content coding, with the heads of their responses.

use super::entry::BodyId;
use kernel::prelude::*;
use protocol::http::{
    Coding,
    HeadOffsets,
    Metadata,
    RenderedHead,
    Representation,
    SliceWriter,
    Timestamp, //
};

/// An entry in one content coding.
pub(crate) struct Variant {
    modified: Timestamp,
    /// Number of the content.
    pub(crate) content: u32,
    /// Start of the head in [`Variants::heads`]: that of a `200` without date and connection.
    head: u32,
    head_len: u16,
    offsets: HeadOffsets,
    /// Content coding.
    pub(crate) coding: Coding,
}

/// The variants of a site, by number.
pub(crate) struct Variants {
    list: KVVec<Variant>,
    /// All heads, one after the other.
    heads: KVVec<u8>,
}

impl Variants {
    /// Creates an empty list.
    pub(crate) const fn new() -> Self {
        Self {
            list: KVVec::new(),
            heads: KVVec::new(),
        }
    }

    /// Adds a variant of the content with this number and renders its head.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    ///
    /// # Errors
    ///
    /// - `EMSGSIZE` for a head of 64 KiB or more;
    /// - `EFBIG` beyond 4 GiB of heads;
    /// - `ENOMEM`.
    pub(crate) fn add(&mut self, content: u32, metadata: &Metadata<'_>) -> Result {
        let len = RenderedHead::length(metadata).map_err(|_| EMSGSIZE)?;
        let start = self.heads.len();
        self.heads.extend_with(len, 0, GFP_KERNEL_ACCOUNT)?;
        let head = self.heads.get_mut(start..).unwrap_or_default();
        let offsets =
            RenderedHead::render(metadata, &mut SliceWriter::new(head)).map_err(|_| EMSGSIZE)?;
        let variant = Variant {
            modified: metadata.modified,
            content,
            head: u32::try_from(start).map_err(|_| EFBIG)?,
            head_len: u16::try_from(len).map_err(|_| EMSGSIZE)?,
            offsets,
            coding: metadata.coding,
        };
        self.list.push(variant, GFP_KERNEL_ACCOUNT)?;
        Ok(())
    }

    /// Returns the number of variants.
    pub(crate) fn len(&self) -> usize {
        self.list.len()
    }

    /// Returns the variant with this number.
    ///
    /// # Context
    ///
    /// Any context.
    #[inline]
    pub(crate) fn get(&self, number: BodyId) -> Option<&Variant> {
        // CAST: The number was made from a `usize`.
        self.list.get(number.0 as usize)
    }

    /// Returns a variant in this list as a representation with a content of `length` bytes.
    ///
    /// # Context
    ///
    /// Any context.
    #[inline]
    pub(crate) fn representation(
        &self,
        variant: &Variant,
        body: BodyId,
        length: usize,
    ) -> Representation<'_, BodyId> {
        Representation {
            head: self.head(variant),
            body,
            length: length as u64,
            modified: variant.modified,
            coding: variant.coding,
        }
    }

    /// Returns the head of a variant in this list.
    ///
    /// # Context
    ///
    /// Any context.
    #[inline]
    pub(crate) fn head(&self, variant: &Variant) -> RenderedHead<'_> {
        // CAST: The start was made from a `usize`.
        let start = variant.head as usize;
        let bytes = self.heads.get(start..start + usize::from(variant.head_len));
        RenderedHead::new(bytes.unwrap_or(&[]), variant.offsets)
    }

    /// Frees memory that was reserved for further variants.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    pub(crate) fn shrink(&mut self) -> Result {
        self.list.shrink_to(0, GFP_KERNEL_ACCOUNT)?;
        Ok(self.heads.shrink_to(0, GFP_KERNEL_ACCOUNT)?)
    }

    /// Returns the memory in use, in bytes.
    pub(crate) fn used_bytes(&self) -> usize {
        self.list.len() * size_of::<Variant>() + self.heads.len()
    }

    /// Returns the allocated memory, in bytes.
    pub(crate) fn footprint(&self) -> usize {
        self.list.capacity() * size_of::<Variant>() + self.heads.capacity()
    }
}
