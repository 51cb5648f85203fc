// SPDX-License-Identifier: GPL-2.0-only

//! Patterns that select the files of a rule.

use super::{
    encoded_path::{
        check_segment,
        write_encoded,
        EncodedPath, //
    },
    word::WordError, //
};
use crate::http::percent::decode;
use core::fmt;

/// A pattern that matches decoded paths of a site.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FilePattern<'a> {
    /// `*`: all paths.
    All,
    /// `*.css`: the paths with this suffix.
    Suffix(Suffix<'a>),
    /// `/assets/*`: the paths below a directory, at any depth. Its path ends with the slash.
    Under(EncodedPath<'a>),
    /// `/index.html`: one path.
    Exact(EncodedPath<'a>),
}

/// A percent-encoded suffix of a name.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Suffix<'a>(&'a [u8]);

impl<'a> FilePattern<'a> {
    /// Parses a pattern.
    pub(in crate::control) fn parse(word: &'a [u8]) -> Result<FilePattern<'a>, WordError<'a>> {
        match word {
            b"*" => Ok(FilePattern::All),
            [b'*', suffix @ ..] => {
                if suffix.contains(&b'/') {
                    return Err((word, "a suffix must not contain a slash"));
                }
                check_segment(suffix).map_err(|reason| (word, reason))?;
                Ok(FilePattern::Suffix(Suffix(suffix)))
            }
            [.., b'/', b'*'] => {
                let directory = word.strip_suffix(b"*").unwrap_or(word);
                EncodedPath::parse(directory).map(FilePattern::Under)
            }
            [b'/', ..] => EncodedPath::parse(word).map(FilePattern::Exact),
            _ => Err((word, "must be *, *SUFFIX, /DIRECTORY/* or /FILE")),
        }
    }

    /// Returns whether the pattern matches `path`, which is decoded, or a directory above it.
    pub fn covers(&self, path: &[u8]) -> bool {
        let above = path
            .iter()
            .enumerate()
            .skip(1)
            .filter(|(_, octet)| **octet == b'/');
        self.matches(path)
            || above
                .map_while(|(end, _)| path.get(..end))
                .any(|above| self.matches(above))
    }

    /// Returns whether the pattern matches `path`, which is decoded.
    pub fn matches(&self, path: &[u8]) -> bool {
        match self {
            FilePattern::All => true,
            FilePattern::Suffix(suffix) => suffix.matches(path),
            FilePattern::Under(directory) => starts_with(path, directory.decoded()),
            FilePattern::Exact(exact) => exact.matches(path),
        }
    }
}

impl<'a> Suffix<'a> {
    /// Creates a suffix of a word that was checked as a segment of a path.
    pub(super) const fn of_word(word: &'a [u8]) -> Suffix<'a> {
        Suffix(word)
    }

    /// Iterates over the octets of the decoded suffix.
    #[inline]
    pub fn decoded(self) -> impl Iterator<Item = u8> + Clone + use<'a> {
        decode(self.0)
    }

    fn matches(self, path: &[u8]) -> bool {
        let suffix = self.decoded();
        path.len()
            .checked_sub(suffix.clone().count())
            .and_then(|start| path.get(start..))
            .is_some_and(|end| suffix.eq(end.iter().copied()))
    }
}

impl fmt::Display for Suffix<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_encoded(self.0, f)
    }
}

fn starts_with(path: &[u8], mut prefix: impl Iterator<Item = u8>) -> bool {
    let mut rest = path.iter().copied();
    prefix.all(|octet| rest.next() == Some(octet))
}

impl fmt::Display for FilePattern<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FilePattern::All => f.write_str("*"),
            FilePattern::Suffix(suffix) => write!(f, "*{suffix}"),
            FilePattern::Under(directory) => write!(f, "{directory}*"),
            FilePattern::Exact(path) => write!(f, "{path}"),
        }
    }
}

#[cfg(test)]
mod tests;
