// SPDX-License-Identifier: GPL-2.0-only

//! What a site is made from.

use super::{
    rules::RULES_MAX,
    shown::{
        Appended,
        Shown, //
    },
    Limits, //
};
use kernel::{
    fmt::{
        self,
        Write, //
    },
    prelude::*,
    str::CString, //
};
use protocol::{
    control::line::Lines, //
    control::rule::Rule,
    http::HostPattern,
};

/// What a site is made from: trees, each for some hosts, and rules for all of them.
///
/// It is shown as the commands that make it.
pub(crate) struct Sources {
    bounds: Limits,
    trees: KVec<Tree>,
    /// As they are written in a file.
    rules: KVec<u8>,
}

/// A tree of files.
pub(super) struct Tree {
    /// The built-in one if there is none.
    directory: Option<CString>,
    /// As it is written in a command.
    host: KVec<u8>,
}

/// Trees that a site may be made from.
const TREES_MAX: usize = 1024;

/// How the built-in tree is called where a directory is expected.
const BUILT_IN: &[u8] = b"built-in";

impl Sources {
    /// Without trees and rules; `bounds` hold unless a rule says otherwise.
    pub(crate) const fn new(bounds: Limits) -> Self {
        Self {
            bounds,
            trees: KVec::new(),
            rules: KVec::new(),
        }
    }

    /// The same once more. Process context, may sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(crate) fn try_clone(&self) -> Result<Self> {
        let mut clone = Self::new(self.bounds);
        for tree in &self.trees {
            clone.trees.push(tree.try_clone()?, GFP_KERNEL)?;
        }
        clone.rules.extend_from_slice(&self.rules, GFP_KERNEL)?;
        Ok(clone)
    }

    /// What is in `directory`, or built in if that is called `built-in`, is for the hosts of
    /// `host`, and nothing else is. Process context, may sleep.
    ///
    /// # Errors
    ///
    /// `EINVAL` if the directory is neither of both, nor absolute; `ENOSPC` for more than 1024
    /// trees; `ENOMEM`.
    pub(crate) fn set_root(&mut self, directory: &[u8], host: HostPattern<'_>) -> Result {
        let tree = Tree::new(directory, host)?;
        let mut known = self.trees.iter_mut();
        if let Some(known) = known.find(|known| known.is_for_the_hosts_of(&tree)) {
            *known = tree;
            return Ok(());
        }
        if self.trees.len() >= TREES_MAX {
            return Err(ENOSPC);
        }
        Ok(self.trees.push(tree, GFP_KERNEL)?)
    }

    /// Forgets trees and rules.
    pub(crate) fn clear(&mut self) {
        *self = Self::new(self.bounds);
    }

    /// Adds a rule, behind all others; one that was there before is moved there, and of a rule
    /// that says one thing for all there is only the last. Process context, may sleep.
    ///
    /// # Errors
    ///
    /// `ENOSPC` for more than 64 KiB of rules, `ENOMEM`.
    pub(crate) fn add_rule(&mut self, rule: &Rule<'_>) -> Result {
        let mut text = KVec::new();
        write!(Appended(&mut text), "{}", rule).map_err(|_| ENOMEM)?;
        let name = Lines::new(&text)
            .next()
            .and_then(|line| line.words().next());
        let alone = matches!(rule, Rule::Policy(_) | Rule::TrailingSlash(_));
        let mut rules = KVec::new();
        for line in Lines::new(&self.rules) {
            let replaced = alone && line.words().next() == name;
            if !replaced && line.as_bytes() != &text[..] {
                rules.extend_from_slice(line.as_bytes(), GFP_KERNEL)?;
                rules.push(b'\n', GFP_KERNEL)?;
            }
        }
        rules.extend_from_slice(&text, GFP_KERNEL)?;
        rules.push(b'\n', GFP_KERNEL)?;
        if rules.len() > RULES_MAX {
            return Err(ENOSPC);
        }
        self.rules = rules;
        Ok(())
    }

    /// Whether the same commands make both.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        let trees = self.trees.iter().zip(&other.trees);
        self.trees.len() == other.trees.len()
            && *self.rules == *other.rules
            && trees.into_iter().all(|(this, that)| {
                this.directory() == that.directory() && *this.host == *that.host
            })
    }

    /// What holds unless a rule says otherwise.
    pub(super) fn bounds(&self) -> Limits {
        self.bounds
    }

    /// The trees.
    pub(super) fn trees(&self) -> &[Tree] {
        &self.trees
    }

    /// The rules, as they are written in a file.
    pub(super) fn rules(&self) -> &[u8] {
        &self.rules
    }
}

impl Tree {
    fn new(directory: &[u8], host: HostPattern<'_>) -> Result<Self> {
        let directory = match directory {
            BUILT_IN => None,
            [b'/', ..] => {
                let mut bytes = KVec::with_capacity(directory.len() + 1, GFP_KERNEL)?;
                bytes.extend_from_slice(directory, GFP_KERNEL)?;
                bytes.push(0, GFP_KERNEL)?;
                Some(CString::try_from(
                    CStr::from_bytes_with_nul(&bytes).map_err(|_| EINVAL)?,
                )?)
            }
            _ => return Err(EINVAL),
        };
        let mut text = KVec::new();
        write!(Appended(&mut text), "{}", host).map_err(|_| ENOMEM)?;
        Ok(Self {
            directory,
            host: text,
        })
    }

    fn try_clone(&self) -> Result<Self> {
        let mut host = KVec::new();
        host.extend_from_slice(&self.host, GFP_KERNEL)?;
        let directory = match &self.directory {
            Some(directory) => Some(CString::try_from(&**directory)?),
            None => None,
        };
        Ok(Self { directory, host })
    }

    /// Whether both are for the same hosts, whose names may be written in several ways.
    fn is_for_the_hosts_of(&self, other: &Self) -> bool {
        self.host_name().eq_ignore_ascii_case(other.host_name())
    }

    fn host_name(&self) -> &[u8] {
        self.host.strip_suffix(b".").unwrap_or(&self.host)
    }

    /// Where it is; nothing for the built-in one.
    pub(super) fn directory(&self) -> Option<&CStr> {
        self.directory.as_deref()
    }

    /// What it is called.
    pub(super) fn name(&self) -> &[u8] {
        self.directory().map_or(BUILT_IN, CStr::to_bytes)
    }

    /// The hosts that it is for.
    pub(super) fn host(&self) -> HostPattern<'_> {
        // It was made from a pattern.
        HostPattern::parse(&self.host).unwrap_or(HostPattern::Any)
    }
}

impl fmt::Display for Sources {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for tree in &self.trees {
            write!(f, "root {}", Shown(tree.name()))?;
            match tree.host() {
                HostPattern::Any => writeln!(f)?,
                host => writeln!(f, " for {}", host)?,
            }
        }
        Lines::new(&self.rules).try_for_each(|line| writeln!(f, "{}", Shown(line.as_bytes())))
    }
}
