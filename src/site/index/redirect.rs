// SPDX-License-Identifier: GPL-2.0-only

//! Redirects of single paths and of whole directories.

use super::path_pattern::DirectoryPattern;
use kernel::prelude::*;
use protocol::http::{
    Redirect,
    Status, //
};

/// The target of a redirect.
pub(crate) struct StoredRedirect {
    /// Status of the response.
    pub(crate) status: Status,
    /// Value of `Location`, or its beginning if part of the request's path follows.
    pub(crate) location: KVec<u8>,
}

impl StoredRedirect {
    /// Redirects a path of which all bytes from `path_offset` on are appended to the location.
    pub(super) fn of_path(&self, path_offset: usize) -> Redirect<'_> {
        Redirect {
            status: self.status,
            location: &self.location,
            path_offset,
        }
    }
}

/// A redirect of a directory and all paths below it.
pub(crate) struct DirectoryRedirect {
    /// Directory, which the location replaces, and paths that are not redirected.
    pub(crate) from: DirectoryPattern,
    /// Target of the redirect.
    pub(crate) to: StoredRedirect,
}
