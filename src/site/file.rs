// SPDX-License-Identifier: GPL-2.0-only

//! A file as it was loaded.

use super::media_type;
use crate::sys::{
    clock,
    hash,
    page::PageBytes, //
};
use kernel::{
    prelude::*,
    sync::Arc, //
};
use protocol::http::Timestamp;

/// The length of an entity tag: 128 bits in hexadecimal, quoted.
pub(super) const ETAG_LEN: usize = 2 * 16 + 2;

/// The bytes of a file, and what can be said of them without regard to other files.
pub(super) struct File {
    pub(super) path: KVec<u8>,
    pub(super) content: Arc<PageBytes>,
    pub(super) etag: [u8; ETAG_LEN],
    pub(super) modified: Timestamp,
    pub(super) media_type: KVec<u8>,
}

impl File {
    /// The file at `path` with these bytes, last modified so many seconds after 1970. Process
    /// context, may sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(super) fn new(path: &[u8], content: &[u8], modified: u64) -> Result<Self> {
        let mut owned_path = KVec::new();
        owned_path.extend_from_slice(path, GFP_KERNEL)?;
        Ok(Self {
            path: owned_path,
            content: Arc::new(PageBytes::copy_from(content)?, GFP_KERNEL)?,
            etag: etag(content),
            // A time in the future must not be told (RFC 9110, section 8.8.2.1).
            modified: Timestamp(modified.min(clock::real_seconds())),
            media_type: media_type::by_path(path)?,
        })
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
