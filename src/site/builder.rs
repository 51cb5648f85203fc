// SPDX-License-Identifier: GPL-2.0-only

//! A site that is being made.

use super::{
    entry::Entry,
    table::{
        Table,
        Target, //
    },
    Site, //
};
use kernel::prelude::*;

/// The file that stands for its directory.
const INDEX: &[u8] = b"index.html";

/// Takes files and makes a [`Site`] of them.
pub(super) struct Builder {
    table: Table,
    entries: KVVec<Entry>,
}

impl Builder {
    /// Without files. Process context.
    pub(super) fn new() -> Self {
        Self {
            table: Table::new(),
            entries: KVVec::new(),
        }
    }

    /// Adds the file at `path`, which begins with a slash and is decoded and normalised, last
    /// modified so many seconds after 1970. Process context, may sleep.
    ///
    /// # Errors
    ///
    /// `EEXIST` if there is such a path already, `ENOMEM`.
    pub(super) fn add(&mut self, path: &[u8], content: &[u8], modified: u64) -> Result {
        let number = u32::try_from(self.entries.len()).map_err(|_| EFBIG)?;
        let target = Target::Entry(number);
        self.entries
            .push(Entry::new(path, content, modified)?, GFP_KERNEL)?;
        self.table.insert(path, target)?;
        let Some(directory) = path.strip_suffix(INDEX) else {
            return Ok(());
        };
        let Some((b'/', without_slash)) = directory.split_last() else {
            return Ok(());
        };
        self.table.insert(directory, target)?;
        if !without_slash.is_empty() {
            self.table.insert(without_slash, Target::Directory)?;
        }
        Ok(())
    }

    /// The site with all that was added.
    pub(super) fn build(self) -> Site {
        Site {
            table: self.table,
            entries: self.entries,
        }
    }
}
