// SPDX-License-Identifier: GPL-2.0-only

//! The rules of a root: those for all roots, then those in its own file.

use super::{
    compression::is_available,
    error::LoadError,
    media_type,
    path_display::PathDisplay,
    rule_text, //
};
use crate::sys::{
    errno::EOPNOTSUPP,
    sched, //
};
use kernel::prelude::*;
use protocol::control::{
    line::{
        self,
        Line,
        Lines, //
    },
    rule::{
        FilePattern,
        Names,
        Rule,
        TrailingSlash, //
    }, //
};

/// The name of the file with the rules of a root, in its top directory.
pub(super) const RULES_FILE: &[u8] = b".khttpd";

/// The greatest number of rules of a root that are about many paths, and of those about fields of
/// redirects and errors. In softirq, each path at which there is no file is compared with all of
/// them.
pub(super) const DIRECTORY_RULES_MAX: usize = 1024;

/// The rules of a root, in order. Where several apply, the last one counts.
pub(super) struct Rules<'a>(KVVec<Rule<'a>>);

impl<'a> Rules<'a> {
    /// Parses the rules in `file`, the text of the file of `root`, and appends them to those of
    /// the control node.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    ///
    /// # Errors
    ///
    /// `EINVAL` for a line that is no rule, or a rule that only the control node may set; `ENOMEM`.
    pub(super) fn new(
        node_rules: &[Rule<'a>],
        root: &[u8],
        file: &'a [u8],
    ) -> Result<Self, LoadError> {
        let mut rules = KVVec::new();
        rules.extend_from_slice(node_rules, GFP_KERNEL)?;
        for line in Lines::new(file) {
            let rule = parse(line).map_err(|e| {
                let (root, name) = (PathDisplay(root), PathDisplay(RULES_FILE));
                LoadError::new(EINVAL, format_args!("{root}/{name}: {e}"))
            })?;
            rules.push(rule, GFP_KERNEL)?;
        }
        Ok(Self(rules))
    }

    /// Checks what [`check`] does.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    ///
    /// # Errors
    ///
    /// As [`check`].
    pub(super) fn check(&self, root: &[u8]) -> Result<(), LoadError> {
        check(&self.0, root)
    }

    /// Returns the rules.
    pub(super) fn iter(&self) -> impl DoubleEndedIterator<Item = &Rule<'a>> {
        self.0.iter()
    }

    /// Returns the handling of a directory that is requested without the slash at its end.
    pub(super) fn trailing_slash(&self) -> TrailingSlash {
        let policy = self.iter().rev().find_map(|rule| match rule {
            Rule::TrailingSlash(policy) => Some(*policy),
            _ => None,
        });
        policy.unwrap_or_default()
    }

    /// Returns the names of files that are served for their directory.
    pub(super) fn index(&self) -> Names<'a> {
        let names = self.iter().rev().find_map(|rule| match rule {
            Rule::Index(names) => Some(*names),
            _ => None,
        });
        names.unwrap_or_default()
    }

    /// Returns the suffixes that names may lack in a path.
    pub(super) fn try_suffixes(&self) -> Option<Names<'a>> {
        self.iter().rev().find_map(|rule| match rule {
            Rule::TrySuffix(suffixes) => Some(*suffixes),
            _ => None,
        })
    }

    /// Returns whether a directory without an index lists what it contains.
    pub(super) fn autoindex(&self) -> bool {
        let flag = self.iter().rev().find_map(|rule| match rule {
            Rule::Autoindex(flag) => Some(*flag),
            _ => None,
        });
        flag.unwrap_or(false)
    }

    /// Returns whether the rules leave out the file at `path`, or a directory above it. The path of
    /// a directory may end with a slash.
    pub(super) fn excludes(&self, path: &[u8]) -> bool {
        self.iter()
            .any(|rule| matches!(rule, Rule::Exclude(files) if files.covers(path)))
    }

    /// Returns whether the file at `path` is compressed while the site is loaded.
    pub(super) fn compresses(&self, path: &[u8]) -> bool {
        self.iter()
            .any(|rule| matches!(rule, Rule::Compress(files) if files.matches(path)))
    }

    /// Returns the `Cache-Control` of the file at `path`, empty if there is none.
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

    /// Appends the further field lines of the file at `path`, one for each name.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(super) fn put_fields(&self, path: &[u8], to: &mut KVVec<u8>) -> Result {
        for (number, rule) in self.iter().enumerate() {
            sched::cond_resched();
            let Rule::Field {
                files, name, value, ..
            } = rule
            else {
                continue;
            };
            if !files.matches(path) {
                continue;
            }
            let overridden = self.iter().skip(number + 1).any(|later| match later {
                Rule::Field {
                    files, name: other, ..
                } => other.eq_ignore_ascii_case(name) && files.matches(path),
                _ => false,
            });
            if overridden {
                continue;
            }
            for part in [name.as_bytes(), b": ", value.as_bytes(), b"\r\n"] {
                to.extend_from_slice(part, GFP_KERNEL)?;
            }
        }
        Ok(())
    }
}

/// Checks that the number of rules, which belong to `owner`, does not make look-ups slow, and that
/// the kernel can do what they demand.
///
/// # Context
///
/// Process context, may sleep.
///
/// # Errors
///
/// - `ENOSPC` for too many rules that are compared with each path without a file;
/// - `EOPNOTSUPP` for a rule that compresses if the kernel can't.
pub(super) fn check(rules: &[Rule<'_>], owner: &[u8]) -> Result<(), LoadError> {
    check_number(rules, owner)?;
    let compress = |rule: &&Rule<'_>| matches!(rule, Rule::Compress(_));
    let Some(rule) = rules.iter().find(compress).filter(|_| !is_available()) else {
        return Ok(());
    };
    let owner = PathDisplay(owner);
    Err(LoadError::new(
        EOPNOTSUPP,
        format_args!(
            "{owner}: the rule \"{rule}\" needs a kernel with CONFIG_ZLIB_DEFLATE or \
             CONFIG_ZSTD_COMPRESS; precompressed files work without"
        ),
    ))
}

/// Checks that the number of rules, which belong to `owner`, does not make look-ups slow.
fn check_number(rules: &[Rule<'_>], owner: &[u8]) -> Result<(), LoadError> {
    let compared = rules.iter().map(|rule| match rule {
        Rule::Fallback { except, .. } => 1 + except.iter().count(),
        Rule::HandOver { .. } => 1,
        Rule::Redirect {
            from: FilePattern::Under(_),
            except,
            ..
        } => 1 + except.iter().count(),
        _ => 0,
    });
    if compared.sum::<usize>() <= DIRECTORY_RULES_MAX {
        return Ok(());
    }
    let owner = PathDisplay(owner);
    Err(LoadError::new(
        ENOSPC,
        format_args!(
            "{owner}: more than {DIRECTORY_RULES_MAX} rules are fallbacks, hand-overs or \
             redirects of directories, or exceptions of these"
        ),
    ))
}

/// Parses a rule that the file of a root may contain.
fn parse(line: Line<'_>) -> Result<Rule<'_>, line::Error<'_>> {
    match rule_text::parse(line)? {
        Rule::Policy(_) | Rule::HandOver { .. } => {
            let reason = "only the control node may set this, not the rules of a root";
            Err(line.error(b"", reason))
        }
        rule => Ok(rule),
    }
}
