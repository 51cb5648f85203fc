// SPDX-License-Identifier: GPL-2.0-only

//! Responses on a connection.

use std::io::{Error, Result};

use httparse::{Response, Status, EMPTY_HEADER};

use crate::wire::Wire;

/// Maximal number of fields in a response.
const FIELDS: usize = 32;

/// The responses on a connection.
#[derive(Debug, Default)]
pub(crate) struct Responses {
    /// Received bytes of an incomplete head.
    head: Vec<u8>,
    /// The response whose head is complete; [`None`] before and after it.
    current: Option<Current>,
    /// Set after a response with which the server closes the connection.
    pub(crate) is_at_end: bool,
}

/// A response whose head is complete.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Current {
    /// Number of missing bytes.
    missing: usize,
    /// Set if the server closes the connection after the response.
    is_last: bool,
}

impl Responses {
    /// Reads once and returns the number of responses that are complete by this. Each must have
    /// `status`.
    pub(crate) fn receive(&mut self, wire: &mut Wire, status: u16) -> Result<u32> {
        wire.receive(&mut self.head)?;
        self.count(status)
    }

    /// Takes the received bytes but those of an incomplete head.
    fn count(&mut self, status: u16) -> Result<u32> {
        let mut rest = self.head.as_slice();
        let mut count = 0;
        while let Some(mut current) = match self.current {
            None => Current::parse(rest, status)?,
            known => known,
        } {
            let (now, later) = rest.split_at(current.missing.min(rest.len()));
            rest = later;
            current.missing -= now.len();
            if current.missing > 0 {
                self.current = Some(current);
                break;
            }
            self.current = None;
            self.is_at_end |= current.is_last;
            count += 1;
        }
        let taken = self.head.len() - rest.len();
        self.head.drain(..taken);
        Ok(count)
    }
}

impl Current {
    /// Parses the beginning of a response with `status`. Returns [`None`] while its head is not
    /// complete.
    fn parse(response: &[u8], status: u16) -> Result<Option<Self>> {
        let mut fields = [EMPTY_HEADER; FIELDS];
        let mut head = Response::new(&mut fields);
        let unexpected = || Error::other(String::from_utf8_lossy(response));
        let Status::Complete(size) = head.parse(response).map_err(|_| unexpected())? else {
            return Ok(None);
        };
        let field = |name: &str| {
            let mut fields = head.headers.iter();
            let field = fields.find(|field| field.name.eq_ignore_ascii_case(name))?;
            std::str::from_utf8(field.value).ok()
        };
        let content = match status {
            304 => Some(0),
            _ => field("content-length").and_then(|length| length.parse().ok()),
        };
        match content {
            Some(content) if head.code == Some(status) => Ok(Some(Self {
                missing: size.saturating_add(content),
                is_last: field("connection").is_some_and(|it| it.eq_ignore_ascii_case("close")),
            })),
            _ => Err(unexpected()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 612\r\n\r\n";

    fn missing(head: &[u8], status: u16) -> Result<Option<usize>> {
        Ok(Current::parse(head, status)?.map(|current| current.missing))
    }

    #[test]
    fn length_includes_head_and_content() -> Result<()> {
        assert_eq!(missing(HEAD, 200)?, Some(HEAD.len() + 612));
        let part = b"HTTP/1.1 200 OK\r\nContent-Length: 612\r\n";
        assert_eq!(missing(part, 200)?, None);
        Ok(())
    }

    #[test]
    fn not_modified_has_no_content() -> Result<()> {
        let head = b"HTTP/1.1 304 Not Modified\r\nContent-Length: 612\r\n\r\n";
        assert_eq!(missing(head, 304)?, Some(head.len()));
        Ok(())
    }

    #[test]
    fn unexpected_status_or_no_content_length_is_an_error() {
        let other: [&[u8]; 4] = [
            b"HTTP/1.1 404 Not Found\r\nContent-Length: 1\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n",
            b"HTTP/1.1 200 OK\r\n\r\n",
            b"SSH-2.0-OpenSSH\r\n",
        ];
        assert!(other.iter().all(|head| Current::parse(head, 200).is_err()));
    }

    #[test]
    fn responses_are_counted_however_they_are_divided() -> Result<()> {
        let three = [HEAD, &[b'x'; 612]].concat().repeat(3);
        for size in [1, 100, three.len()] {
            let mut responses = Responses::default();
            let mut count = 0;
            for part in three.chunks(size) {
                responses.head.extend(part);
                count += responses.count(200)?;
            }
            assert_eq!(count, 3);
            assert!(responses.head.is_empty() && responses.current.is_none());
        }
        Ok(())
    }

    #[test]
    fn responses_end_when_the_closing_one_is_complete() -> Result<()> {
        let mut responses = Responses::default();
        let closing = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1\r\n\r\n";
        responses.head.extend(closing);
        assert_eq!((responses.count(200)?, responses.is_at_end), (0, false));
        responses.head.push(b'x');
        assert_eq!((responses.count(200)?, responses.is_at_end), (1, true));
        Ok(())
    }
}
