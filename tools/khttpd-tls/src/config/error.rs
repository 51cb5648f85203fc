// SPDX-License-Identifier: GPL-2.0-only

//! Errors in the configuration.

use std::fmt;
use std::path::{Path, PathBuf};

/// An error in the configuration, with its place.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct ConfigError {
    file: PathBuf,
    /// Line and word, if the error is not about the file as a whole.
    place: Option<(usize, String)>,
    what: String,
}

impl ConfigError {
    pub(super) fn new(file: &Path, line: usize, word: String, what: String) -> Self {
        Self {
            file: file.into(),
            place: Some((line, word)),
            what,
        }
    }

    /// Returns an error about a file as a whole.
    pub(crate) fn of_file(file: &Path, what: String) -> Self {
        Self {
            file: file.into(),
            place: None,
            what,
        }
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let file = self.file.display();
        match &self.place {
            Some((line, word)) => write!(f, "{file}:{line}: {word}: {}", self.what),
            None => write!(f, "{file}: {}", self.what),
        }
    }
}

impl std::error::Error for ConfigError {}
