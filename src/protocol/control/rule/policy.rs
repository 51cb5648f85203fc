// SPDX-License-Identifier: GPL-2.0-only

//! What may become part of a site.

use super::{next, WordError};
use crate::control::line::Words;
use core::fmt;

/// A rule for whoever loads a site: what is read, and how much of it.
///
/// ```text
/// follow-links no                no: symbolic links are left out; yes: followed, within the tree
/// hidden-files no                names that begin with a dot, all but .well-known
/// cross-mounts no                other file systems that are mounted in the tree
/// perm-required 0004             files must have all of these mode bits
/// perm-forbid 0000               and none of these
/// max-site-bytes 268435456       memory of a whole site
/// max-file-bytes 67108864        length of a file
/// max-entries 1048576            paths of a site
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PolicyRule {
    /// Whether symbolic links are followed, though never out of the tree.
    FollowLinks(bool),
    /// Whether names that begin with a dot are served.
    HiddenFiles(bool),
    /// Whether file systems that are mounted in the tree are entered.
    CrossMounts(bool),
    /// The mode bits that a file must have, up to 07777.
    PermRequired(u16),
    /// The mode bits that a file must not have, up to 07777.
    PermForbid(u16),
    /// The most memory of a site, in bytes.
    MaxSiteBytes(u64),
    /// The longest file, in bytes.
    MaxFileBytes(u64),
    /// The most paths of a site.
    MaxEntries(u32),
}

impl PolicyRule {
    /// Reads the rest of the rule that is called `name`; [`None`] if there is no such rule.
    pub(super) fn parse<'a>(
        name: &[u8],
        words: &mut Words<'a>,
    ) -> Result<Option<PolicyRule>, WordError<'a>> {
        Ok(Some(match name {
            b"follow-links" => PolicyRule::FollowLinks(flag(words)?),
            b"hidden-files" => PolicyRule::HiddenFiles(flag(words)?),
            b"cross-mounts" => PolicyRule::CrossMounts(flag(words)?),
            b"perm-required" => PolicyRule::PermRequired(mode(words)?),
            b"perm-forbid" => PolicyRule::PermForbid(mode(words)?),
            b"max-site-bytes" => PolicyRule::MaxSiteBytes(bytes(words)?),
            b"max-file-bytes" => PolicyRule::MaxFileBytes(bytes(words)?),
            b"max-entries" => PolicyRule::MaxEntries(entries(words)?),
            _ => return Ok(None),
        }))
    }
}

fn flag<'a>(words: &mut Words<'a>) -> Result<bool, WordError<'a>> {
    match next(words, "must be yes or no")? {
        b"yes" => Ok(true),
        b"no" => Ok(false),
        word => Err((word, "must be yes or no")),
    }
}

fn mode<'a>(words: &mut Words<'a>) -> Result<u16, WordError<'a>> {
    let reason = "must be an octal number up to 7777, as in 0004";
    let word = next(words, reason)?;
    number(word, 8, 0o7777)
        .and_then(|mode| u16::try_from(mode).ok())
        .ok_or((word, reason))
}

fn bytes<'a>(words: &mut Words<'a>) -> Result<u64, WordError<'a>> {
    let reason = "must be a number of bytes, 1 or more";
    let word = next(words, reason)?;
    number(word, 10, u64::MAX)
        .filter(|bytes| *bytes > 0)
        .ok_or((word, reason))
}

fn entries<'a>(words: &mut Words<'a>) -> Result<u32, WordError<'a>> {
    let reason = "must be a number, 1 to 16777216";
    let word = next(words, reason)?;
    number(word, 10, 1 << 24)
        .filter(|entries| *entries > 0)
        .and_then(|entries| u32::try_from(entries).ok())
        .ok_or((word, reason))
}

fn number(word: &[u8], radix: u32, max: u64) -> Option<u64> {
    word.iter()
        .try_fold(0u64, |sum, digit| {
            let digit = char::from(*digit).to_digit(radix)?;
            sum.checked_mul(u64::from(radix))?
                .checked_add(u64::from(digit))
        })
        .filter(|number| *number <= max && !word.is_empty())
}

impl fmt::Display for PolicyRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = |flag: &bool| if *flag { "yes" } else { "no" };
        match self {
            PolicyRule::FollowLinks(flag) => write!(f, "follow-links {}", word(flag)),
            PolicyRule::HiddenFiles(flag) => write!(f, "hidden-files {}", word(flag)),
            PolicyRule::CrossMounts(flag) => write!(f, "cross-mounts {}", word(flag)),
            PolicyRule::PermRequired(mode) => write!(f, "perm-required {mode:04o}"),
            PolicyRule::PermForbid(mode) => write!(f, "perm-forbid {mode:04o}"),
            PolicyRule::MaxSiteBytes(bytes) => write!(f, "max-site-bytes {bytes}"),
            PolicyRule::MaxFileBytes(bytes) => write!(f, "max-file-bytes {bytes}"),
            PolicyRule::MaxEntries(entries) => write!(f, "max-entries {entries}"),
        }
    }
}
