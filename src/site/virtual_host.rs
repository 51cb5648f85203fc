// SPDX-License-Identifier: GPL-2.0-only

//! What the hosts of one tree get: its files by their paths, and its rules for what is no file.

use super::{
    table::{
        IndexTarget, //
        PathIndex,
    },
    EntryId, //
};
use kernel::prelude::*;
use protocol::http::{
    Redirect,
    Status, //
};

/// The paths of one tree.
pub(super) struct VirtualHost {
    pub(super) table: PathIndex,
    /// What [`IndexTarget::Redirect`] names.
    pub(super) redirects: KVec<StoredRedirect>,
    /// Directories of which all has moved, the last rule first.
    pub(super) moved_directories: KVec<DirectoryRedirect>,
    /// What is served where there is nothing, the last rule first.
    pub(super) fall_backs: KVec<Fallback>,
    pub(super) error_pages: KVec<(Status, EntryId)>,
}

/// Where something is.
pub(super) struct StoredRedirect {
    pub(super) status: Status,
    pub(super) location: KVec<u8>,
}

/// Where all is that was in a directory, and below.
pub(super) struct DirectoryRedirect {
    /// What is replaced of a path.
    pub(super) directory: KVec<u8>,
    pub(super) to: StoredRedirect,
}

/// What is served in a directory, and below, where there is nothing.
pub(super) struct Fallback {
    pub(super) directory: KVec<u8>,
    pub(super) page: EntryId,
}

/// What a path leads to.
pub(super) enum HostLookup<'s> {
    Entry(EntryId),
    Directory,
    Redirect(Redirect<'s>),
    Status,
    Nothing,
}

impl VirtualHost {
    /// What `path` leads to. Any context.
    #[inline]
    pub(super) fn find(&self, path: &[u8]) -> HostLookup<'_> {
        match self.table.find(path) {
            Some(IndexTarget::Entry(number)) => HostLookup::Entry(EntryId(number)),
            Some(IndexTarget::Directory) => HostLookup::Directory,
            Some(IndexTarget::Redirect(number)) => self.moved(number, path),
            Some(IndexTarget::Status) => HostLookup::Status,
            None => self.find_otherwise(path),
        }
    }

    /// Where one path is that has moved.
    fn moved(&self, number: u32, path: &[u8]) -> HostLookup<'_> {
        // CAST: It was a `usize`.
        match self.redirects.get(number as usize) {
            Some(redirect) => HostLookup::Redirect(redirect.moved(path.len())),
            None => HostLookup::Nothing,
        }
    }

    /// What a path leads to that is not in the table. The rules are few, see
    /// [`Rules::admit`](super::rules::Rules::admit).
    #[inline(never)]
    fn find_otherwise(&self, path: &[u8]) -> HostLookup<'_> {
        if let Some(moved) = self.directory_moved(path) {
            return HostLookup::Redirect(moved);
        }
        self.fall_backs
            .iter()
            .find(|fall_back| path.starts_with(&fall_back.directory))
            .map_or(HostLookup::Nothing, |fall_back| {
                HostLookup::Entry(fall_back.page)
            })
    }

    /// Where a path is that lies in a directory of which all has moved.
    pub(super) fn directory_moved(&self, path: &[u8]) -> Option<Redirect<'_>> {
        self.moved_directories
            .iter()
            .find(|moved| path.starts_with(&moved.directory))
            .map(|moved| moved.to.moved(moved.directory.len()))
    }

    /// The page that goes with an error. Any context.
    pub(super) fn error_page(&self, status: Status) -> Option<EntryId> {
        self.error_pages
            .iter()
            .find(|(of, _)| *of == status)
            .map(|(_, page)| *page)
    }

    /// The memory that it takes, in bytes, but for that of its rules.
    pub(super) fn footprint(&self) -> usize {
        self.table.footprint()
    }
}

impl StoredRedirect {
    fn moved(&self, kept: usize) -> Redirect<'_> {
        Redirect {
            status: self.status,
            location: &self.location,
            path_offset: kept,
        }
    }
}
