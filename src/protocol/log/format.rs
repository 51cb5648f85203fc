// SPDX-License-Identifier: GPL-2.0-only

//! The formats of the access log.

/// The format of the lines of the access log.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum LogFormat {
    /// There is no line.
    #[default]
    Off,
    /// Apache's common log format.
    Common,
    /// The common log format, and the fields `Referer` and `User-Agent`.
    Combined,
    /// A JSON object (RFC 8259).
    Json,
}

impl LogFormat {
    /// All formats.
    pub const ALL: [Self; 4] = [Self::Off, Self::Common, Self::Combined, Self::Json];

    /// Returns the word of the command `log`.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Common => "common",
            Self::Combined => "combined",
            Self::Json => "json",
        }
    }

    /// Returns whether a line has fields of the request.
    #[inline]
    pub(super) const fn has_fields(self) -> bool {
        matches!(self, Self::Combined | Self::Json)
    }
}
