// SPDX-License-Identifier: GPL-2.0-only

//! Fallbacks: pages for paths that no file has.

use super::entry::EntryId;
use kernel::prelude::*;

/// A page that is served for all paths below a directory at which there is nothing else.
pub(crate) struct Fallback {
    /// Decoded path of the directory. It ends with a slash.
    pub(crate) directory: KVec<u8>,
    /// Page that is served.
    pub(crate) page: EntryId,
}
