// SPDX-License-Identifier: GPL-2.0-only

//! Policy: which files may become part of a site, and how much of them.

use super::{
    file_error::FileError,
    rules::RULES_FILE, //
};
use crate::sys::fs::Stat;
use protocol::control::rule::{
    PolicyRule,
    Rule, //
};

/// Limits of a site, unless a rule sets others.
#[derive(Clone, Copy)]
pub(crate) struct Limits {
    /// Memory of the site, in bytes.
    pub(crate) max_site_bytes: u64,
    /// Length of a file, in bytes.
    pub(crate) max_file_bytes: u64,
    /// Number of files and directories.
    pub(crate) max_entries: u32,
}

impl Limits {
    /// No limits.
    #[cfg(CONFIG_KUNIT = "y")]
    pub(crate) const MAX: Self = Self {
        max_site_bytes: u64::MAX,
        max_file_bytes: u64::MAX,
        max_entries: u32::MAX,
    };
}

/// The policy of a load.
pub(super) struct LoadPolicy {
    /// Limits of the site.
    pub(super) limits: Limits,
    /// Whether symbolic links are followed.
    pub(super) follow_links: bool,
    /// Whether other mounts below a root are entered.
    pub(super) cross_mounts: bool,
    /// Whether files that are written all the time are left out.
    pub(super) skip_busy: bool,
    hidden_files: bool,
    perm_required: u16,
    perm_forbid: u16,
}

/// The mode bit for others to read, `S_IROTH`.
const OTHERS_READ: u16 = 0o004;

/// The mode bits to read. Shifted right by two, each is the search bit of the same class of users.
const ALL_READ: u16 = 0o444;

/// Returns whether no file with this name is ever served.
fn is_reserved(name: &[u8]) -> bool {
    name == RULES_FILE || is_generation(name)
}

/// Returns whether a directory with this name is a state of the files that links beside it show:
/// Kubernetes' volumes have `index.html -> ..data/index.html` and `..data -> ..2026_11_28`.
fn is_generation(name: &[u8]) -> bool {
    name.starts_with(b"..")
}

impl LoadPolicy {
    /// Creates the policy of some rules; `limits` hold unless a rule sets others.
    pub(super) fn new(limits: Limits, rules: &[Rule<'_>]) -> Self {
        let mut policy = Self {
            limits,
            follow_links: false,
            cross_mounts: false,
            skip_busy: false,
            hidden_files: false,
            perm_required: OTHERS_READ,
            perm_forbid: 0,
        };
        for rule in rules {
            if let Rule::Policy(rule) = rule {
                policy.apply(*rule);
            }
        }
        policy
    }

    fn apply(&mut self, rule: PolicyRule) {
        match rule {
            PolicyRule::FollowLinks(flag) => self.follow_links = flag,
            PolicyRule::HiddenFiles(flag) => self.hidden_files = flag,
            PolicyRule::CrossMounts(flag) => self.cross_mounts = flag,
            PolicyRule::SkipBusy(flag) => self.skip_busy = flag,
            PolicyRule::PermRequired(mode) => self.perm_required = mode,
            PolicyRule::PermForbid(mode) => self.perm_forbid = mode,
            // `Sources::is_watched` tells it.
            PolicyRule::Watch(_) => (),
            PolicyRule::MaxSiteBytes(bytes) => self.limits.max_site_bytes = bytes,
            PolicyRule::MaxFileBytes(bytes) => self.limits.max_file_bytes = bytes,
            PolicyRule::MaxEntries(entries) => self.limits.max_entries = entries,
        }
    }

    /// Returns whether a file or a directory with this name may be served. No path of a request
    /// contains a control character.
    pub(super) fn admits_name(&self, name: &[u8]) -> bool {
        !self.hides(name) && !name.iter().any(u8::is_ascii_control)
    }

    /// Returns whether a file or a directory with this name, and everything below it, is hidden.
    fn hides(&self, name: &[u8]) -> bool {
        is_reserved(name) || !self.hidden_files && name.starts_with(b".") && name != b".well-known"
    }

    /// Returns whether a file or a directory with this name, and everything below it, is also
    /// hidden from links.
    pub(super) fn hides_from_links(&self, name: &[u8]) -> bool {
        self.hides(name) && !is_generation(name)
    }

    /// Returns whether the mode bits of a file or a directory allow to serve it.
    pub(super) fn admits_mode(&self, stat: &Stat) -> bool {
        let mode = stat.permissions();
        if stat.is_directory() {
            // A directory needs the search bits for those classes of users that must be allowed
            // to read files.
            let required = (self.perm_required & ALL_READ) >> 2;
            return mode & required == required;
        }
        mode & self.perm_required == self.perm_required && mode & self.perm_forbid == 0
    }

    /// Returns whether a file may be served.
    ///
    /// # Errors
    ///
    /// [`FileError::FileBytes`].
    pub(super) fn admit_file(&self, stat: &Stat) -> Result<bool, FileError> {
        let (size, max) = (stat.size(), self.limits.max_file_bytes);
        if !self.admits_mode(stat) {
            return Ok(false);
        }
        if size > max {
            return Err(FileError::FileBytes(size, max));
        }
        Ok(true)
    }

    /// Checks that a site, or a list that is kept while it is loaded, may take this many bytes.
    ///
    /// # Errors
    ///
    /// [`FileError::SiteBytes`].
    pub(super) fn admit_memory(&self, bytes: usize) -> Result<(), FileError> {
        let max = self.limits.max_site_bytes;
        if bytes as u64 > max {
            return Err(FileError::SiteBytes(max));
        }
        Ok(())
    }
}
