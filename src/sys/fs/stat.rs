// SPDX-License-Identifier: GPL-2.0-only

//! The attributes of a file.
//!
//! C header: [`include/linux/stat.h`](srctree/include/linux/stat.h)

use crate::sys::ffi;

/// The attributes of a file at one time.
///
/// If two of them are equal, the file was not written between them, provided that
/// [`FsPath::settle`](super::FsPath::settle) was called after the first, that [`Stat::is_mapped`] is
/// false and that [`Stat::traces_writes`] is true.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stat(ffi::RawStat);

/// The bits of a mode that contain the type of a file: `S_IFMT`.
const TYPE: u16 = 0o170_000;

/// The type of a regular file: `S_IFREG`.
const REGULAR: u16 = 0o100_000;

/// The type of a directory: `S_IFDIR`.
const DIRECTORY: u16 = 0o040_000;

impl Stat {
    /// Wraps the attributes as C has written them.
    pub(super) fn from_raw(raw: ffi::RawStat) -> Self {
        Self(raw)
    }

    /// Returns the attributes for C.
    pub(super) fn as_raw(&self) -> &ffi::RawStat {
        &self.0
    }

    /// Returns the numbers of the device and of the inode.
    pub(crate) fn identity(&self) -> (u32, u64) {
        (self.0.device, self.0.inode)
    }

    /// Returns the length in bytes.
    pub(crate) fn size(&self) -> u64 {
        self.0.size
    }

    /// Returns the time of the last write, in seconds since 1970; 0 before that.
    pub(crate) fn modified(&self) -> u64 {
        u64::try_from(self.0.modified).unwrap_or(0)
    }

    /// Returns the permissions, without the type.
    pub(crate) fn permissions(&self) -> u16 {
        self.0.mode & !TYPE
    }

    /// Tells whether it is a regular file.
    pub(crate) fn is_file(&self) -> bool {
        self.0.mode & TYPE == REGULAR
    }

    /// Tells whether it is a directory.
    pub(crate) fn is_directory(&self) -> bool {
        self.0.mode & TYPE == DIRECTORY
    }

    /// Tells whether a process has the file mapped for writing, so that its times prove nothing.
    pub(crate) fn is_mapped(&self) -> bool {
        self.0.mapped
    }

    /// Tells whether each later write shows in the attributes. Otherwise a write through a mapping,
    /// or by another machine, may not.
    pub(crate) fn traces_writes(&self) -> bool {
        self.0.traced
    }
}
