// SPDX-License-Identifier: GPL-2.0-only

//! Progress of a load.

use kernel::sync::atomic::{
    ordering::Relaxed,
    Atomic, //
};

/// Counters of a load, which may be read meanwhile.
///
/// # Context
///
/// Any context.
pub(crate) struct LoadProgress {
    files: Atomic<u64>,
    bytes: Atomic<u64>,
    compressed: Atomic<u64>,
    skipped: Atomic<u64>,
}

impl LoadProgress {
    /// Creates counters that are zero.
    pub(crate) const fn new() -> Self {
        Self {
            files: Atomic::new(0),
            bytes: Atomic::new(0),
            compressed: Atomic::new(0),
            skipped: Atomic::new(0),
        }
    }

    /// Returns the number of files read so far.
    pub(crate) fn files(&self) -> u64 {
        self.files.load(Relaxed)
    }

    /// Returns the number of bytes read so far.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes.load(Relaxed)
    }

    /// Returns the number of bytes that were compressed so far, once for each content coding.
    pub(crate) fn compressed(&self) -> u64 {
        self.compressed.load(Relaxed)
    }

    /// Returns the number of files and directories that were found and do not become part of the
    /// site.
    pub(super) fn skipped(&self) -> u64 {
        self.skipped.load(Relaxed)
    }

    /// Counts a file or a directory that does not become part of the site.
    pub(super) fn add_skipped(&self) {
        self.skipped.fetch_add(1, Relaxed);
    }

    /// Counts bytes that are being compressed.
    pub(super) fn add_compressed(&self, bytes: usize) {
        self.compressed.fetch_add(bytes as u64, Relaxed);
    }

    /// Counts a file of `bytes` bytes that was read.
    pub(super) fn add_file(&self, bytes: usize) {
        self.files.fetch_add(1, Relaxed);
        self.bytes.fetch_add(bytes as u64, Relaxed);
    }
}
