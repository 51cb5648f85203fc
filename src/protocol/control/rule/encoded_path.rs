// SPDX-License-Identifier: GPL-2.0-only

//! Paths as they are written in rules.

use super::WordError;
use crate::http::target::{decoded, is_plain};
use core::fmt::{self, Write};

/// A path, written as in a URI: with `%20` for a space. Bytes beyond ASCII may stand as they are.
///
/// # Invariants
///
/// It begins with `/`. Each `%` begins an escape, of a byte that is neither a slash nor a control
/// byte, no segment comes to `.` or `..`, and no byte but `/` is other than a path can hold.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct EncodedPath<'a>(&'a [u8]);

impl<'a> EncodedPath<'a> {
    /// Reads a path.
    pub(super) fn parse(word: &'a [u8]) -> Result<EncodedPath<'a>, WordError<'a>> {
        let segments = word
            .strip_prefix(b"/")
            .ok_or((word, "a path begins with a slash"))?;
        for segment in segments.split(|byte| *byte == b'/') {
            check_segment(segment).map_err(|reason| (word, reason))?;
        }
        // INVARIANT: all of it was just checked.
        Ok(EncodedPath(word))
    }

    /// What it comes to, byte by byte.
    #[inline]
    pub fn decoded(self) -> impl Iterator<Item = u8> + Clone + use<'a> {
        decoded(self.0)
    }

    /// Whether it names the decoded `path`.
    #[inline]
    pub fn names(self, path: &[u8]) -> bool {
        self.decoded().eq(path.iter().copied())
    }
}

/// What may stand between two slashes.
pub(super) fn check_segment(segment: &[u8]) -> Result<(), &'static str> {
    let mut rest = segment;
    loop {
        rest = match rest {
            [] => break,
            [b'%', high, low, rest @ ..] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => {
                rest
            }
            [b'%', ..] => return Err("a % must be followed by two hexadecimal digits"),
            [b'*', ..] => return Err("a star stands only at the beginning or the end; %2A is one"),
            [byte, rest @ ..] if is_plain(*byte) || !byte.is_ascii() => rest,
            [..] => return Err("a path holds no such character; write % and two digits"),
        };
    }
    let mut bytes = decoded(segment);
    if bytes
        .clone()
        .any(|byte| byte.is_ascii_control() || byte == b'/')
    {
        return Err("a name holds neither a slash nor a control character");
    }
    let dots = bytes.clone().count() <= 2 && bytes.clone().next().is_some();
    if dots && bytes.all(|byte| byte == b'.') {
        return Err("a path has neither . nor .. in it");
    }
    Ok(())
}

impl fmt::Display for EncodedPath<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_bytes(self.0, f)
    }
}

/// Writes what was checked; what is not UTF-8, or no more than a control character in it, escaped.
pub(super) fn write_bytes(bytes: &[u8], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    for chunk in bytes.utf8_chunks() {
        for character in chunk.valid().chars() {
            if character.is_control() {
                escape(character.encode_utf8(&mut [0; 4]).as_bytes(), f)?;
            } else {
                f.write_char(character)?;
            }
        }
        escape(chunk.invalid(), f)?;
    }
    Ok(())
}

fn escape(bytes: &[u8], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    bytes.iter().try_for_each(|byte| write!(f, "%{byte:02X}"))
}
