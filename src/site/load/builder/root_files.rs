// SPDX-License-Identifier: GPL-2.0-only

//! The files of the root that is being read.

use crate::site::index::{
    path_index::{
        NameRange,
        PathIndex, //
    },
    virtual_host::IndexTarget, //
};
use kernel::prelude::*;
use protocol::http::Timestamp;

/// Estimated memory of a file beside its content and its path, in bytes. The exact number is known
/// once the root is finished.
const FILE_BYTES: usize = 300;

/// The files of the root that is being read.
pub(super) struct RootFiles {
    /// Their paths, which have no targets yet.
    pub(super) paths: PathIndex<IndexTarget>,
    /// The files in the order in which they were added.
    pub(super) files: KVVec<RootFile>,
    /// The directories that may get a page.
    pub(super) directories: KVVec<RootDirectory>,
}

/// A file of the root that is being read.
pub(super) struct RootFile {
    /// Path in [`RootFiles::paths`].
    pub(super) path: NameRange,
    /// Number of the content; [`None`] if there are only variants in other files.
    pub(super) content: Option<u32>,
    /// Time of the last modification.
    pub(super) modified: Timestamp,
}

/// A directory of the root that is being read.
pub(super) struct RootDirectory {
    /// Path in [`RootFiles::paths`], with a slash at its end.
    pub(super) path: NameRange,
    /// Time of the last modification.
    pub(super) modified: Timestamp,
}

impl RootFiles {
    /// Creates an empty list.
    pub(super) fn new() -> Self {
        Self {
            paths: PathIndex::new(),
            files: KVVec::new(),
            directories: KVVec::new(),
        }
    }

    /// Adds a file with the content that has this number.
    pub(super) fn add(&mut self, path: &[u8], content: u32, modified: Timestamp) -> Result {
        let file = RootFile {
            path: self.paths.store(path)?,
            content: Some(content),
            modified,
        };
        Ok(self.files.push(file, GFP_KERNEL_ACCOUNT)?)
    }

    /// Adds a directory, whose path ends with a slash.
    pub(super) fn add_directory(&mut self, path: &[u8], modified: Timestamp) -> Result {
        let directory = RootDirectory {
            path: self.paths.store(path)?,
            modified,
        };
        Ok(self.directories.push(directory, GFP_KERNEL_ACCOUNT)?)
    }

    /// Returns the memory that the files need beside their contents, in bytes.
    pub(super) fn used_bytes(&self) -> usize {
        used_bytes(&self.paths, self.files.len() + self.directories.len())
    }
}

/// Returns the memory that paths and this number of entries need, in bytes.
pub(super) fn used_bytes(paths: &PathIndex<IndexTarget>, entries: usize) -> usize {
    paths.used_bytes() + entries * FILE_BYTES
}
