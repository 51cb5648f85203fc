// SPDX-License-Identifier: GPL-2.0-only

//! The bytes of files, each of which is stored once.

use super::{
    table::{
        IndexTarget, //
        PathIndex,
    },
    Site, //
};
use crate::sys::{
    hash,
    page::{
        PageBuffer,
        PageBytes,
        Pages,
        Span, //
        TailPacker,
    }, //
};
use kernel::prelude::*;

/// The length of an entity tag: 96 bits in base64url (RFC 4648, section 5), quoted.
///
/// It is in every reply, and 96 bits tell the contents of any site apart.
pub(super) const ETAG_LEN: usize = 16 + 2;

/// The bytes of one file or of several.
#[derive(Clone, Copy)]
pub(super) struct Content {
    span: Span,
    digest: [u8; 16],
}

impl Content {
    /// The strong entity tag, quotes included (RFC 9110, section 8.8.3).
    pub(super) fn etag(&self) -> [u8; ETAG_LEN] {
        const DIGITS: &[u8; 64] =
            b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        let mut tag = [b'"'; ETAG_LEN];
        let sextets = self.digest.chunks_exact(3).flat_map(|octets| {
            let bits = octets
                .iter()
                .fold(0u32, |bits, octet| bits << 8 | u32::from(*octet));
            [18, 12, 6, 0].map(|shift| bits >> shift & 63)
        });
        // The first and the last byte stay what they are.
        for (place, sextet) in tag.iter_mut().skip(1).take(16).zip(sextets) {
            *place = DIGITS.get(sextet as usize).copied().unwrap_or(b'A');
        }
        tag
    }
}

/// All contents of a site, by number.
pub(super) struct Contents {
    list: KVVec<Content>,
    pages: Pages,
}

impl Contents {
    /// The content with this number.
    #[inline]
    pub(super) fn get(&self, number: u32) -> Option<&Content> {
        // CAST: It was a `usize`.
        self.list.get(number as usize)
    }

    /// The bytes of a content of this object. Any context.
    #[inline]
    pub(super) fn bytes(&self, content: &Content) -> PageBytes<'_> {
        self.pages.bytes(content.span)
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.list.len()
    }

    /// The memory that they take, in bytes. Process context, may sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(super) fn footprint(&self) -> Result<usize> {
        Ok(self.pages.footprint()? + self.list.capacity() * size_of::<Content>())
    }

    /// Their numbers by their digests.
    fn index(&self) -> Result<PathIndex> {
        let mut index = PathIndex::new();
        for (number, content) in self.list.iter().enumerate() {
            match index.insert(&content.digest, IndexTarget::Entry(u32::try_from(number)?)) {
                Err(e) if e != EEXIST => return Err(e),
                _ => (),
            }
        }
        Ok(index)
    }

    /// The same bytes, if they are here.
    fn same(&self, index: &PathIndex, digest: &[u8; 16], bytes: PageBytes<'_>) -> Option<u32> {
        let Some(IndexTarget::Entry(number)) = index.find(digest) else {
            return None;
        };
        let content = self.get(number)?;
        // The digest is one that a patient adversary might meet.
        self.bytes(content).equals(&bytes).then_some(number)
    }
}

/// Collects contents, and finds those that are known.
pub(super) struct Deduplicator<'o> {
    contents: Contents,
    index: PathIndex,
    shelf: TailPacker,
    old: Option<(&'o Contents, PathIndex)>,
    /// The bytes of all contents.
    bytes: usize,
}

impl<'o> Deduplicator<'o> {
    /// One that shares what `old` has too. Process context, may sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(super) fn new(old: Option<&'o Site>) -> Result<Self> {
        let old = match old {
            Some(site) => Some((&site.contents, site.contents.index()?)),
            None => None,
        };
        Ok(Self {
            contents: Contents {
                list: KVVec::new(),
                pages: Pages::new(),
            },
            index: PathIndex::new(),
            shelf: TailPacker::new(),
            old,
            bytes: 0,
        })
    }

    /// Adds what `buffer` holds, unless it is there already; gives its number. Process context,
    /// may sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM`, `EFBIG` beyond 2^32 contents or pages.
    pub(super) fn add(&mut self, buffer: PageBuffer) -> Result<u32> {
        let digest = hash::blake2s_128(buffer.bytes());
        if let Some(number) = self.contents.same(&self.index, &digest, buffer.bytes()) {
            return Ok(number);
        }
        let number = u32::try_from(self.contents.len()).map_err(|_| EFBIG)?;
        self.contents.list.reserve(1, GFP_KERNEL_ACCOUNT)?;
        let len = buffer.bytes().len();
        let span = match self.in_old(&digest, buffer.bytes()) {
            Some(bytes) => self.contents.pages.share(bytes)?,
            None => self.contents.pages.take(buffer, &mut self.shelf)?,
        };
        match self.index.insert(&digest, IndexTarget::Entry(number)) {
            Err(e) if e != EEXIST => return Err(e),
            _ => (),
        }
        self.contents
            .list
            .push(Content { span, digest }, GFP_KERNEL_ACCOUNT)?;
        self.bytes += len;
        Ok(number)
    }

    fn in_old(&self, digest: &[u8; 16], bytes: PageBytes<'_>) -> Option<PageBytes<'o>> {
        let (old, index) = self.old.as_ref()?;
        let number = old.same(index, digest, bytes)?;
        Some(old.bytes(old.get(number)?))
    }

    /// The bytes of all contents that were added.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// What was added.
    pub(super) fn contents(&self) -> &Contents {
        &self.contents
    }

    /// The contents, when there are no more to come. Process context, may sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(super) fn finish(mut self) -> Result<Contents> {
        self.contents.list.shrink_to(0, GFP_KERNEL_ACCOUNT)?;
        self.contents.pages.finish()?;
        Ok(self.contents)
    }
}
