// SPDX-License-Identifier: GPL-2.0-only

//! The marks on what a site was loaded from, which tell when it changes.

use super::file_error::FileError;
use crate::sys::{
    fs::FsPath,
    fsnotify::{
        Changes,
        MarkGroup, //
    }, //
};
use kernel::{
    prelude::*,
    sync::Arc, //
};

/// The marks on what a site was loaded from.
pub(crate) struct TreeWatch {
    directories: MarkGroup,
    /// Marks for the names of roots, of which a directory may contain several.
    names: MarkGroup,
    /// The devices of the roots that are directories, in the order of the roots.
    devices: KVVec<u32>,
}

impl TreeWatch {
    /// Creates a watch of nothing. `changes` records the changes.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(crate) fn new(changes: Arc<Changes>) -> Result<Self> {
        Ok(Self {
            directories: MarkGroup::new(changes.clone(), false)?,
            names: MarkGroup::new(changes, true)?,
            devices: KVVec::new(),
        })
    }

    /// Finds the directory of a root by its `name`, which is looked up from `base`, and watches both:
    /// another directory or a link may take its place.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    ///
    /// # Errors
    ///
    /// Those of `open(2)` and of `stat(2)`; that the root can't be watched.
    pub(super) fn find_root(&mut self, base: &FsPath, name: &CStr) -> Result<FsPath, FileError> {
        // First, so that each later change is noted.
        self.add_name(base, name.to_bytes())?;
        let root = base.directory(name)?;
        check_local(&root)?;
        let device = root.stat()?.identity().0;
        self.devices.push(device, GFP_KERNEL_ACCOUNT)?;
        // The writer must be allowed to read what it is told of.
        drop(root.open()?);
        self.add_directory(&root)?;
        Ok(root)
    }

    /// Watches the last name of a path, which is looked up from `base`.
    fn add_name(&mut self, base: &FsPath, path: &[u8]) -> Result<(), FileError> {
        let Some((parent, last)) = split(path) else {
            return Ok(());
        };
        if matches!(last, b"." | b"..") {
            return Err(FileError::Unwatchable(
                "the path of a root must end in a name, not in . or ..",
            ));
        }
        let mut directory = KVec::with_capacity(parent.len() + 2, GFP_KERNEL)?;
        directory.extend_from_slice(parent, GFP_KERNEL)?;
        directory.extend_from_slice(b"/\0", GFP_KERNEL)?;
        let directory = CStr::from_bytes_with_nul(&directory).map_err(|_| EINVAL)?;
        let directory = base.directory(directory)?;
        check_local(&directory)?;
        Ok(self.names.add_name(&directory, last)?)
    }

    /// Watches a directory, but not those in it. Returns whether it was not watched.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(super) fn add_directory(&mut self, directory: &FsPath) -> Result<bool> {
        self.directories.add_directory(directory)
    }

    /// Returns whether the roots are on the same file systems as those of `other`.
    pub(crate) fn has_devices_of(&self, other: &Self) -> bool {
        self.devices[..] == other.devices[..]
    }

    /// Returns the number of directories that are watched.
    pub(crate) fn len(&self) -> usize {
        self.directories.len()
    }
}

/// Checks that no read waits for a process or a host that may never answer: the end of a namespace
/// waits for the load.
fn check_local(directory: &FsPath) -> Result<(), FileError> {
    if directory.is_local() {
        return Ok(());
    }
    Err(FileError::Unwatchable(
        "the file system may wait for ever for a process or another host; use one on a disk or in \
         memory",
    ))
}

/// Splits an absolute path before its last name. There is none in that of the root directory.
fn split(path: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = path.iter().rposition(|byte| *byte != b'/')?;
    let path = path.get(..=end)?;
    let slash = path.iter().rposition(|byte| *byte == b'/')?;
    let (parent, last) = path.split_at_checked(slash)?;
    Some((parent, last.get(1..)?))
}

#[kunit_tests(khttpd_tree_watch)]
mod tests {
    use super::*;

    #[test]
    fn last_name_of_a_path_is_split_off() {
        assert!(split(b"/srv/www") == Some((b"/srv", b"www")));
        assert!(split(b"/srv//www//") == Some((b"/srv/", b"www")));
        assert!(split(b"/srv") == Some((b"", b"srv")));
        assert!(split(b"/").is_none());
        assert!(split(b"//").is_none());
    }
}
