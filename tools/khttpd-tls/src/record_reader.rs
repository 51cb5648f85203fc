// SPDX-License-Identifier: GPL-2.0-only

//! Reads one TLS record from a socket, and no byte behind it.
//!
//! A client may send its request in the same flight as the end of its handshake. Those records must
//! stay in the socket, where the kernel decrypts them.

use std::io::{ErrorKind, Read};

/// Bytes of a record's header.
const HEADER: usize = 5;
/// The longest encrypted record (RFC 5246 section 6.2.3).
const FRAGMENT_MAX: usize = (1 << 14) + 2048;
/// Content type of handshake messages.
const HANDSHAKE: u8 = 22;

/// A record of which a part may have come.
#[derive(Debug, Default)]
pub(crate) struct RecordReader {
    bytes: Vec<u8>,
    is_first_seen: bool,
}

/// Why there is no record.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum NoRecord {
    /// The rest has not come yet.
    Pending,
    /// The peer has ended its direction, before the first byte of a record or within one.
    End {
        /// Whether it has sent nothing at all.
        silent: bool,
    },
    /// The first byte is that of a request in plain text.
    PlainHttp,
    /// The header announces more bytes than any record has.
    TooLong,
    /// The socket failed.
    Failed(ErrorKind),
}

impl RecordReader {
    /// Reads until a record is complete, and returns it with its header.
    pub(crate) fn read(&mut self, mut from: impl Read) -> Result<Vec<u8>, NoRecord> {
        loop {
            let missing = self.missing()?;
            if missing == 0 {
                return Ok(std::mem::take(&mut self.bytes));
            }
            let have = self.bytes.len();
            self.bytes.resize(have + missing, 0);
            let room = self.bytes.get_mut(have..).unwrap_or_default();
            let result = from.read(room);
            let count = *result.as_ref().unwrap_or(&0);
            self.bytes.truncate(have + count);
            match result {
                Ok(0) => {
                    let silent = !self.is_first_seen && have == 0;
                    return Err(NoRecord::End { silent });
                }
                Ok(_) => self.look_at_first()?,
                Err(error) => match error.kind() {
                    ErrorKind::Interrupted => {}
                    ErrorKind::WouldBlock => return Err(NoRecord::Pending),
                    kind => return Err(NoRecord::Failed(kind)),
                },
            }
        }
    }

    /// Returns whether the peer has sent anything.
    pub(crate) fn has_begun(&self) -> bool {
        self.is_first_seen
    }

    /// Returns the number of bytes to read next, 0 if the record is complete.
    fn missing(&self) -> Result<usize, NoRecord> {
        let have = self.bytes.len();
        let Some(&[_, _, _, high, low]) = self.bytes.first_chunk::<HEADER>() else {
            return Ok(HEADER - have);
        };
        let len = usize::from(u16::from_be_bytes([high, low]));
        if len > FRAGMENT_MAX {
            return Err(NoRecord::TooLong);
        }
        Ok(HEADER + len - have)
    }

    /// Recognizes a request in plain text by its first byte: methods begin with a letter.
    fn look_at_first(&mut self) -> Result<(), NoRecord> {
        if self.is_first_seen {
            return Ok(());
        }
        self.is_first_seen = true;
        match self.bytes.first() {
            Some(first) if *first != HANDSHAKE && first.is_ascii_alphabetic() => {
                Err(NoRecord::PlainHttp)
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io;

    /// A socket that has received `bytes`, and returns at most `piece` of them in a call.
    struct Socket<'a> {
        bytes: &'a [u8],
        piece: usize,
        is_ended: bool,
    }

    impl Read for Socket<'_> {
        fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
            let count = to.len().min(self.piece).min(self.bytes.len());
            if count == 0 && !self.is_ended {
                return Err(ErrorKind::WouldBlock.into());
            }
            let (taken, rest) = self.bytes.split_at(count);
            to[..count].copy_from_slice(taken);
            self.bytes = rest;
            Ok(count)
        }
    }

    fn socket(bytes: &[u8], piece: usize) -> Socket<'_> {
        Socket {
            bytes,
            piece,
            is_ended: false,
        }
    }

    const RECORD: &[u8] = b"\x16\x03\x01\x00\x03abc";
    const TWO: &[u8] = b"\x16\x03\x01\x00\x03abc\x17\x03\x03\x00\x01x";

    #[test]
    fn bytes_behind_the_record_stay_in_the_socket() {
        for piece in 1..TWO.len() {
            let mut socket = socket(TWO, piece);
            let record = RecordReader::default().read(&mut socket);
            assert_eq!(record.as_deref(), Ok(RECORD), "{piece}");
            assert_eq!(socket.bytes, &TWO[RECORD.len()..], "{piece}");
        }
    }

    #[test]
    fn record_that_comes_in_two_parts_is_whole() {
        for at in 1..RECORD.len() {
            let (first, second) = RECORD.split_at(at);
            let mut reader = RecordReader::default();
            assert_eq!(reader.read(socket(first, 9)), Err(NoRecord::Pending));
            assert_eq!(reader.read(socket(second, 9)).as_deref(), Ok(RECORD));
        }
    }

    #[test]
    fn second_record_is_read_after_the_first() {
        let mut reader = RecordReader::default();
        let mut socket = socket(TWO, 100);
        assert!(reader.read(&mut socket).is_ok());
        assert_eq!(reader.read(&mut socket), Ok(TWO[RECORD.len()..].to_vec()));
    }

    #[test]
    fn end_is_silent_only_before_the_first_byte() {
        for (bytes, silent) in [
            (&b""[..], true),
            (b"\x16", false),
            (b"\x16\x03\x01\x00\x03a", false),
        ] {
            let mut socket = socket(bytes, 9);
            socket.is_ended = true;
            let end = RecordReader::default().read(&mut socket);
            assert_eq!(end, Err(NoRecord::End { silent }));
        }
    }

    #[test]
    fn letter_in_front_is_plain_http() {
        for text in ["GET / HTTP/1.1\r\n", "P", "options"] {
            let record = RecordReader::default().read(socket(text.as_bytes(), 9));
            assert_eq!(record, Err(NoRecord::PlainHttp));
        }
    }

    #[test]
    fn record_that_is_too_long_is_not_waited_for() {
        let record = RecordReader::default().read(socket(b"\x16\x03\x01\xff\xff", 9));
        assert_eq!(record, Err(NoRecord::TooLong));
    }
}
