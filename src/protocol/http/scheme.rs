// SPDX-License-Identifier: GPL-2.0-only

//! The schemes of targets.

use core::fmt;

/// The scheme of the targets that a connection is for (RFC 9110 section 4.2).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Scheme {
    /// A connection without TLS.
    #[default]
    Http,
    /// A connection with TLS.
    Https,
}

impl Scheme {
    /// All schemes.
    pub const ALL: [Scheme; 2] = [Scheme::Http, Scheme::Https];

    /// Returns the beginning of a target in absolute form.
    const fn start(self) -> &'static str {
        match self {
            Self::Http => "http://",
            Self::Https => "https://",
        }
    }

    /// Returns what follows the scheme at the beginning of `text`, if it is this one. A scheme has no
    /// case (RFC 3986 section 3.1).
    pub(super) fn strip(self, text: &[u8]) -> Option<&[u8]> {
        let start = self.start().as_bytes();
        let (found, rest) = text.split_at_checked(start.len())?;
        found.eq_ignore_ascii_case(start).then_some(rest)
    }
}

impl fmt::Display for Scheme {
    /// Writes the beginning of a target in absolute form.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.start())
    }
}
