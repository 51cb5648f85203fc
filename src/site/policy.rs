// SPDX-License-Identifier: GPL-2.0-only

//! On which terms files become part of a site.

use super::FileError;
use crate::sys::fs::Stat;
use protocol::control::rule::PolicyRule;

/// How much a site may have, unless a rule says otherwise.
#[derive(Clone, Copy)]
pub(crate) struct Limits {
    /// The most memory of a whole site, in bytes.
    pub(crate) max_site_bytes: u64,
    /// The longest file, in bytes.
    pub(crate) max_file_bytes: u64,
    /// The most files and directories, together.
    pub(crate) max_entries: u32,
}

impl Limits {
    /// As much as there can be.
    #[cfg(CONFIG_KUNIT = "y")]
    pub(super) const MAX: Self = Self {
        max_site_bytes: u64::MAX,
        max_file_bytes: u64::MAX,
        max_entries: u32::MAX,
    };
}

/// What may be read, and how much.
pub(super) struct LoadPolicy {
    pub(super) bounds: Limits,
    pub(super) follow_links: bool,
    pub(super) cross_mounts: bool,
    hidden_files: bool,
    perm_required: u16,
    perm_forbid: u16,
}

/// That everybody may read it.
const READABLE: u16 = 0o004;

impl LoadPolicy {
    /// What holds without rules.
    pub(super) fn new(bounds: Limits) -> Self {
        Self {
            bounds,
            follow_links: false,
            cross_mounts: false,
            hidden_files: false,
            perm_required: READABLE,
            perm_forbid: 0,
        }
    }

    /// Does as a rule says.
    pub(super) fn apply(&mut self, rule: PolicyRule) {
        match rule {
            PolicyRule::FollowLinks(flag) => self.follow_links = flag,
            PolicyRule::HiddenFiles(flag) => self.hidden_files = flag,
            PolicyRule::CrossMounts(flag) => self.cross_mounts = flag,
            PolicyRule::PermRequired(mode) => self.perm_required = mode,
            PolicyRule::PermForbid(mode) => self.perm_forbid = mode,
            PolicyRule::MaxSiteBytes(bytes) => self.bounds.max_site_bytes = bytes,
            PolicyRule::MaxFileBytes(bytes) => self.bounds.max_file_bytes = bytes,
            PolicyRule::MaxEntries(entries) => self.bounds.max_entries = entries,
        }
    }

    /// Whether something with this name may be served. No path that can be asked for has a control
    /// character.
    pub(super) fn admit_name(&self, name: &[u8]) -> bool {
        !self.hides(name) && !name.iter().any(u8::is_ascii_control)
    }

    /// Whether something with this name, and all that is in it, is hidden.
    pub(super) fn hides(&self, name: &[u8]) -> bool {
        !self.hidden_files && name.starts_with(b".") && name != b".well-known"
    }

    /// Whether a file or a directory has the mode bits to be served.
    pub(super) fn admit_mode(&self, facts: &Stat) -> bool {
        let mode = facts.permissions();
        if facts.is_directory() {
            // Whoever may read files in it may search it.
            let required = self.perm_required & 0o444;
            return mode & (required >> 2) == required >> 2;
        }
        mode & self.perm_required == self.perm_required && mode & self.perm_forbid == 0
    }

    /// Whether a file is to be served.
    ///
    /// # Errors
    ///
    /// That it is too long.
    pub(super) fn admit(&self, facts: &Stat) -> Result<bool, FileError> {
        let (size, max) = (facts.size(), self.bounds.max_file_bytes);
        match self.admit_mode(facts) {
            true if size > max => Err(FileError::FileBytes(size, max)),
            admitted => Ok(admitted),
        }
    }

    /// That a site, or what is noted while it is made, may take so many bytes.
    ///
    /// # Errors
    ///
    /// The bound that it exceeds.
    pub(super) fn admit_memory(&self, bytes: usize) -> Result<(), FileError> {
        match self.bounds.max_site_bytes {
            max if bytes as u64 > max => Err(FileError::SiteBytes(max)),
            _ => Ok(()),
        }
    }
}
