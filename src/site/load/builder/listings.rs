// SPDX-License-Identifier: GPL-2.0-only

//! Lists of what the directories of a root contain.

use super::root_files::{
    RootDirectory,
    RootFile, //
};
use crate::{
    site::{
        index::{
            content::Contents,
            path_index::{
                NameRange,
                PathIndex, //
            },
            virtual_host::IndexTarget, //
        },
        load::{
            file_error::FileError,
            listing_page::ListingPage,
            signal, //
        }, //
    },
    sys::{
        sched,
        sort::sort_by, //
    }, //
};
use core::mem;
use kernel::prelude::*;
use protocol::http::Timestamp;

/// The files and the directories of a root, by the directory that contains them.
pub(super) struct Listings<'a> {
    paths: &'a PathIndex<IndexTarget>,
    rows: KVVec<Row>,
    /// Numbers of the rows, sorted by [`Listings::key`].
    order: KVVec<u32>,
}

/// A file or a directory.
struct Row {
    path: NameRange,
    /// Length in bytes; [`None`] for a directory.
    size: Option<u64>,
    modified: Timestamp,
}

impl<'a> Listings<'a> {
    /// Collects and sorts the files and the directories, which all have their paths in `paths`.
    pub(super) fn new(
        paths: &'a PathIndex<IndexTarget>,
        files: &[RootFile],
        directories: &[RootDirectory],
        contents: &Contents,
    ) -> Result<Self> {
        let mut rows = KVVec::new();
        for file in files {
            signal::check()?;
            // What only variants in other files stand for has no name of its own.
            let content = file.content.and_then(|number| contents.get(number));
            if let Some(content) = content {
                let row = Row {
                    path: file.path,
                    size: Some(contents.bytes(content).len() as u64),
                    modified: file.modified,
                };
                rows.push(row, GFP_KERNEL_ACCOUNT)?;
            }
        }
        for directory in directories {
            signal::check()?;
            let row = Row {
                path: directory.path,
                size: None,
                modified: directory.modified,
            };
            rows.push(row, GFP_KERNEL_ACCOUNT)?;
        }
        let count = u32::try_from(rows.len()).map_err(|_| EFBIG)?;
        let mut order = KVVec::with_capacity(rows.len(), GFP_KERNEL_ACCOUNT)?;
        for number in 0..count {
            order.push(number, GFP_KERNEL_ACCOUNT)?;
        }
        let mut listings = Self { paths, rows, order };
        listings.sort();
        Ok(listings)
    }

    /// Sorts the numbers of the rows.
    fn sort(&mut self) {
        let mut order = mem::take(&mut self.order);
        sort_by(&mut order, |a, b| {
            sched::cond_resched();
            self.key(*a).cmp(&self.key(*b))
        });
        self.order = order;
    }

    /// Returns the key by which rows are sorted: the directory that contains a row, directories
    /// before files, the name.
    fn key(&self, number: u32) -> Option<(&[u8], bool, &[u8])> {
        let row = self.row(number)?;
        let (parent, name) = split(self.paths.bytes(row.path));
        Some((parent, row.size.is_some(), name))
    }

    /// Returns the row with this number.
    fn row(&self, number: u32) -> Option<&Row> {
        // CAST: The number was made from a `usize`.
        self.rows.get(number as usize)
    }

    /// Returns the page of a directory and the time of its last modification: the latest of all
    /// times that it depends on. `admit` is called with the length of the page so far.
    pub(super) fn page(
        &self,
        directory: &RootDirectory,
        admit: impl Fn(usize) -> Result<(), FileError>,
    ) -> Result<(ListingPage, Timestamp), FileError> {
        let path = self.paths.bytes(directory.path);
        let parent = |row: &Row| split(self.paths.bytes(row.path)).0;
        let first = self
            .order
            .partition_point(|number| self.row(*number).is_some_and(|row| parent(row) < path));
        let rows = self.order.iter().skip(first);
        let rows = rows.map_while(|number| self.row(*number));
        let mut page = ListingPage::new(path)?;
        let mut modified = directory.modified;
        for row in rows.take_while(|row| parent(row) == path) {
            signal::check()?;
            let (_, name) = split(self.paths.bytes(row.path));
            page.add(name, row.size, row.modified)?;
            admit(page.len())?;
            modified = modified.max(row.modified);
        }
        Ok((page, modified))
    }
}

/// Splits a path into the directory that contains it and its name, which have a slash at their end
/// if they are directories. No directory contains the root.
fn split(path: &[u8]) -> (&[u8], &[u8]) {
    let name = path.strip_suffix(b"/").unwrap_or(path);
    let start = name.iter().rposition(|byte| *byte == b'/');
    path.split_at_checked(start.map_or(0, |slash| slash + 1))
        .unwrap_or_default()
}
