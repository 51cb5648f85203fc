// SPDX-License-Identifier: GPL-2.0-only

//! The records of the adopt node, by which connections come from processes and go back to them.

use crate::{
    bytes::{
        parse_number,
        split_once, //
    },
    http::{
        ProcessAddress,
        HEAD_ROOM, //
    }, //
};
use core::fmt;

/// Bound of the first line of a record in bytes: two numbers of ten digits at most, an IPv6 address
/// in brackets with a port, two spaces, and a line feed.
pub const LINE_MAX: usize = 70;

/// Bound of a record in bytes.
pub const RECORD_MAX: usize = LINE_MAX + HEAD_ROOM;

/// A connection, and the bytes that were read from it and belong to its next requests.
///
/// It is the line `DESCRIPTOR`, or the line `DESCRIPTOR N` and then N bytes. A connection that goes
/// back to a process has the line `DESCRIPTOR N TO`; in one that comes from a process, the third word
/// has no meaning.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct AdoptionRecord<'a> {
    /// Descriptor of the connection.
    pub descriptor: u32,
    /// Bytes that were read, at most [`HEAD_ROOM`].
    pub early: &'a [u8],
    /// Process that the next request is for, if the connection goes back.
    pub to: Option<ProcessAddress>,
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
        if line.len() >= LINE_MAX {
            return None;
        }
        let mut words = line.split(|byte| *byte == b' ');
        let descriptor = number(words.next()?)?;
        let count = words.next().map_or(Some(0), number)?;
        let is_well_formed = words.next().is_none_or(|to| !to.is_empty()) && words.next().is_none();
        // CAST: Wider than 32 bits.
        let is_complete = early.len() == count as usize && early.len() <= HEAD_ROOM;
        (is_well_formed && is_complete).then_some(Self {
            descriptor,
            early,
            to: None,
        })
    }
}

impl fmt::Display for AdoptionRecord<'_> {
    /// Writes the first line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.descriptor)?;
        match (self.early.len(), self.to) {
            (0, None) => {}
            (count, None) => write!(f, " {count}")?,
            (count, Some(to)) => write!(f, " {count} {to}")?,
        }
        writeln!(f)
    }
}

fn number(digits: &[u8]) -> Option<u32> {
    u32::try_from(parse_number(digits, 10)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::{net::Ipv6Addr, num::NonZeroU16};

    #[test]
    fn record_is_a_descriptor_and_exactly_the_bytes_that_it_announces() {
        let long = [b"3 32768\n".as_slice(), &[b'x'; HEAD_ROOM]].concat();
        let too_long = [b"3 32769\n".as_slice(), &[b'x'; HEAD_ROOM + 1]].concat();
        let endless = [b"3 0 ".as_slice(), &[b'x'; LINE_MAX], b"\n"].concat();
        for (bytes, record) in [
            (&b"0\n"[..], Some((0, &b""[..]))),
            (b"4294967295\n", Some((u32::MAX, b""))),
            (b"12 1\n\n", Some((12, b"\n"))),
            (b"12 03\nabc", Some((12, b"abc"))),
            (b"3 0\n", Some((3, b""))),
            (b"3 0 8080\n", Some((3, b""))),
            (b"3 1 [::1]:8080\nx", Some((3, b"x"))),
            (b"3 1 whatever\nx", Some((3, b"x"))),
            (&long, Some((3, &[b'x'; HEAD_ROOM]))),
            (&too_long, None),
            (b"", None),
            (b"\n", None),
            (b"3", None),
            (b"4294967296\n", None),
            (b"-1\n", None),
            (b" 3\n", None),
            (b"3 \n", None),
            (b"3  1\nx", None),
            (b"3\nx", None),
            (b"3 2\nx", None),
            (b"3 1\nxy", None),
            (b"3 1 \nx", None),
            (b"3 1  8080\nx", None),
            (b"3 1 8080 \nx", None),
            (b"3 1 8080 1\nx", None),
            (b"3 8080 1\nx", None),
            (&endless, None),
            (b"3\r\n", None),
        ] {
            let parsed = AdoptionRecord::parse(bytes);
            assert_eq!(parsed.map(|r| (r.descriptor, r.early)), record, "{bytes:?}");
        }
    }

    #[test]
    fn first_line_and_bytes_are_the_record_again() {
        let longest = Ipv6Addr::from(u128::MAX);
        let port = NonZeroU16::MAX;
        for early in [&b""[..], b"GET / HTTP/1.1\r\n"] {
            for address in [None, Some(longest.into())] {
                let (descriptor, uid) = (u32::MAX, None);
                let to = ProcessAddress { address, port, uid };
                for to in [None, Some(to)] {
                    let record = AdoptionRecord {
                        descriptor,
                        early,
                        to,
                    };
                    let written = [record.to_string().as_bytes(), early].concat();
                    assert!(written.len() <= LINE_MAX + early.len());
                    let read = AdoptionRecord { to: None, ..record };
                    assert_eq!(AdoptionRecord::parse(&written), Some(read));
                }
            }
        }
    }

    #[test]
    fn returned_record_tells_the_process_that_the_rule_names() {
        let mut to = ProcessAddress {
            address: None,
            port: NonZeroU16::MIN,
            uid: Some(1000),
        };
        let line = |to| {
            let record = AdoptionRecord {
                descriptor: 7,
                early: b"GET ",
                to: Some(to),
            };
            record.to_string()
        };
        assert_eq!(line(to), "7 4 1\n");
        to.address = Some([127, 0, 0, 1].into());
        assert_eq!(line(to), "7 4 127.0.0.1:1\n");
        to.address = Some(Ipv6Addr::LOCALHOST.into());
        assert_eq!(line(to), "7 4 [::1]:1\n");
    }
}
