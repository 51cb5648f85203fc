// SPDX-License-Identifier: GPL-2.0-only

//! Which files a rule is about.

use super::{
    encoded_path::{check_segment, write_bytes, EncodedPath},
    WordError,
};
use crate::http::target::decoded;
use core::fmt;

/// Some of the paths of a site.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FilePattern<'a> {
    /// `*`: all.
    All,
    /// `*.css`: those that end so.
    Suffix(Suffix<'a>),
    /// `/assets/*`: those in a directory, at any depth. The path ends with the slash.
    Under(EncodedPath<'a>),
    /// `/index.html`: this one.
    Exact(EncodedPath<'a>),
}

/// How a name ends, written as in a URI.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Suffix<'a>(&'a [u8]);

impl<'a> FilePattern<'a> {
    /// Reads which files are meant.
    pub(super) fn parse(word: &'a [u8]) -> Result<FilePattern<'a>, WordError<'a>> {
        match word {
            b"*" => Ok(FilePattern::All),
            [b'*', ending @ ..] => {
                if ending.contains(&b'/') {
                    return Err((word, "a name ends without a slash"));
                }
                check_segment(ending).map_err(|reason| (word, reason))?;
                Ok(FilePattern::Suffix(Suffix(ending)))
            }
            [directory @ .., b'/', b'*'] => {
                let (directory, _) = word
                    .split_at_checked(directory.len().saturating_add(1))
                    .unwrap_or((word, &[]));
                EncodedPath::parse(directory).map(FilePattern::Under)
            }
            [b'/', ..] => EncodedPath::parse(word).map(FilePattern::Exact),
            _ => Err((word, "neither a path, nor /DIRECTORY/*, nor *ENDING, nor *")),
        }
    }

    /// The length of the path of a directory, of those that are in one.
    pub fn length(&self) -> Option<usize> {
        match self {
            FilePattern::Under(directory) => Some(directory.decoded().count()),
            FilePattern::All | FilePattern::Suffix(_) | FilePattern::Exact(_) => None,
        }
    }

    /// Whether the decoded `path` is one of them.
    pub fn contain(&self, path: &[u8]) -> bool {
        match self {
            FilePattern::All => true,
            FilePattern::Suffix(ending) => ending.ends(path),
            FilePattern::Under(directory) => starts_with(path, directory.decoded()),
            FilePattern::Exact(exact) => exact.names(path),
        }
    }
}

impl Suffix<'_> {
    fn ends(self, path: &[u8]) -> bool {
        let bytes = decoded(self.0);
        path.len()
            .checked_sub(bytes.clone().count())
            .and_then(|at| path.get(at..))
            .is_some_and(|end| bytes.eq(end.iter().copied()))
    }
}

fn starts_with(path: &[u8], start: impl Iterator<Item = u8>) -> bool {
    let mut rest = path.iter().copied();
    start.into_iter().all(|byte| rest.next() == Some(byte))
}

impl fmt::Display for FilePattern<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FilePattern::All => f.write_str("*"),
            FilePattern::Suffix(Suffix(ending)) => {
                f.write_str("*")?;
                write_bytes(ending, f)
            }
            FilePattern::Under(directory) => write!(f, "{directory}*"),
            FilePattern::Exact(path) => write!(f, "{path}"),
        }
    }
}
