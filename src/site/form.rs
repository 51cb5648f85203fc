// SPDX-License-Identifier: GPL-2.0-only

//! A file as it is served.

use super::{
    media_type,
    BodyId, //
};
use crate::sys::{
    clock,
    hash,
    page::PageBytes, //
};
use kernel::prelude::*;
use protocol::http::{
    Coding,
    Cuts,
    Facts,
    Prepared,
    Representation,
    Timestamp,
    Writer, //
};

/// The length of an entity tag: 128 bits in hexadecimal, quoted.
const ETAG_LEN: usize = 2 * 16 + 2;

/// A file: its bytes, and what is said of them.
pub(super) struct Entry {
    content: PageBytes,
    etag: [u8; ETAG_LEN],
    modified: Timestamp,
    media_type: KVec<u8>,
    /// The head of a `200`, but for date and connection, and where its parts begin.
    head: KVec<u8>,
    cuts: Cuts,
}

impl Entry {
    /// The file at `path` with these bytes, last modified so many seconds after 1970. Process
    /// context, may sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(super) fn new(path: &[u8], content: &[u8], modified: u64) -> Result<Self> {
        let etag = etag(content);
        let media_type = media_type::by_path(path)?;
        // A time in the future must not be told (RFC 9110, section 8.8.2.1).
        let modified = Timestamp(modified.min(clock::real_seconds()));
        let facts = Facts {
            length: u64::try_from(content.len())?,
            media_type: &media_type,
            coding: Coding::Identity,
            modified,
            etag: &etag,
            vary: false,
            cache_control: b"",
            extra: b"",
        };
        let length = Prepared::length(&facts).map_err(|_| EFBIG)?;
        let mut head = KVec::from_elem(0, length, GFP_KERNEL)?;
        let cuts = Prepared::render(&facts, &mut Writer::new(&mut head)).map_err(|_| EFBIG)?;
        Ok(Self {
            content: PageBytes::copy_from(content)?,
            etag,
            modified,
            media_type,
            head,
            cuts,
        })
    }

    /// What a reply is made from. Any context.
    #[inline]
    pub(super) fn representation(&self, body: BodyId) -> Representation<'_, BodyId> {
        Representation {
            head: Prepared::new(&self.head, self.cuts),
            body,
            length: self.content.len() as u64,
            etag: &self.etag,
            modified: self.modified,
            media_type: &self.media_type,
            coding: Coding::Identity,
        }
    }

    /// The media type with its parameters.
    pub(super) fn media_type(&self) -> &[u8] {
        &self.media_type
    }

    /// The bytes.
    #[inline]
    pub(super) fn content(&self) -> &PageBytes {
        &self.content
    }
}

/// The strong entity tag of `content`, quotes included (RFC 9110, section 8.8.3).
fn etag(content: &[u8]) -> [u8; ETAG_LEN] {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut tag = [b'"'; ETAG_LEN];
    let digest = hash::blake2s_128(content);
    let nibbles = digest.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    // The first and the last byte stay what they are.
    for (place, nibble) in tag.iter_mut().skip(1).zip(nibbles) {
        *place = DIGITS.get(usize::from(nibble)).copied().unwrap_or(b'0');
    }
    tag
}
