// SPDX-License-Identifier: GPL-2.0-only

//! Lines of words: the form of the rules of a site and of what is written to the control node.
//!
//! A line ends with LF or CRLF, the last one may go without. A line without words says nothing,
//! and neither does one whose first word begins with `#`. Words are separated by spaces and tabs.

use core::fmt;

/// The lines of a text that say something, in their order.
#[derive(Clone, Debug)]
pub struct Lines<'a> {
    rest: &'a [u8],
    number: u32,
}

impl<'a> Lines<'a> {
    /// The lines of `text`.
    pub const fn new(text: &'a [u8]) -> Lines<'a> {
        Lines {
            rest: text,
            number: 0,
        }
    }

    /// The lines of `text`, which follows `before` others.
    pub const fn after(before: u32, text: &'a [u8]) -> Lines<'a> {
        Lines {
            rest: text,
            number: before,
        }
    }
}

impl<'a> Iterator for Lines<'a> {
    type Item = Line<'a>;

    fn next(&mut self) -> Option<Line<'a>> {
        while !self.rest.is_empty() {
            let end = self.rest.iter().position(|byte| *byte == b'\n');
            let (line, rest) = match end.and_then(|end| self.rest.split_at_checked(end)) {
                Some((line, rest)) => (line, rest.get(1..).unwrap_or(&[])),
                None => (self.rest, &[][..]),
            };
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

/// A line that has a word.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Line<'a> {
    number: u32,
    text: &'a [u8],
}

impl<'a> Line<'a> {
    /// Its place among all lines of the text, from 1 on.
    #[inline]
    pub const fn number(self) -> u32 {
        self.number
    }

    /// From the first word to the last.
    #[inline]
    pub const fn as_bytes(self) -> &'a [u8] {
        self.text
    }

    /// The words.
    #[inline]
    pub const fn words(self) -> Words<'a> {
        Words { rest: self.text }
    }

    /// An error about a word of this line; an empty word stands for the whole line.
    pub const fn error(self, word: &'a [u8], reason: &'static str) -> Error<'a> {
        Error {
            line: self.number,
            word: if word.is_empty() { self.text } else { word },
            reason,
        }
    }
}

/// The words of a line, in their order.
#[derive(Clone, Debug)]
pub struct Words<'a> {
    rest: &'a [u8],
}

impl<'a> Words<'a> {
    /// What has not been taken yet, with the blanks between its words.
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

/// What is wrong with a text, and where.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Error<'a> {
    /// The number of the line, from 1 on.
    pub line: u32,
    /// The word that is wrong.
    pub word: &'a [u8],
    /// What is wrong with it.
    pub reason: &'static str,
}

/// How much of a word or a line an error shows, in bytes.
const SHOWN_MAX: usize = 80;

/// Bytes as an error shows them: escaped, and of many only the beginning.
#[derive(Clone, Copy, Debug)]
pub struct Escaped<'a>(pub &'a [u8]);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.get(..SHOWN_MAX) {
            Some(beginning) if self.0.len() > SHOWN_MAX => {
                write!(f, "{}...", beginning.escape_ascii())
            }
            Some(_) | None => write!(f, "{}", self.0.escape_ascii()),
        }
    }
}

impl fmt::Display for Error<'_> {
    /// `line 3: "eror": no such rule`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = Escaped(self.word);
        write!(f, "line {}: \"{shown}\": {}", self.line, self.reason)
    }
}

#[cfg(test)]
mod tests {
    use super::{Line, Lines};
    use proptest::prelude::*;

    fn words(line: Line<'_>) -> Vec<&[u8]> {
        line.words().collect()
    }

    #[test]
    fn blank_lines_and_comments_say_nothing_but_are_counted() {
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
    fn rest_of_a_line_keeps_the_blanks_within() {
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
    fn an_error_names_line_word_and_reason() {
        let line = Lines::new(b"\n\nfo\x01 bar").next().unwrap();
        let error = line.error(b"fo\x01", "what is that");
        assert_eq!(error.to_string(), r#"line 3: "fo\x01": what is that"#);
        assert_eq!(
            line.error(b"", "too short").to_string(),
            r#"line 3: "fo\x01 bar": too short"#
        );
        let long = [b'a'; 200];
        let shown = line.error(&long, "too long").to_string();
        assert!(shown.ends_with("aaa...\": too long") && shown.len() < 120);
    }

    proptest! {
        #[test]
        fn words_of_any_text_have_no_blanks_and_stand_in_it(
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
