// SPDX-License-Identifier: GPL-2.0-only

//! Tells whether a file has changed.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// Identity, length and time of change of a file. [`None`] for a file that cannot be found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FileStamp(Option<(u64, u64, u64, i64, i64)>);

impl FileStamp {
    /// Returns the stamp of the file that `path` leads to.
    pub(crate) fn of(path: &Path) -> Self {
        let stamp = |file: fs::Metadata| {
            let (seconds, nanoseconds) = (file.ctime(), file.ctime_nsec());
            (file.dev(), file.ino(), file.size(), seconds, nanoseconds)
        };
        Self(fs::metadata(path).ok().map(stamp))
    }
}
