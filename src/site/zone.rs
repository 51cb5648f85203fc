// SPDX-License-Identifier: GPL-2.0-only

//! What the hosts of one tree get: its files by their paths, and its rules for what is no file.

use super::{
    table::{
        Table,
        Target, //
    },
    EntryId, //
};
use kernel::prelude::*;
use protocol::http::{
    Moved,
    Status, //
};

/// The paths of one tree.
pub(super) struct Zone {
    pub(super) table: Table,
    /// What [`Target::Moved`] names.
    pub(super) redirects: KVec<Redirect>,
    /// Directories of which all has moved, the last rule first.
    pub(super) moved_directories: KVec<MovedDirectory>,
    /// What is served where there is nothing, the last rule first.
    pub(super) fall_backs: KVec<FallBack>,
    pub(super) error_pages: KVec<(Status, EntryId)>,
}

/// Where something is.
pub(super) struct Redirect {
    pub(super) status: Status,
    pub(super) location: KVec<u8>,
}

/// Where all is that was in a directory, and below.
pub(super) struct MovedDirectory {
    /// What is replaced of a path.
    pub(super) directory: KVec<u8>,
    pub(super) to: Redirect,
}

/// What is served in a directory, and below, where there is nothing.
pub(super) struct FallBack {
    pub(super) directory: KVec<u8>,
    pub(super) page: EntryId,
}

/// What a path leads to.
pub(super) enum Place<'s> {
    Entry(EntryId),
    Directory,
    Moved(Moved<'s>),
    Status,
    Nothing,
}

impl Zone {
    /// What `path` leads to. Any context.
    #[inline]
    pub(super) fn find(&self, path: &[u8]) -> Place<'_> {
        match self.table.find(path) {
            Some(Target::Entry(number)) => Place::Entry(EntryId(number)),
            Some(Target::Directory) => Place::Directory,
            Some(Target::Moved(number)) => self.moved(number, path),
            Some(Target::Status) => Place::Status,
            None => self.find_otherwise(path),
        }
    }

    /// Where one path is that has moved.
    fn moved(&self, number: u32, path: &[u8]) -> Place<'_> {
        // CAST: It was a `usize`.
        match self.redirects.get(number as usize) {
            Some(redirect) => Place::Moved(redirect.moved(path.len())),
            None => Place::Nothing,
        }
    }

    /// What a path leads to that is not in the table. The rules are few, see
    /// [`Rules::admit`](super::rules::Rules::admit).
    #[inline(never)]
    fn find_otherwise(&self, path: &[u8]) -> Place<'_> {
        if let Some(moved) = self.directory_moved(path) {
            return Place::Moved(moved);
        }
        self.fall_backs
            .iter()
            .find(|fall_back| path.starts_with(&fall_back.directory))
            .map_or(Place::Nothing, |fall_back| Place::Entry(fall_back.page))
    }

    /// Where a path is that lies in a directory of which all has moved.
    pub(super) fn directory_moved(&self, path: &[u8]) -> Option<Moved<'_>> {
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

impl Redirect {
    fn moved(&self, kept: usize) -> Moved<'_> {
        Moved {
            status: self.status,
            location: &self.location,
            kept,
        }
    }
}
