// SPDX-License-Identifier: GPL-2.0-only

//! Lines of words: the form of the rules of a site and of what is written to the control node.
//!
//! A line ends with LF or CRLF; the last one need not. Lines without words and lines whose first
//! word begins with `#` have no meaning. Spaces and tabs separate words.

use crate::bytes::split_once;
use core::fmt;

/// An iterator over the lines of a text that have a meaning, in their order.
///
/// # Examples
///
/// ```
/// use protocol::control::Lines;
///
/// let mut lines = Lines::new(b"# a comment\nlisten 80\n");
/// let line = lines.next();
/// assert_eq!(line.map(|line| line.number()), Some(2));
/// assert!(line.is_some_and(|line| line.words().eq([&b"listen"[..], b"80"])));
/// assert_eq!(lines.next(), None);
/// ```
#[derive(Clone, Debug)]
pub struct Lines<'a> {
    rest: &'a [u8],
    number: u32,
}

impl<'a> Lines<'a> {
    /// Creates an iterator over the lines of `text`.
    pub const fn new(text: &'a [u8]) -> Lines<'a> {
        Lines::after(0, text)
    }

    /// Creates an iterator over the lines of `text`, which follows `before` other lines.
    pub const fn after(before: u32, text: &'a [u8]) -> Lines<'a> {
        Lines {
            rest: text,
            number: before,
        }
    }

    /// Returns the number of the lines before the next one.
    pub(super) const fn number(&self) -> u32 {
        self.number
    }

    /// Returns the text up to the next line of `later`, an iterator that was cloned from this one.
    pub(super) fn text_until(&self, later: &Lines<'a>) -> &'a [u8] {
        let length = self.rest.len().saturating_sub(later.rest.len());
        self.rest.get(..length).unwrap_or_default()
    }
}

impl<'a> Iterator for Lines<'a> {
    type Item = Line<'a>;

    fn next(&mut self) -> Option<Line<'a>> {
        while !self.rest.is_empty() {
            let (line, rest) = split_once(self.rest, b'\n').unwrap_or((self.rest, &[]));
            self.rest = rest;
            self.number = self.number.saturating_add(1);
            let text = trim(line.strip_suffix(b"\r").unwrap_or(line));
            if !matches!(text, [] | [b'#', ..]) {
                return Some(Line {
                    number: self.number,
                    text,
                });
            }
        }
        None
    }
}

/// Splits `text` after its last line feed: into complete lines and the beginning of another.
///
/// # Examples
///
/// ```
/// use protocol::control::line::split_complete_lines;
///
/// assert_eq!(split_complete_lines(b"start\nsto"), (&b"start\n"[..], &b"sto"[..]));
/// ```
pub fn split_complete_lines(text: &[u8]) -> (&[u8], &[u8]) {
    let end = text.iter().rposition(|byte| *byte == b'\n');
    let length = end.map_or(0, |end| end.saturating_add(1));
    text.split_at_checked(length).unwrap_or((text, &[]))
}

/// A line with at least one word.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Line<'a> {
    number: u32,
    text: &'a [u8],
}

impl<'a> Line<'a> {
    /// Returns the position among all lines of the text, from 1 on.
    #[inline]
    pub const fn number(self) -> u32 {
        self.number
    }

    /// Returns the text from the first word to the last.
    #[inline]
    pub const fn as_bytes(self) -> &'a [u8] {
        self.text
    }

    /// Iterates over the words.
    #[inline]
    pub const fn words(self) -> Words<'a> {
        Words { rest: self.text }
    }

    /// Creates an error about a word of this line; an empty word stands for the whole line.
    pub const fn error(self, word: &'a [u8], reason: &'static str) -> Error<'a> {
        Error {
            line: self.number,
            word: if word.is_empty() { self.text } else { word },
            reason,
        }
    }
}

/// An iterator over the words of a line, in their order.
#[derive(Clone, Debug)]
pub struct Words<'a> {
    rest: &'a [u8],
}

impl<'a> Words<'a> {
    /// Creates the words of a text.
    #[inline]
    pub(in crate::control) const fn new(text: &'a [u8]) -> Words<'a> {
        Words { rest: text }
    }

    /// Returns the text of the words that are left, with the whitespace between them.
    #[inline]
    pub fn rest(&self) -> &'a [u8] {
        trim(self.rest)
    }
}

impl<'a> Iterator for Words<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let text = trim(self.rest);
        let end = text.iter().position(|byte| is_blank(*byte));
        let (word, rest) = text.split_at_checked(end.unwrap_or(text.len()))?;
        self.rest = rest;
        (!word.is_empty()).then_some(word)
    }
}

const fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

/// Removes spaces and tabs at both ends.
fn trim(mut text: &[u8]) -> &[u8] {
    while let [first, rest @ ..] = text {
        if !is_blank(*first) {
            break;
        }
        text = rest;
    }
    while let [rest @ .., last] = text {
        if !is_blank(*last) {
            break;
        }
        text = rest;
    }
    text
}

/// An error in a text: its line, its word and the reason.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Error<'a> {
    /// Number of the line, from 1 on.
    pub line: u32,
    /// Malformed word.
    pub word: &'a [u8],
    /// Requirement that the word does not meet.
    pub reason: &'static str,
}

impl fmt::Display for Error<'_> {
    /// Writes `line 3: "eror": no such command`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = Escaped(self.word);
        write!(f, "line {}: \"{word}\": {}", self.line, self.reason)
    }
}

/// Bytes for a message: in ASCII, without control characters, and cut after 80 bytes.
///
/// # Examples
///
/// ```
/// use protocol::control::Escaped;
///
/// assert_eq!(Escaped(b"caf\xc3\xa9\n").to_string(), r"caf\xc3\xa9\n");
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Escaped<'a>(pub &'a [u8]);

impl Escaped<'_> {
    /// Number of bytes that are shown.
    const MAX: usize = 80;
}

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.split_at_checked(Self::MAX) {
            Some((beginning, [_, ..])) => write!(f, "{}...", beginning.escape_ascii()),
            Some((_, [])) | None => write!(f, "{}", self.0.escape_ascii()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{split_complete_lines, Line, Lines};
    use proptest::prelude::*;

    fn words(line: Line<'_>) -> Vec<&[u8]> {
        line.words().collect()
    }

    #[test]
    fn empty_lines_and_comments_are_skipped_but_counted() {
        let text = b"\n# a comment\r\n  \t\n one  two\tthree \r\n#\n\nfour #five";
        let lines: Vec<_> = Lines::new(text).collect();
        assert_eq!(lines.len(), 2);
        assert_eq!((lines[0].number(), lines[1].number()), (4, 7));
        assert_eq!(words(lines[0]), [&b"one"[..], b"two", b"three"]);
        assert_eq!(words(lines[1]), [&b"four"[..], b"#five"]);
        assert_eq!(lines[0].as_bytes(), b"one  two\tthree");
        assert!(Lines::after(5, text).map(Line::number).eq([9, 12]));
    }

    #[test]
    fn rest_of_a_line_keeps_inner_whitespace() {
        let line = Lines::new(b"field * A:  b  c \n").next().unwrap();
        let mut words = line.words();
        assert_eq!(words.next(), Some(&b"field"[..]));
        assert_eq!(words.next(), Some(&b"*"[..]));
        assert_eq!(words.rest(), b"A:  b  c");
        assert_eq!(words.next(), Some(&b"A:"[..]));
        assert_eq!(words.by_ref().count(), 2);
        assert_eq!(words.rest(), b"");
    }

    #[test]
    fn error_names_line_word_and_reason() {
        let line = Lines::new(b"\n\nfo\x01 bar").next().unwrap();
        let error = line.error(b"fo\x01", "unknown");
        assert_eq!(error.to_string(), r#"line 3: "fo\x01": unknown"#);
        assert_eq!(
            line.error(b"", "too short").to_string(),
            r#"line 3: "fo\x01 bar": too short"#
        );
        let long = [b'a'; 200];
        let message = line.error(&long, "too long").to_string();
        assert!(message.ends_with("aaa...\": too long") && message.len() < 120);
    }

    #[test]
    fn text_is_split_after_its_last_line_feed() {
        let text = b"start\nstop\r\nlist";
        for at in 0..=text.len() {
            let (head, tail) = text.split_at(at);
            let (lines, rest) = split_complete_lines(head);
            assert!(lines.is_empty() || lines.ends_with(b"\n"));
            assert!(!rest.contains(&b'\n'));
            let again = [rest, tail].concat();
            assert_eq!([lines, &again].concat(), text);
        }
    }

    proptest! {
        #[test]
        fn words_contain_no_whitespace(
            text in prop::collection::vec(prop::sample::select(b"ab#\r\n\t \xff".to_vec()), 0..60),
        ) {
            let mut last = 0;
            for line in Lines::new(&text) {
                prop_assert!(line.number() > last);
                last = line.number();
                let words = words(line);
                prop_assert!(!words.is_empty() && words[0][0] != b'#');
                for word in words {
                    prop_assert!(!word.is_empty());
                    prop_assert!(!word.iter().any(|byte| b" \t\n".contains(byte)));
                }
            }
            let lines = text.split(|byte| *byte == b'\n').count();
            prop_assert!(usize::try_from(last).unwrap() <= lines);
        }
    }
}
