// SPDX-License-Identifier: GPL-2.0-only

//! The records of the adopt node, by which connections come from processes and go back to them.

use crate::{
    bytes::{
        parse_number,
        split_once, //
    },
    http::HEAD_ROOM, //
};
use core::fmt;

/// Bound of the first line of a record in bytes: two numbers of ten digits at most, a space, and a
/// line feed.
pub const LINE_MAX: usize = 22;

/// Bound of a record in bytes.
pub const RECORD_MAX: usize = LINE_MAX + HEAD_ROOM;

/// A connection, and the bytes that were read from it and belong to its next requests.
///
/// It is the line `DESCRIPTOR`, or the line `DESCRIPTOR N` and then N bytes, of which there is one
/// at least.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct AdoptionRecord<'a> {
    /// Descriptor of the connection.
    pub descriptor: u32,
    /// Bytes that were read, at most [`HEAD_ROOM`].
    pub early: &'a [u8],
}

impl<'a> AdoptionRecord<'a> {
    /// Parses a record, which is all of `bytes`. Returns [`None`] for anything else.
    ///
    /// # Examples
    ///
    /// ```
    /// use protocol::adoption::AdoptionRecord;
    ///
    /// let record = AdoptionRecord::parse(b"7 4\nGET ");
    /// assert!(record.is_some_and(|record| record.descriptor == 7 && record.early == b"GET "));
    /// assert!(AdoptionRecord::parse(b"7 5\nGET ").is_none());
    /// ```
    pub fn parse(bytes: &'a [u8]) -> Option<Self> {
        let (line, early) = split_once(bytes, b'\n')?;
        let (descriptor, count) = match split_once(line, b' ') {
            Some((descriptor, count)) => (descriptor, number(count).filter(|count| *count != 0)?),
            None => (line, 0),
        };
        // CAST: Wider than 32 bits.
        let is_complete = early.len() == count as usize && early.len() <= HEAD_ROOM;
        is_complete.then_some(Self {
            descriptor: number(descriptor)?,
            early,
        })
    }
}

impl fmt::Display for AdoptionRecord<'_> {
    /// Writes the first line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.early.len() {
            0 => writeln!(f, "{}", self.descriptor),
            count => writeln!(f, "{} {count}", self.descriptor),
        }
    }
}

fn number(digits: &[u8]) -> Option<u32> {
    u32::try_from(parse_number(digits, 10)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn record_is_a_descriptor_and_exactly_the_bytes_that_it_announces() {
        let long = [b"3 32768\n".as_slice(), &[b'x'; HEAD_ROOM]].concat();
        let too_long = [b"3 32769\n".as_slice(), &[b'x'; HEAD_ROOM + 1]].concat();
        for (bytes, record) in [
            (&b"0\n"[..], Some((0, &b""[..]))),
            (b"4294967295\n", Some((u32::MAX, b""))),
            (b"12 1\n\n", Some((12, b"\n"))),
            (b"12 03\nabc", Some((12, b"abc"))),
            (&long, Some((3, &[b'x'; HEAD_ROOM]))),
            (&too_long, None),
            (b"", None),
            (b"\n", None),
            (b"3", None),
            (b"4294967296\n", None),
            (b"-1\n", None),
            (b" 3\n", None),
            (b"3 \n", None),
            (b"3 0\n", None),
            (b"3  1\nx", None),
            (b"3\nx", None),
            (b"3 2\nx", None),
            (b"3 1\nxy", None),
            (b"3 1 1\nx", None),
            (b"3\r\n", None),
        ] {
            let parsed = AdoptionRecord::parse(bytes);
            assert_eq!(parsed.map(|r| (r.descriptor, r.early)), record, "{bytes:?}");
        }
    }

    #[test]
    fn first_line_and_bytes_are_the_record_again() {
        for early in [&b""[..], b"GET / HTTP/1.1\r\n"] {
            let record = AdoptionRecord {
                descriptor: u32::MAX,
                early,
            };
            let written = [record.to_string().as_bytes(), early].concat();
            assert!(written.len() <= LINE_MAX + early.len());
            assert_eq!(AdoptionRecord::parse(&written), Some(record));
        }
    }
}
