// SPDX-License-Identifier: GPL-2.0-only

//! Rules of the load policy: which files become part of a site.

use super::word::{
    flag,
    flag_word,
    next,
    WordError, //
};
use crate::{
    bytes::parse_number,
    control::line::Words, //
};
use core::fmt;

/// A rule of the load policy. Only the control node may set it, not the rules of a root.
///
/// ```text
/// follow-links no                yes: symbolic links are followed, within the root
/// hidden-files no                yes: names that begin with a dot are served
/// cross-mounts no                yes: file systems that are mounted within the root are entered
/// when-busy fail                 skip: files that are written all the time are left out
/// watch no                       yes: the site is loaded again when its files change
/// perm-required 0004             mode bits that a file must have
/// perm-forbid 0000               mode bits that a file must not have
/// max-site-bytes 268435456       bound of the memory of the site
/// max-file-bytes 67108864        bound of the length of a file
/// max-entries 1048576            bound of the number of files and directories
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PolicyRule {
    /// Whether symbolic links are followed. They never lead out of the root.
    FollowLinks(bool),
    /// Whether names that begin with a dot are served; `.well-known` always is.
    HiddenFiles(bool),
    /// Whether file systems that are mounted within the root are entered.
    CrossMounts(bool),
    /// Whether files that are written all the time are left out, or else prevent the load.
    SkipBusy(bool),
    /// Whether the site is loaded again when its files change.
    Watch(bool),
    /// Mode bits that a file must have, up to 07777.
    PermRequired(u16),
    /// Mode bits that a file must not have, up to 07777.
    PermForbid(u16),
    /// Bound of the memory of a site in bytes.
    MaxSiteBytes(u64),
    /// Bound of the length of a file in bytes.
    MaxFileBytes(u64),
    /// Bound of the number of files and directories of a site.
    MaxEntries(u32),
}

impl PolicyRule {
    /// Parses the words after the name of a rule. Returns [`None`] if no rule of the load policy
    /// has this name.
    pub(super) fn parse<'a>(
        name: &[u8],
        words: &mut Words<'a>,
    ) -> Result<Option<PolicyRule>, WordError<'a>> {
        Ok(Some(match name {
            b"follow-links" => PolicyRule::FollowLinks(flag(words)?),
            b"hidden-files" => PolicyRule::HiddenFiles(flag(words)?),
            b"cross-mounts" => PolicyRule::CrossMounts(flag(words)?),
            b"when-busy" => PolicyRule::SkipBusy(when_busy(words)?),
            b"watch" => PolicyRule::Watch(flag(words)?),
            b"perm-required" => PolicyRule::PermRequired(mode(words)?),
            b"perm-forbid" => PolicyRule::PermForbid(mode(words)?),
            b"max-site-bytes" => PolicyRule::MaxSiteBytes(bytes(words)?),
            b"max-file-bytes" => PolicyRule::MaxFileBytes(bytes(words)?),
            b"max-entries" => PolicyRule::MaxEntries(entries(words)?),
            _ => return Ok(None),
        }))
    }
}

fn when_busy<'a>(words: &mut Words<'a>) -> Result<bool, WordError<'a>> {
    match next(words, "must be skip or fail")? {
        b"skip" => Ok(true),
        b"fail" => Ok(false),
        word => Err((word, "must be skip or fail")),
    }
}

fn mode<'a>(words: &mut Words<'a>) -> Result<u16, WordError<'a>> {
    let reason = "must be an octal number up to 7777, such as 0004";
    let word = next(words, reason)?;
    parse_number(word, 8)
        .and_then(|mode| u16::try_from(mode).ok())
        .filter(|mode| *mode <= 0o7777)
        .ok_or((word, reason))
}

fn bytes<'a>(words: &mut Words<'a>) -> Result<u64, WordError<'a>> {
    let reason = "must be a number of bytes, 1 or more";
    let word = next(words, reason)?;
    parse_number(word, 10)
        .filter(|bytes| *bytes > 0)
        .ok_or((word, reason))
}

fn entries<'a>(words: &mut Words<'a>) -> Result<u32, WordError<'a>> {
    let reason = "must be a number, 1 to 16777216";
    let word = next(words, reason)?;
    parse_number(word, 10)
        .and_then(|entries| u32::try_from(entries).ok())
        .filter(|entries| (1..=1 << 24).contains(entries))
        .ok_or((word, reason))
}

impl fmt::Display for PolicyRule {
    /// Writes the line of the rule, without its end.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PolicyRule::FollowLinks(flag) => write!(f, "follow-links {}", flag_word(*flag)),
            PolicyRule::HiddenFiles(flag) => write!(f, "hidden-files {}", flag_word(*flag)),
            PolicyRule::CrossMounts(flag) => write!(f, "cross-mounts {}", flag_word(*flag)),
            PolicyRule::SkipBusy(true) => f.write_str("when-busy skip"),
            PolicyRule::SkipBusy(false) => f.write_str("when-busy fail"),
            PolicyRule::Watch(flag) => write!(f, "watch {}", flag_word(*flag)),
            PolicyRule::PermRequired(mode) => write!(f, "perm-required {mode:04o}"),
            PolicyRule::PermForbid(mode) => write!(f, "perm-forbid {mode:04o}"),
            PolicyRule::MaxSiteBytes(bytes) => write!(f, "max-site-bytes {bytes}"),
            PolicyRule::MaxFileBytes(bytes) => write!(f, "max-file-bytes {bytes}"),
            PolicyRule::MaxEntries(entries) => write!(f, "max-entries {entries}"),
        }
    }
}
