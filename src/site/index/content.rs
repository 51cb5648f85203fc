// SPDX-License-Identifier: GPL-2.0-only

//! The bytes of files, each content stored once.

use super::path_index::PathIndex;
use crate::sys::page::{
    PageBuffer,
    PageBytes,
    Pages,
    Span,
    TailPacker, //
};
use kernel::prelude::*;
use protocol::http::Coding;

/// The length of an entity tag: 96 bits in base64url (RFC 4648, section 5), quoted.
///
/// The tag is part of every response, and 96 bits tell the contents of any site apart.
pub(crate) const ETAG_LEN: usize = 16 + 2;

/// The length of the digest of a content, in bytes.
const DIGEST_LEN: usize = 16;

/// The BLAKE2s-128 digest of a content.
pub(crate) type Digest = [u8; DIGEST_LEN];

/// The content of one file or of several equal ones.
#[derive(Clone, Copy)]
pub(crate) struct Content {
    span: Span,
    digest: Digest,
}

impl Content {
    /// Returns the strong entity tag, quotes included (RFC 9110, section 8.8.3).
    pub(crate) fn etag(&self) -> [u8; ETAG_LEN] {
        const DIGITS: &[u8; 64] =
            b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        let mut tag = [b'"'; ETAG_LEN];
        let sextets = self.digest.chunks_exact(3).flat_map(|octets| {
            let bits = octets
                .iter()
                .fold(0u32, |bits, octet| bits << 8 | u32::from(*octet));
            [18, 12, 6, 0].map(|shift| bits >> shift & 63)
        });
        // The first and the last byte remain quotes.
        for (digit, sextet) in tag.iter_mut().skip(1).take(16).zip(sextets) {
            *digit = DIGITS.get(sextet as usize).copied().unwrap_or(b'A');
        }
        tag
    }

    /// Returns the digest.
    pub(crate) fn digest(&self) -> &Digest {
        &self.digest
    }
}

/// The contents of a site, by number.
pub(crate) struct Contents {
    list: KVVec<Content>,
    pages: Pages,
    /// Contents that khttpd has tried to compress, with the number of the smaller one; [`None`] where
    /// it would be hardly smaller.
    compressed: PathIndex<Option<u32>>,
}

impl Contents {
    /// Creates an empty list.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    pub(crate) fn new() -> Self {
        Self {
            list: KVVec::new(),
            pages: Pages::new(),
            compressed: PathIndex::new(),
        }
    }

    /// Returns the content with this number.
    ///
    /// # Context
    ///
    /// Any context.
    #[inline]
    pub(crate) fn get(&self, number: u32) -> Option<&Content> {
        // CAST: The number was made from a `usize`.
        self.list.get(number as usize)
    }

    /// Returns the bytes of a content in this list.
    ///
    /// # Context
    ///
    /// Any context.
    #[inline]
    pub(crate) fn bytes(&self, content: &Content) -> PageBytes<'_> {
        self.pages.bytes(content.span)
    }

    /// Returns the number of contents.
    pub(crate) fn len(&self) -> usize {
        self.list.len()
    }

    /// Returns the contents in the order of their numbers.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Content> {
        self.list.iter()
    }

    /// Adds a content and returns its number. Bytes that do not fill a page go to
    /// `tails`.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    ///
    /// # Errors
    ///
    /// - `EFBIG` beyond 2^32 contents or pages;
    /// - `ENOMEM`.
    pub(crate) fn add(
        &mut self,
        buffer: PageBuffer,
        digest: Digest,
        tails: &mut TailPacker,
    ) -> Result<u32> {
        let span = self.pages.take(buffer, tails)?;
        self.push(span, digest)
    }

    /// Adds a content whose bytes belong to another site, too, and returns its number.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    ///
    /// # Errors
    ///
    /// As [`Contents::add`].
    pub(crate) fn share(&mut self, bytes: PageBytes<'_>, digest: Digest) -> Result<u32> {
        let span = self.pages.share(bytes)?;
        self.push(span, digest)
    }

    /// Returns the outcome of compressing the content with this number, if khttpd has tried: the
    /// number of the smaller content, or [`None`] if it would be hardly smaller.
    pub(crate) fn compressed(&self, number: u32, coding: Coding) -> Option<Option<u32>> {
        self.compressed.find(&compressed_key(number, coding))
    }

    /// Sets the outcome of compressing the content with this number.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(crate) fn set_compressed(
        &mut self,
        number: u32,
        coding: Coding,
        compressed: Option<u32>,
    ) -> Result {
        let key = compressed_key(number, coding);
        self.compressed.insert(&key, compressed)
    }

    fn push(&mut self, span: Span, digest: Digest) -> Result<u32> {
        let number = u32::try_from(self.len()).map_err(|_| EFBIG)?;
        self.list
            .push(Content { span, digest }, GFP_KERNEL_ACCOUNT)?;
        Ok(number)
    }

    /// Frees memory that was reserved for further contents.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    pub(crate) fn shrink(&mut self) -> Result {
        self.list.shrink_to(0, GFP_KERNEL_ACCOUNT)?;
        self.compressed.shrink()?;
        self.pages.finish()
    }

    /// Returns the allocated memory, in bytes.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(crate) fn footprint(&self) -> Result<usize> {
        Ok(self.pages.footprint()?
            + self.list.capacity() * size_of::<Content>()
            + self.compressed.footprint())
    }
}

/// Returns the key of a content that was compressed from the one with this number.
fn compressed_key(number: u32, coding: Coding) -> [u8; 5] {
    let [a, b, c, d] = number.to_le_bytes();
    let coding = match coding {
        Coding::Gzip => b'g',
        Coding::Zstd => b'z',
        Coding::Brotli => b'b',
        Coding::Identity => b'i',
    };
    [a, b, c, d, coding]
}
