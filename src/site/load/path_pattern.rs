// SPDX-License-Identifier: GPL-2.0-only

//! Patterns of rules, decoded for a site.

use crate::site::index::path_pattern::{
    DirectoryPattern,
    PathPattern, //
};
use kernel::prelude::*;
use protocol::control::rule::{
    Exceptions,
    FilePattern, //
};

impl PathPattern {
    /// Decodes a pattern.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(super) fn new(files: &FilePattern<'_>) -> Result<Self> {
        Ok(match files {
            FilePattern::All => Self::All,
            FilePattern::Suffix(suffix) => Self::Suffix(collect(suffix.decoded())?),
            FilePattern::Under(directory) => Self::Under(collect(directory.decoded())?),
            FilePattern::Exact(path) => Self::Exact(collect(path.decoded())?),
        })
    }
}

impl DirectoryPattern {
    /// Decodes `under` and its exceptions; [`FilePattern::All`] is the directory `/`.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(super) fn new(under: &FilePattern<'_>, except: Exceptions<'_>) -> Result<Self> {
        let directory = match under {
            FilePattern::Under(directory) => collect(directory.decoded())?,
            _ => collect(*b"/")?,
        };
        let mut decoded = KVec::new();
        for files in except.iter() {
            decoded.push(PathPattern::new(&files)?, GFP_KERNEL_ACCOUNT)?;
        }
        Ok(Self {
            directory,
            except: decoded,
        })
    }
}

/// Collects octets.
///
/// # Errors
///
/// `ENOMEM`.
pub(super) fn collect(octets: impl IntoIterator<Item = u8>) -> Result<KVec<u8>> {
    let mut collected = KVec::new();
    for octet in octets {
        collected.push(octet, GFP_KERNEL_ACCOUNT)?;
    }
    Ok(collected)
}
