// SPDX-License-Identifier: GPL-2.0-only

//! Exceptions of a rule.

use super::{
    file_pattern::FilePattern,
    word::WordError, //
};
use crate::control::line::Words;
use core::fmt;

/// Bound of the number of exceptions of a rule.
const EXCEPTIONS_MAX: usize = 8;

/// The patterns of the paths to which a rule does not apply.
///
/// # Invariants
///
/// There are up to `EXCEPTIONS_MAX` words, and each is a [`FilePattern`].
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Exceptions<'a>(&'a [u8]);

impl<'a> Exceptions<'a> {
    /// Takes all words that are left: none, or `except` and patterns.
    pub(super) fn parse(words: &mut Words<'a>) -> Result<Exceptions<'a>, WordError<'a>> {
        match words.next() {
            None => return Ok(Exceptions(b"")),
            Some(b"except") => (),
            Some(word) => return Err((word, "must be except FILES, or nothing")),
        }
        let exceptions = Exceptions(words.rest());
        for (number, word) in words.enumerate() {
            if number >= EXCEPTIONS_MAX {
                return Err((word, "there can be 8 exceptions at most"));
            }
            FilePattern::parse(word)?;
        }
        // INVARIANT: Each word was just parsed.
        match exceptions.0 {
            [] => Err((b"except", "needs files, such as /assets/*")),
            _ => Ok(exceptions),
        }
    }

    /// Iterates over the patterns.
    pub fn iter(self) -> impl Iterator<Item = FilePattern<'a>> {
        Words::new(self.0).map_while(|word| FilePattern::parse(word).ok())
    }
}

impl fmt::Display for Exceptions<'_> {
    /// Writes ` except` and each pattern behind a space, or nothing.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.0.is_empty() {
            f.write_str(" except")?;
        }
        self.iter().try_for_each(|files| write!(f, " {files}"))
    }
}
