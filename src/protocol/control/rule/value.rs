// SPDX-License-Identifier: GPL-2.0-only

//! Field values and locations that rules put into responses.

use super::word::WordError;
use core::{
    fmt,
    str, //
};

/// Bound of the length of a field value or a location in bytes.
pub const VALUE_MAX: usize = 1024;

/// The value of a field.
///
/// # Invariants
///
/// The value consists of 1 to [`VALUE_MAX`] visible ASCII characters, spaces and tabs, so that it
/// cannot end its line.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FieldValue<'a>(&'a str);

impl<'a> FieldValue<'a> {
    /// Parses a value.
    pub(super) fn parse(text: &'a [u8]) -> Result<FieldValue<'a>, WordError<'a>> {
        let is_allowed = |byte: &u8| byte.is_ascii_graphic() || matches!(byte, b' ' | b'\t');
        if text.is_empty() {
            return Err((text, "needs a value"));
        }
        if !text.iter().all(is_allowed) {
            return Err((
                text,
                "a value must be visible ASCII, without CR, LF or other control characters",
            ));
        }
        // INVARIANT: The octets were just checked, and `bounded` checks the length.
        bounded(text).map(FieldValue)
    }

    /// Returns the octets.
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

/// The target of a redirect: a path of the same host, or a URI of another. `$host`, `$path` and
/// `$query` stand for those of the request.
///
/// # Invariants
///
/// The location begins with a single slash, or with `http://` or `https://` and a host. It has at
/// most [`VALUE_MAX`] octets, all of which may be part of a URI. Each `$` begins a variable; none
/// but `$host` can be part of the host, because no client may choose another host.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Location<'a>(&'a str);

impl<'a> Location<'a> {
    /// Parses a location.
    pub(super) fn parse(word: &'a [u8]) -> Result<Location<'a>, WordError<'a>> {
        let host = word
            .strip_prefix(b"http://")
            .or_else(|| word.strip_prefix(b"https://"));
        match (word, host) {
            ([b'/', b'/', ..], _) => return Err((word, "two slashes would name another host")),
            ([b'/', ..], _) => {}
            (_, Some([first, ..])) if !matches!(first, b'/' | b'?' | b'#') => {}
            _ => return Err((word, "must be a path, or begin with http:// or https://")),
        }
        let is_allowed = |byte: &u8| {
            byte.is_ascii_graphic()
                && !matches!(
                    byte,
                    b'"' | b'<' | b'>' | b'\\' | b'^' | b'`' | b'{' | b'|' | b'}'
                )
        };
        if !word.iter().all(is_allowed) {
            return Err((
                word,
                "a URI must not contain this character; use % and two digits",
            ));
        }
        check_variables(word).map_err(|reason| (word, reason))?;
        // INVARIANT: The octets were just checked, and `bounded` checks the length.
        bounded(word).map(Location)
    }

    /// Returns whether the location has the path of the request.
    pub fn has_path(self) -> bool {
        self.0.contains("$path")
    }

    /// Returns the octets.
    #[inline]
    pub const fn as_bytes(self) -> &'a [u8] {
        self.0.as_bytes()
    }

    /// Returns whether the rest of a path can be appended.
    pub(super) fn is_directory(self) -> bool {
        let after_scheme = self
            .0
            .strip_prefix("https://")
            .or_else(|| self.0.strip_prefix("http://"));
        let path = after_scheme.map_or(self.0, |rest| rest.trim_start_matches(|c| c != '/'));
        path.ends_with('/') && !self.0.contains(['?', '#'])
    }
}

impl fmt::Display for Location<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

/// Checks the variables of a location.
///
/// # Errors
///
/// The requirement that they do not meet.
fn check_variables(word: &[u8]) -> Result<(), &'static str> {
    let mut before = 0;
    for (number, piece) in word.split(|byte| *byte == b'$').enumerate() {
        let end = piece.iter().position(|byte| !byte.is_ascii_lowercase());
        let (name, _) = piece
            .split_at_checked(end.unwrap_or(piece.len()))
            .unwrap_or_default();
        let literal = word.get(..before).unwrap_or_default();
        match name {
            _ if number == 0 => (),
            b"host" => (),
            b"path" if literal == b"/$" => return Err("two slashes would name another host"),
            b"path" if literal.ends_with(b"://$") => return Err("$path begins with a slash"),
            b"path" => (),
            b"query" if literal.contains(&b'?') => (),
            b"query" => return Err("$query must stand behind a question mark"),
            _ => return Err("must be $host, $path or $query; use %24 for a dollar sign"),
        }
        before = before.saturating_add(piece.len()).saturating_add(1);
    }
    Ok(())
}

/// Checks the length.
fn bounded(text: &[u8]) -> Result<&str, WordError<'_>> {
    if text.len() > VALUE_MAX {
        return Err((text, "must have at most 1024 bytes"));
    }
    str::from_utf8(text).map_err(|_| (text, "must be UTF-8"))
}
