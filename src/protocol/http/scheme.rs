// SPDX-License-Identifier: GPL-2.0-only

//! The schemes of targets.

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
    /// Returns the beginning of a target in absolute form.
    pub(super) const fn start(self) -> &'static [u8] {
        match self {
            Self::Http => b"http://",
            Self::Https => b"https://",
        }
    }
}
