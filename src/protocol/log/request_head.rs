// SPDX-License-Identifier: GPL-2.0-only

//! The head of a request as it was received, whether it is well-formed or not.

use crate::bytes::{
    find,
    split_once, //
};

/// The received bytes of a head, which may be unfinished or malformed.
///
/// The log tells of refused requests, too, so nothing here is checked: the bytes are split at line
/// feeds, spaces and colons alone.
///
/// # Examples
///
/// ```
/// use protocol::log::RequestHead;
///
/// let head = RequestHead::new(b"GET /a b HTTP/1.1\r\nHost: x\r\nHost:  y \r\nAcce");
/// assert_eq!(head.line(), b"GET /a b HTTP/1.1");
/// assert_eq!(head.method(), b"GET");
/// assert_eq!(head.target(), b"/a b");
/// assert_eq!(head.field(b"host"), Some(&b"y"[..]));
/// assert_eq!(head.field(b"acce"), None);
/// let head = RequestHead::new(b"GET HTTP://a.org:80?b HTTP/1.1\r\nHost: x\r\n\r\n");
/// assert_eq!(head.host(), Some(&b"a.org:80"[..]));
/// let head = RequestHead::new(b"GET /?http://a.org HTTP/1.1\r\nHost: x\r\n\r\n");
/// assert_eq!(head.host(), Some(&b"x"[..]));
/// ```
#[derive(Clone, Copy, Debug)]
pub struct RequestHead<'b>(&'b [u8]);

impl<'b> RequestHead<'b> {
    /// Creates the head at the front of `received`. Empty lines before it are skipped; what follows
    /// the head does not matter.
    #[inline]
    pub fn new(received: &'b [u8]) -> RequestHead<'b> {
        let mut head = received;
        while let [b'\r' | b'\n', rest @ ..] = head {
            head = rest;
        }
        RequestHead(head)
    }

    /// Returns all received bytes.
    #[inline]
    pub(super) fn as_bytes(self) -> &'b [u8] {
        self.0
    }

    /// Returns the request line without its end, or what has arrived of it.
    #[inline]
    pub fn line(self) -> &'b [u8] {
        self.split().0
    }

    /// Returns the method, the first word of the request line.
    pub fn method(self) -> &'b [u8] {
        LineWords::of(self.line()).method
    }

    /// Returns the target, what stands between the method and the protocol; empty without one.
    pub fn target(self) -> &'b [u8] {
        LineWords::of(self.line()).target
    }

    /// Returns the host that the request is for, with its port: that of a target in absolute form, or
    /// else that of the last field `Host` (RFC 9112 section 3.2.2).
    pub fn host(self) -> Option<&'b [u8]> {
        let target = self.target();
        let rest = target.iter().position(|byte| *byte == b':');
        match rest.and_then(|colon| target.split_at_checked(colon)) {
            Some((_, [b':', b'/', b'/', rest @ ..])) if !target.starts_with(b"/") => {
                rest.split(|byte| matches!(byte, b'/' | b'?' | b'#')).next()
            }
            _ => self.field(b"host"),
        }
    }

    /// Returns the value of the last line of a field, without whitespace around it. Names are
    /// case-insensitive (RFC 9110 section 5.1). A line that has not arrived to its end is none.
    pub fn field(self, name: &[u8]) -> Option<&'b [u8]> {
        let (_, lines) = self.split();
        let values = lines.filter_map(|line| {
            let (found, rest) = line.split_at_checked(name.len())?;
            let value = rest.strip_prefix(b":")?;
            found.eq_ignore_ascii_case(name).then(|| trim(value))
        });
        values.last()
    }

    /// Returns the request line, or what has arrived of it, and the complete lines behind it up to an
    /// empty one, without their ends.
    #[inline]
    pub(super) fn split(self) -> (&'b [u8], HeadLines<'b>) {
        let (line, rest) = split_line(self.0).unwrap_or((self.0, &[]));
        (without_cr(line), HeadLines(rest))
    }
}

/// An iterator over the field lines of a head, see [`RequestHead::split`].
pub(super) struct HeadLines<'b>(&'b [u8]);

impl<'b> Iterator for HeadLines<'b> {
    type Item = &'b [u8];

    #[inline]
    fn next(&mut self) -> Option<&'b [u8]> {
        let (line, rest) = split_line(self.0)?;
        self.0 = rest;
        let line = without_cr(line);
        (!line.is_empty()).then_some(line)
    }
}

/// Splits at the first line feed.
#[inline]
fn split_line(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (line, rest) = bytes.split_at_checked(find(bytes, b'\n')?)?;
    Some((line, rest.get(1..)?))
}

#[inline]
fn without_cr(line: &[u8]) -> &[u8] {
    match line {
        [line @ .., b'\r'] => line,
        [..] => line,
    }
}

/// Returns the value of a line that begins with `name`, which is in lower case and ends with a colon.
///
/// The comparison takes some control characters for a hyphen or a colon; no parser accepts a head
/// that contains them.
#[inline]
pub(super) fn value<'b, const N: usize>(line: &'b [u8], name: &[u8; N]) -> Option<&'b [u8]> {
    let (found, value) = line.split_first_chunk::<N>()?;
    let mut pairs = found.iter().zip(name);
    pairs
        .all(|(octet, lower)| octet | 0x20 == *lower)
        .then(|| trim(value))
}

/// Removes spaces and tabs at both ends.
#[inline]
fn trim(value: &[u8]) -> &[u8] {
    let value = value.strip_prefix(b" ").unwrap_or(value);
    match value {
        [b' ' | b'\t', ..] | [.., b' ' | b'\t'] => value.trim_ascii(),
        [..] => value,
    }
}

/// The words of a request line. One that is missing is empty.
pub(super) struct LineWords<'b> {
    pub(super) method: &'b [u8],
    pub(super) target: &'b [u8],
    /// The last word if it begins with `HTTP/`.
    pub(super) protocol: &'b [u8],
}

impl<'b> LineWords<'b> {
    /// Splits a request line. A malformed target may contain spaces.
    pub(super) fn of(line: &'b [u8]) -> LineWords<'b> {
        let (method, rest) = split_once(line, b' ').unwrap_or((line, &[]));
        let last = rest.rsplit(|byte| *byte == b' ').next().unwrap_or(rest);
        let protocol: &[u8] = if last.starts_with(b"HTTP/") {
            last
        } else {
            &[]
        };
        let target = rest.strip_suffix(protocol).unwrap_or(rest);
        LineWords {
            method,
            target: target.trim_ascii(),
            protocol,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::RequestHead;

    #[test]
    fn words_of_a_malformed_line_are_found() {
        for (line, method, target) in [
            ("GET / HTTP/1.1", "GET", "/"),
            ("GET /a b  HTTP/1.1", "GET", "/a b"),
            ("GET /a", "GET", "/a"),
            ("GET HTTP/1.1", "GET", ""),
            ("GET", "GET", ""),
            ("", "", ""),
            (" / HTTP/1.1", "", "/"),
            ("\u{16}\u{3}\u{1}", "\u{16}\u{3}\u{1}", ""),
        ] {
            for end in ["", "\n", "\r\n", "\r\nHost: x\r\n\r\n"] {
                let bytes = format!("\r\n{line}{end}");
                let head = RequestHead::new(bytes.as_bytes());
                // Nothing tells an empty request line from an empty line before it.
                let is_line = !line.is_empty() || !end.contains("Host");
                assert!(!is_line || head.line() == line.as_bytes(), "{bytes:?}");
                assert!(!is_line || head.method() == method.as_bytes(), "{bytes:?}");
                assert!(!is_line || head.target() == target.as_bytes(), "{bytes:?}");
            }
        }
    }

    #[test]
    fn last_complete_line_of_a_field_counts() {
        let head = RequestHead::new(b"GET / HTTP/1.1\nX-A: 1\nx-a:2\t\r\nX-A 3\nX-AB: 4\nx-a: 5");
        assert_eq!(head.field(b"x-a"), Some(&b"2"[..]));
        assert_eq!(head.field(b"x-ab"), Some(&b"4"[..]));
        assert_eq!(head.field(b"x"), None);
        assert_eq!(head.field(b"get / http/1.1"), None);
    }

    #[test]
    fn lines_behind_the_empty_one_are_no_fields() {
        let head = RequestHead::new(b"GET / HTTP/1.1\r\nA: 1\r\n\r\nA: 2\r\n");
        assert_eq!(head.field(b"a"), Some(&b"1"[..]));
    }
}
