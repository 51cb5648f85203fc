// SPDX-License-Identifier: GPL-2.0-only

//! Which files a rule is about.

use super::{
    path::{check_segment, write_bytes, Path},
    Wrong,
};
use crate::http::target::decoded;
use core::fmt;

/// Some of the paths of a site.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Files<'a> {
    /// `*`: all.
    All,
    /// `*.css`: those that end so.
    Ending(Ending<'a>),
    /// `/assets/*`: those in a directory, at any depth. The path ends with the slash.
    Under(Path<'a>),
    /// `/index.html`: this one.
    Exact(Path<'a>),
}

/// How a name ends, written as in a URI.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Ending<'a>(&'a [u8]);

impl<'a> Files<'a> {
    /// Reads which files are meant.
    pub(super) fn parse(word: &'a [u8]) -> Result<Files<'a>, Wrong<'a>> {
        match word {
            b"*" => Ok(Files::All),
            [b'*', ending @ ..] => {
                if ending.contains(&b'/') {
                    return Err((word, "a name ends without a slash"));
                }
                check_segment(ending).map_err(|reason| (word, reason))?;
                Ok(Files::Ending(Ending(ending)))
            }
            [directory @ .., b'/', b'*'] => {
                let (directory, _) = word
                    .split_at_checked(directory.len().saturating_add(1))
                    .unwrap_or((word, &[]));
                Path::parse(directory).map(Files::Under)
            }
            [b'/', ..] => Path::parse(word).map(Files::Exact),
            _ => Err((word, "neither a path, nor /DIRECTORY/*, nor *ENDING, nor *")),
        }
    }

    /// The length of the path of a directory, of those that are in one.
    pub fn length(&self) -> Option<usize> {
        match self {
            Files::Under(directory) => Some(directory.decoded().count()),
            Files::All | Files::Ending(_) | Files::Exact(_) => None,
        }
    }

    /// Whether the decoded `path` is one of them.
    pub fn contain(&self, path: &[u8]) -> bool {
        match self {
            Files::All => true,
            Files::Ending(ending) => ending.ends(path),
            Files::Under(directory) => starts_with(path, directory.decoded()),
            Files::Exact(exact) => exact.names(path),
        }
    }
}

impl Ending<'_> {
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

impl fmt::Display for Files<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Files::All => f.write_str("*"),
            Files::Ending(Ending(ending)) => {
                f.write_str("*")?;
                write_bytes(ending, f)
            }
            Files::Under(directory) => write!(f, "{directory}*"),
            Files::Exact(path) => write!(f, "{path}"),
        }
    }
}
