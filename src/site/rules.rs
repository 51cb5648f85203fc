// SPDX-License-Identifier: GPL-2.0-only

//! The rules of a tree: those of the whole site, then those in its own file.

use super::{
    media_type,
    shown::{
        Shown,
        Value, //
    },
    LoadError,
    LoadPolicy, //
};
use kernel::prelude::*;
use protocol::{
    control::line::Lines, //
    control::rule::{
        FilePattern,
        Rule,
        TrailingSlash, //
    },
};

/// The name of the file at the root of a tree that has rules for it.
pub(super) const FILE: &[u8] = b".khttpd";

/// The longest such file, and the longest text of rules for a whole site, in bytes.
pub(super) const RULES_MAX: usize = 65_536;

/// How many rules of a tree may be about all paths of a directory: they are looked through for each
/// path where nothing is, in softirq.
const ABOUT_DIRECTORIES_MAX: usize = 1024;

/// Rules, in their order: of those that say different things, the last one counts.
pub(super) struct Rules<'a>(KVec<Rule<'a>>);

impl<'a> Rules<'a> {
    /// Reads the rules for the whole site, and those of `tree` in its own file. Process context,
    /// may sleep.
    ///
    /// # Errors
    ///
    /// `EINVAL`, and what is wrong where.
    pub(super) fn new(site: &'a [u8], tree: &[u8], file: &'a [u8]) -> Result<Self, LoadError> {
        let mut rules = KVec::new();
        for line in Lines::new(site) {
            // They were rules when they were commands.
            if let Ok(Some(rule)) = Rule::parse(line) {
                rules.push(rule, GFP_KERNEL)?;
            }
        }
        for line in Lines::new(file) {
            let rule = match Rule::parse(line) {
                Ok(Some(Rule::Policy(_))) => Err(line.error(
                    b"",
                    "whoever loads a tree decides this, not the tree: use the control node",
                )),
                Ok(Some(rule)) => Ok(rule),
                Ok(None) => {
                    Err(line.error(line.words().next().unwrap_or_default(), "no such rule"))
                }
                Err(e) => Err(e),
            };
            let rule = rule.map_err(|e| {
                let (tree, name) = (Value(Shown(tree)), Value(Shown(FILE)));
                LoadError::new(EINVAL, fmt!("{tree}/{name}: {}", Value(e)))
            })?;
            rules.push(rule, GFP_KERNEL)?;
        }
        Ok(Self(rules))
    }

    /// Sees to it that requests do not take long by the number of rules. Process context, may
    /// sleep.
    ///
    /// # Errors
    ///
    /// `ENOSPC` if there are too many for `tree`.
    pub(super) fn admit(&self, tree: &[u8]) -> Result<(), LoadError> {
        let about_directories = self.iter().filter(|rule| match rule {
            Rule::Fallback { .. } => true,
            Rule::Redirect { from, .. } => matches!(from, FilePattern::Under(_)),
            _ => false,
        });
        if about_directories.count() <= ABOUT_DIRECTORIES_MAX {
            return Ok(());
        }
        let tree = Value(Shown(tree));
        Err(LoadError::new(
            ENOSPC,
            fmt!("{tree}: more than {ABOUT_DIRECTORIES_MAX} rules are fallbacks or redirects of directories"),
        ))
    }

    /// The rules.
    pub(super) fn iter(&self) -> impl DoubleEndedIterator<Item = &Rule<'a>> + ExactSizeIterator {
        self.0.iter()
    }

    /// Has the terms say what the rules do.
    pub(super) fn apply_to(&self, terms: &mut LoadPolicy) {
        for rule in &self.0 {
            if let Rule::Policy(policy) = rule {
                terms.apply(*policy);
            }
        }
    }

    /// What is done about a directory without its slash.
    pub(super) fn trailing_slash(&self) -> TrailingSlash {
        let policy = self.iter().rev().find_map(|rule| match rule {
            Rule::TrailingSlash(policy) => Some(*policy),
            _ => None,
        });
        policy.unwrap_or_default()
    }

    /// The `Cache-Control` of the file at `path`; nothing if there is none.
    pub(super) fn cache_control(&self, path: &[u8]) -> &'a [u8] {
        let value = self.iter().rev().find_map(|rule| match rule {
            Rule::CacheControl { files, value } if files.matches(path) => Some(value.as_bytes()),
            _ => None,
        });
        value.unwrap_or(b"")
    }

    /// Appends the media type of the file at `path`.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(super) fn put_media_type(&self, path: &[u8], to: &mut KVec<u8>) -> Result {
        let value = self.iter().rev().find_map(|rule| match rule {
            Rule::MediaType { files, value } if files.matches(path) => Some(value.as_bytes()),
            _ => None,
        });
        match value {
            Some(value) => Ok(to.extend_from_slice(value, GFP_KERNEL)?),
            None => media_type::put(path, to),
        }
    }

    /// Appends the further field lines of the file at `path`, one of each name.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(super) fn put_fields(&self, path: &[u8], to: &mut KVec<u8>) -> Result {
        for (place, rule) in self.iter().enumerate() {
            let Rule::Field { files, name, value } = rule else {
                continue;
            };
            if !files.matches(path) {
                continue;
            }
            let again = self.iter().skip(place + 1).any(|later| match later {
                Rule::Field {
                    files, name: other, ..
                } => other.eq_ignore_ascii_case(name) && files.matches(path),
                _ => false,
            });
            if again {
                continue;
            }
            for part in [name.as_bytes(), b": ", value.as_bytes(), b"\r\n"] {
                to.extend_from_slice(part, GFP_KERNEL)?;
            }
        }
        Ok(())
    }
}
