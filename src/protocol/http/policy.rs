// SPDX-License-Identifier: GPL-2.0-only

//! The settings of a server by which it evaluates requests.

use super::limits::HEAD_MAX;

/// The comparison of `If-Modified-Since` with the modification date of a file.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum DateMatch {
    /// 304 for exactly this date. A file that was replaced by an older one is sent.
    #[default]
    Exact,
    /// 304 for this date and for later ones (RFC 9110 section 13.1.3).
    Before,
}

impl DateMatch {
    /// All comparisons.
    pub const ALL: [Self; 2] = [Self::Exact, Self::Before];

    /// Returns the word of the command `if-modified-since`.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::Before => "before",
        }
    }
}

/// The meaning of several slashes in a row in a path.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Slashes {
    /// They are one.
    #[default]
    Merge,
    /// There is an empty name between two of them (RFC 3986 section 3.3).
    Keep,
}

impl Slashes {
    /// Both meanings.
    pub const ALL: [Self; 2] = [Self::Merge, Self::Keep];

    /// Returns the word of the command `merge-slashes`.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Merge => "on",
            Self::Keep => "off",
        }
    }
}

/// The settings of a server by which it evaluates requests.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RequestPolicy {
    /// Bound of the length of a head in bytes, [`HEAD_MAX`] to [`HEAD_ROOM`](super::HEAD_ROOM).
    pub head_max: usize,
    /// Meaning of several slashes in a row.
    pub slashes: Slashes,
    /// Comparison of `If-Modified-Since`.
    pub if_modified_since: DateMatch,
}

impl Default for RequestPolicy {
    fn default() -> Self {
        Self {
            head_max: HEAD_MAX,
            slashes: Slashes::default(),
            if_modified_since: DateMatch::default(),
        }
    }
}
