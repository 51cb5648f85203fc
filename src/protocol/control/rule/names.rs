// SPDX-License-Identifier: GPL-2.0-only

//! Lists of names, or of ends of names.

use super::{
    encoded_path::check_segment,
    file_pattern::Suffix,
    word::WordError, //
};
use crate::control::line::Words;
use core::fmt;

/// Bound of the number of names: each is compared with every file of a root.
const NAMES_MAX: usize = 8;

/// Percent-encoded names of files, or ends of names, in the order of preference.
///
/// # Invariants
///
/// There are 1 to `NAMES_MAX` words. None is empty or has a slash, decoded or not, and all of
/// their octets may be part of a path.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Names<'a>(&'a [u8]);

impl<'a> Names<'a> {
    /// Takes all words that are left, as names.
    pub(super) fn parse(words: &mut Words<'a>) -> Result<Names<'a>, WordError<'a>> {
        let names = Names(words.rest());
        if names.0.is_empty() {
            return Err((b"", "needs names, such as index.html index.htm"));
        }
        for (number, word) in words.enumerate() {
            if number >= NAMES_MAX {
                return Err((word, "there can be 8 names at most"));
            }
            if word.contains(&b'/') {
                return Err((word, "a name must not contain a slash"));
            }
            check_segment(word).map_err(|reason| (word, reason))?;
        }
        // INVARIANT: Each word was just checked.
        Ok(names)
    }

    /// Takes all words that are left, as suffixes, which begin with a dot.
    pub(super) fn parse_suffixes(words: &mut Words<'a>) -> Result<Names<'a>, WordError<'a>> {
        if words.rest().is_empty() {
            return Err((b"", "needs a suffix, such as .html"));
        }
        match words.clone().find(|word| !word.starts_with(b".")) {
            Some(word) => Err((word, "must begin with a dot, such as .html")),
            None => Names::parse(words),
        }
    }

    /// Iterates over the names.
    pub fn iter(self) -> impl Iterator<Item = Suffix<'a>> {
        Words::new(self.0).map(Suffix::of_word)
    }
}

impl Default for Names<'_> {
    /// The index of a directory, unless a rule names another.
    fn default() -> Self {
        // INVARIANT: This is a name.
        Names(b"index.html")
    }
}

impl fmt::Display for Names<'_> {
    /// Writes each name behind a space.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.iter().try_for_each(|name| write!(f, " {name}"))
    }
}
