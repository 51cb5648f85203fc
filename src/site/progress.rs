// SPDX-License-Identifier: GPL-2.0-only

//! How far the loading of a site has come.

use kernel::sync::atomic::{
    ordering::Relaxed,
    Atomic, //
};

/// Counters of a site that is being loaded, to be looked at meanwhile. Any context.
pub(crate) struct LoadProgress {
    files: Atomic<u64>,
    bytes: Atomic<u64>,
    left_out: Atomic<u64>,
}

impl LoadProgress {
    /// Nothing is loaded yet.
    pub(crate) const fn new() -> Self {
        Self {
            files: Atomic::new(0),
            bytes: Atomic::new(0),
            left_out: Atomic::new(0),
        }
    }

    /// The files read so far.
    pub(crate) fn files(&self) -> u64 {
        self.files.load(Relaxed)
    }

    /// Their bytes.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes.load(Relaxed)
    }

    /// What was seen and does not become part of the site: links, nodes, what is hidden, what has
    /// not the mode bits, other file systems.
    pub(super) fn left_out(&self) -> u64 {
        self.left_out.load(Relaxed)
    }

    /// Something was left out.
    pub(super) fn leave_out(&self) {
        self.left_out.fetch_add(1, Relaxed);
    }

    /// One more file was read.
    pub(super) fn add_file(&self, bytes: usize) {
        self.files.fetch_add(1, Relaxed);
        self.bytes.fetch_add(bytes as u64, Relaxed);
    }
}
