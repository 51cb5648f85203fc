// SPDX-License-Identifier: GPL-2.0-only

//! Percent-encoded paths in rules.

use super::word::WordError;
use crate::http::{
    octet::PATH,
    percent::{
        decode,
        encode_octet, //
    }, //
};
use core::{
    fmt::{
        self,
        Write, //
    },
    str, //
};

/// A path as in a URI, with `%20` for a space. Octets beyond ASCII may stand for themselves.
///
/// # Invariants
///
/// The path begins with `/`. Each `%` begins the escape of an octet that is neither a slash nor a
/// control character. No decoded segment is `.` or `..`. All other octets may be part of a path.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct EncodedPath<'a>(&'a [u8]);

impl<'a> EncodedPath<'a> {
    /// Parses a path.
    pub(super) fn parse(word: &'a [u8]) -> Result<EncodedPath<'a>, WordError<'a>> {
        let segments = word
            .strip_prefix(b"/")
            .ok_or((word, "a path must begin with a slash"))?;
        for segment in segments.split(|byte| *byte == b'/') {
            check_segment(segment).map_err(|reason| (word, reason))?;
        }
        // INVARIANT: The prefix and each segment were just checked.
        Ok(EncodedPath(word))
    }

    /// Iterates over the octets of the decoded path.
    #[inline]
    pub fn decoded(self) -> impl Iterator<Item = u8> + Clone + use<'a> {
        decode(self.0)
    }

    /// Returns whether `path`, which is decoded, is the same path.
    #[inline]
    pub fn matches(self, path: &[u8]) -> bool {
        self.decoded().eq(path.iter().copied())
    }
}

/// Checks the octets between two slashes.
///
/// # Errors
///
/// The requirement that they do not meet.
pub(super) fn check_segment(segment: &[u8]) -> Result<(), &'static str> {
    let mut rest = segment;
    loop {
        rest = match rest {
            [] => break,
            [b'%', high, low, rest @ ..] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => {
                rest
            }
            [b'%', ..] => return Err("a % must be followed by two hexadecimal digits"),
            [b'*', ..] => return Err("a * is a pattern only at the beginning or the end; use %2A"),
            [octet, rest @ ..] if PATH.has(*octet) || !octet.is_ascii() => rest,
            [..] => return Err("a path must not contain this character; use % and two digits"),
        };
    }
    let mut octets = decode(segment);
    if octets
        .clone()
        .any(|octet| octet.is_ascii_control() || octet == b'/')
    {
        return Err("a name must not contain a slash or a control character");
    }
    let may_be_dots = octets.clone().count() <= 2 && octets.clone().next().is_some();
    if may_be_dots && octets.all(|octet| octet == b'.') {
        return Err("a path must not contain . or ..");
    }
    Ok(())
}

impl fmt::Display for EncodedPath<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_encoded(self.0, f)
    }
}

/// Writes encoded octets, and escapes those that are not UTF-8 or part of a control character.
pub(super) fn write_encoded(octets: &[u8], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    for chunk in octets.utf8_chunks() {
        for character in chunk.valid().chars() {
            if character.is_control() {
                write_escaped(character.encode_utf8(&mut [0; 4]).as_bytes(), f)?;
            } else {
                f.write_char(character)?;
            }
        }
        write_escaped(chunk.invalid(), f)?;
    }
    Ok(())
}

fn write_escaped(octets: &[u8], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    octets.iter().try_for_each(|octet| {
        let escape = encode_octet(*octet);
        f.write_str(str::from_utf8(&escape).unwrap_or_default())
    })
}
