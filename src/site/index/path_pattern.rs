// SPDX-License-Identifier: GPL-2.0-only

//! Patterns of paths, as a site keeps them.

use kernel::prelude::*;

/// A pattern that matches decoded paths; its own octets are decoded, too.
pub(crate) enum PathPattern {
    /// All paths.
    All,
    /// The paths with this suffix.
    Suffix(KVec<u8>),
    /// The paths below a directory, which ends with a slash.
    Under(KVec<u8>),
    /// One path.
    Exact(KVec<u8>),
}

impl PathPattern {
    /// Returns whether the pattern matches a decoded path.
    ///
    /// # Context
    ///
    /// Any context.
    pub(crate) fn matches(&self, path: &[u8]) -> bool {
        match self {
            Self::All => true,
            Self::Suffix(suffix) => path.ends_with(suffix),
            Self::Under(directory) => path.starts_with(directory),
            Self::Exact(exact) => path == &exact[..],
        }
    }
}

/// A directory and all paths below it, with exceptions.
pub(crate) struct DirectoryPattern {
    /// Decoded path of the directory. It ends with a slash.
    pub(crate) directory: KVec<u8>,
    /// Paths that are not meant.
    pub(crate) except: KVec<PathPattern>,
}

impl DirectoryPattern {
    /// Returns whether the pattern matches a decoded path.
    ///
    /// # Context
    ///
    /// Any context.
    pub(crate) fn matches(&self, path: &[u8]) -> bool {
        path.starts_with(&self.directory) && !self.except.iter().any(|files| files.matches(path))
    }
}
