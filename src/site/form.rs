// SPDX-License-Identifier: GPL-2.0-only

//! A file in one of its codings, ready to be served.

use super::{
    file::{
        File,
        ETAG_LEN, //
    },
    BodyId, //
};
use crate::sys::page::PageBytes;
use kernel::{
    prelude::*,
    sync::Arc, //
};
use protocol::http::{
    Coding,
    Cuts,
    Facts,
    Prepared,
    Representation,
    Timestamp,
    Writer, //
};

/// Bytes, and all that is said of them.
pub(super) struct Form {
    content: Arc<PageBytes>,
    etag: [u8; ETAG_LEN],
    modified: Timestamp,
    media_type: KVec<u8>,
    coding: Coding,
    /// The head of a `200`, but for date and connection, and where its parts begin.
    head: KVec<u8>,
    cuts: Cuts,
}

impl Form {
    /// `file` with the bytes of `coded`, which are its own in this coding; `vary`: it is stored in
    /// others too. Process context, may sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(super) fn new(file: &File, coded: &File, coding: Coding, vary: bool) -> Result<Self> {
        let facts = Facts {
            length: u64::try_from(coded.content.len())?,
            media_type: &file.media_type,
            coding,
            modified: file.modified,
            etag: &coded.etag,
            vary,
            cache_control: b"",
            extra: b"",
        };
        let length = Prepared::length(&facts).map_err(|_| EFBIG)?;
        let mut head = KVec::from_elem(0, length, GFP_KERNEL)?;
        let cuts = Prepared::render(&facts, &mut Writer::new(&mut head)).map_err(|_| EFBIG)?;
        let mut media_type = KVec::new();
        media_type.extend_from_slice(&file.media_type, GFP_KERNEL)?;
        Ok(Self {
            content: coded.content.clone(),
            etag: coded.etag,
            modified: file.modified,
            media_type,
            coding,
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
            coding: self.coding,
        }
    }

    /// How the bytes are coded.
    #[inline]
    pub(super) fn coding(&self) -> Coding {
        self.coding
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
