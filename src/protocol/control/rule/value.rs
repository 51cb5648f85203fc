// SPDX-License-Identifier: GPL-2.0-only

//! What rules put into replies.

use super::WordError;
use core::fmt;

/// The longest value or location in bytes.
pub const VALUE_MAX: usize = 1024;

/// The value of a field.
///
/// # Invariants
///
/// It has 1 to [`VALUE_MAX`] bytes, all of them visible ASCII, spaces or tabs, so that it cannot
/// end its line.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FieldValue<'a>(&'a str);

impl<'a> FieldValue<'a> {
    /// Reads a value.
    pub(super) fn parse(text: &'a [u8]) -> Result<FieldValue<'a>, WordError<'a>> {
        let within = |byte: &u8| byte.is_ascii_graphic() || matches!(byte, b' ' | b'\t');
        if text.is_empty() {
            return Err((text, "a value is missing"));
        }
        if !text.iter().all(within) {
            return Err((
                text,
                "a value holds only visible ASCII, no CR, LF or other control",
            ));
        }
        // INVARIANT: as was just checked, and in `bounded`.
        bounded(text).map(FieldValue)
    }

    /// The bytes.
    #[inline]
    pub const fn as_bytes(self) -> &'a [u8] {
        self.0.as_bytes()
    }
}

impl fmt::Display for FieldValue<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

/// Where something is: a path of the same host, or an address of another.
///
/// # Invariants
///
/// It begins with a single slash, or with `http://` or `https://` and a host. It has at most
/// [`VALUE_MAX`] bytes, all of them such as a URI can hold.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Location<'a>(&'a str);

impl<'a> Location<'a> {
    /// Reads a location.
    pub(super) fn parse(word: &'a [u8]) -> Result<Location<'a>, WordError<'a>> {
        let host = word
            .strip_prefix(b"http://")
            .or_else(|| word.strip_prefix(b"https://"));
        match (word, host) {
            ([b'/', b'/', ..], _) => return Err((word, "two slashes would lead to another host")),
            ([b'/', ..], _) => {}
            (_, Some([first, ..])) if !matches!(first, b'/' | b'?' | b'#') => {}
            _ => {
                return Err((
                    word,
                    "neither a path nor an address with http:// or https://",
                ))
            }
        }
        let within = |byte: &u8| {
            byte.is_ascii_graphic()
                && !matches!(
                    byte,
                    b'"' | b'<' | b'>' | b'\\' | b'^' | b'`' | b'{' | b'|' | b'}'
                )
        };
        if !word.iter().all(within) {
            return Err((
                word,
                "an address holds no such character; write % and two digits",
            ));
        }
        // INVARIANT: as was just checked, and in `bounded`.
        bounded(word).map(Location)
    }

    /// The bytes.
    #[inline]
    pub const fn as_bytes(self) -> &'a [u8] {
        self.0.as_bytes()
    }

    /// Whether something can be appended.
    pub(super) fn is_directory(self) -> bool {
        let path = self
            .0
            .strip_prefix("https://")
            .or_else(|| self.0.strip_prefix("http://"));
        path.map_or(self.0, |rest| rest.trim_start_matches(|c| c != '/'))
            .ends_with('/')
            && !self.0.contains(['?', '#'])
    }
}

impl fmt::Display for Location<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

fn bounded(text: &[u8]) -> Result<&str, WordError<'_>> {
    if text.len() > VALUE_MAX {
        return Err((text, "longer than 1024 bytes"));
    }
    core::str::from_utf8(text).map_err(|_| (text, "not text"))
}
