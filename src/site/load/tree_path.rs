// SPDX-License-Identifier: GPL-2.0-only

//! Paths below a root.

use kernel::prelude::*;

/// The path of a file or a directory below a root.
///
/// # Invariants
///
/// The path begins with a slash, ends with a NUL, and has no other NUL.
pub(super) struct TreePath(KVec<u8>);

impl TreePath {
    /// Creates the path of the root itself: `/`.
    pub(super) fn root() -> Result<Self> {
        let mut bytes = KVec::new();
        // INVARIANT: There is nothing between the slash and the NUL.
        bytes.extend_from_slice(b"/\0", GFP_KERNEL_ACCOUNT)?;
        Ok(Self(bytes))
    }

    /// Creates the path of `name`, which must not contain a NUL, in this directory.
    pub(super) fn join(&self, name: &[u8]) -> Result<Self> {
        let mut bytes = KVec::with_capacity(self.0.len() + name.len() + 1, GFP_KERNEL_ACCOUNT)?;
        let directory = self.as_bytes();
        bytes.extend_from_slice(directory, GFP_KERNEL_ACCOUNT)?;
        if !directory.ends_with(b"/") {
            bytes.push(b'/', GFP_KERNEL_ACCOUNT)?;
        }
        bytes.extend_from_slice(name, GFP_KERNEL_ACCOUNT)?;
        // INVARIANT: Neither the directory nor the name contains a NUL.
        bytes.push(0, GFP_KERNEL_ACCOUNT)?;
        Ok(Self(bytes))
    }

    /// Returns a copy.
    pub(super) fn try_clone(&self) -> Result<Self> {
        let mut bytes = KVec::new();
        bytes.extend_from_slice(&self.0, GFP_KERNEL_ACCOUNT)?;
        // INVARIANT: The bytes are those of `self`.
        Ok(Self(bytes))
    }

    /// Returns the path with its first slash and without the NUL.
    pub(super) fn as_bytes(&self) -> &[u8] {
        self.0.strip_suffix(b"\0").unwrap_or(&self.0)
    }

    /// Returns the path without its first slash, for a look-up from the root.
    pub(super) fn relative(&self) -> Result<&CStr> {
        let bytes = self.0.get(1..).unwrap_or(b"\0");
        CStr::from_bytes_with_nul(bytes).map_err(|_| EINVAL)
    }

    /// Returns the number of directories between the root and this path.
    pub(super) fn depth(&self) -> usize {
        self.0.iter().skip(1).filter(|byte| **byte == b'/').count()
    }

    /// Returns the memory that the path needs, in bytes.
    pub(super) fn used_bytes(&self) -> usize {
        self.0.len()
    }
}
