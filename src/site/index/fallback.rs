// SPDX-License-Identifier: GPL-2.0-only

//! Fallbacks: pages for paths that no file has.

use super::{
    entry::EntryId,
    path_pattern::DirectoryPattern, //
};

/// A page that is served for all paths below a directory at which there is nothing else.
pub(crate) struct Fallback {
    /// Paths for which it is served.
    pub(crate) under: DirectoryPattern,
    /// Page that is served.
    pub(crate) page: EntryId,
}
