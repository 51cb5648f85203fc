// SPDX-License-Identifier: GPL-2.0-only

//! What a site is made from.

use core::{
    fmt::Write,
    mem, //
};
use kernel::{
    fmt,
    prelude::*,
    str::CString, //
};
use protocol::{
    http::HostPattern,
    rule::Rule, //
};

/// What a site is made from: trees, each for some hosts, and rules for all of them.
///
/// It is shown as the commands that make it.
pub(crate) struct Sources {
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

/// How the built-in tree is called where a directory is expected.
const BUILT_IN: &[u8] = b"built-in";

impl Sources {
    /// Without trees and rules.
    pub(crate) const fn new() -> Self {
        Self {
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
        let mut clone = Self::new();
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
    /// `EINVAL` if the directory is neither of both, nor absolute; `ENOMEM`.
    pub(crate) fn set_root(&mut self, directory: &[u8], host: HostPattern<'_>) -> Result {
        let tree = Tree::new(directory, host)?;
        match self.trees.iter_mut().find(|known| known.host == tree.host) {
            Some(known) => drop(mem::replace(known, tree)),
            None => self.trees.push(tree, GFP_KERNEL)?,
        }
        Ok(())
    }

    /// Adds a rule, behind all others. Process context, may sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(crate) fn add_rule(&mut self, rule: &Rule<'_>) -> Result {
        let mut lines = KVec::new();
        lines.extend_from_slice(&self.rules, GFP_KERNEL)?;
        writeln!(Text(&mut lines), "{rule}").map_err(|_| ENOMEM)?;
        self.rules = lines;
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

    /// The trees.
    pub(super) fn trees(&self) -> &[Tree] {
        &self.trees
    }

    /// The rules, as they are written in a file.
    #[expect(dead_code, reason = "the command that calls it is on its way")]
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
        write!(Text(&mut text), "{host}").map_err(|_| ENOMEM)?;
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

    /// Where it is; nothing for the built-in one.
    pub(super) fn directory(&self) -> Option<&CStr> {
        self.directory.as_deref()
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
            let directory = tree.directory().map_or(BUILT_IN, CStr::to_bytes);
            write!(f, "root {}", Shown(directory))?;
            match tree.host() {
                HostPattern::Any => writeln!(f)?,
                host => writeln!(f, " for {host}")?,
            }
        }
        write!(f, "{}", Shown(&self.rules))
    }
}

/// Bytes as text; what is not UTF-8 becomes a question mark.
struct Shown<'a>(&'a [u8]);

impl core::fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for chunk in self.0.utf8_chunks() {
            f.write_str(chunk.valid())?;
            if !chunk.invalid().is_empty() {
                f.write_str("?")?;
            }
        }
        Ok(())
    }
}

/// Text that is appended to bytes. The only error is a lack of memory.
struct Text<'a>(&'a mut KVec<u8>);

impl fmt::Write for Text<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0
            .extend_from_slice(text.as_bytes(), GFP_KERNEL)
            .map_err(|_| fmt::Error)
    }
}
