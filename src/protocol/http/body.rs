// SPDX-License-Identifier: GPL-2.0-only

//! Bodies of requests (RFC 9112 sections 6 and 7): framed and discarded.

use super::{
    field::{
        FieldName,
        Fields, //
    },
    limits::BODY_MAX,
    octet::TOKEN,
    status::Status,
    version::Version, //
};
use crate::bytes::parse_number;

/// The framing of a request's body (RFC 9112 section 6.3).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Framing {
    /// No body.
    None,
    /// `Content-Length`, at least 1 and at most [`BODY_MAX`].
    Length(u32),
    /// `Content-Length` beyond [`BODY_MAX`]: 413, unless a process takes the connection over.
    TooLong,
    /// `Transfer-Encoding: chunked`.
    Chunked,
}

impl Framing {
    /// Determines the framing from the fields of a request.
    ///
    /// # Errors
    ///
    /// 400 for ambiguous framing, 501 for an unknown coding.
    pub fn parse(fields: &Fields<'_>, version: Version) -> Result<Framing, Status> {
        let is_coded = fields.has(FieldName::TransferEncoding);
        match (is_coded, fields.has(FieldName::ContentLength)) {
            (false, false) => Ok(Framing::None),
            (false, true) => Framing::length(
                fields
                    .once(FieldName::ContentLength)
                    .ok_or(Status::BadRequest)?,
            ),
            // HTTP/1.0 has no transfer codings, so an intermediary did not understand this one
            // (section 6.1).
            (true, false) if version != Version::Http10 => Framing::coded(fields),
            (true, _) => Err(Status::BadRequest),
        }
    }

    /// Parses `1*DIGIT`. A number beyond 64 bits is 400, because no recipient is sure to parse it.
    fn length(value: &[u8]) -> Result<Framing, Status> {
        match parse_number(value, 10) {
            None => Err(Status::BadRequest),
            Some(0) => Ok(Framing::None),
            Some(length) => Ok(match u32::try_from(length) {
                Ok(length) if length <= BODY_MAX => Framing::Length(length),
                Ok(_) | Err(_) => Framing::TooLong,
            }),
        }
    }

    /// Parses the transfer codings: `chunked` must be the last one and occur once; all others are
    /// unknown.
    fn coded(fields: &Fields<'_>) -> Result<Framing, Status> {
        let mut count = 0usize;
        let mut chunked = 0usize;
        let mut ends_chunked = false;
        for coding in fields.elements(FieldName::TransferEncoding) {
            ends_chunked = coding.eq_ignore_ascii_case(b"chunked");
            count = count.saturating_add(1);
            chunked = chunked.saturating_add(usize::from(ends_chunked));
        }
        match (count, chunked, ends_chunked) {
            (1, 1, true) => Ok(Framing::Chunked),
            (_, 1, true) => Err(Status::NotImplemented),
            _ => Err(Status::BadRequest),
        }
    }
}

/// The result of [`BodyDrain::take`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum DrainProgress {
    /// All bytes belong to the body, and more are missing.
    More,
    /// The body ended after this number of bytes.
    End(usize),
    /// The framing is malformed or the body too large: the rest of the stream cannot be trusted.
    Broken,
}

/// A parser that finds the end of a body, in whatever pieces the body arrives.
///
/// # Examples
///
/// ```
/// use protocol::http::{BodyDrain, DrainProgress, Framing};
///
/// let mut drain = BodyDrain::new(Framing::Length(5));
/// let progress = drain.as_mut().map(|drain| drain.take(b"hel"));
/// assert_eq!(progress, Some(DrainProgress::More));
/// let progress = drain.as_mut().map(|drain| drain.take(b"loGET / HTTP/1.1"));
/// assert_eq!(progress, Some(DrainProgress::End(2)));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct BodyDrain {
    state: DrainState,
    /// Bytes of content until the next framing.
    left: u32,
    /// Bytes that the rest of the body may have.
    budget: u32,
}

/// The position of the next byte in a body.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum DrainState {
    /// In a body of known length.
    Content,
    /// Before the first digit of a chunk size.
    Size,
    /// After a digit of a chunk size.
    Digits,
    /// In the whitespace before a chunk extension.
    Space,
    /// In a chunk extension.
    Extension,
    /// After the CR of a chunk size line.
    SizeLf,
    /// In the data of a chunk.
    Data,
    /// After the data of a chunk.
    DataCr,
    /// After the CR that follows the data of a chunk.
    DataLf,
    /// At the beginning of a line of the trailer section.
    Trailer,
    /// In the name of a trailer field.
    TrailerName,
    /// In the value of a trailer field.
    TrailerValue,
    /// After the CR of a trailer line.
    TrailerLf,
    /// After the CR of the line that ends the body.
    EndLf,
    /// After the body.
    End,
}

impl BodyDrain {
    /// Creates a parser for a body with this framing. Returns [`None`] if there is no body. A body
    /// that is too long is broken from its first byte on.
    #[inline]
    pub const fn new(framing: Framing) -> Option<BodyDrain> {
        match framing {
            Framing::None => None,
            Framing::Length(left) => Some(BodyDrain {
                state: DrainState::Content,
                left,
                budget: left,
            }),
            Framing::TooLong => Some(BodyDrain {
                state: DrainState::Size,
                left: 0,
                budget: 0,
            }),
            Framing::Chunked => Some(BodyDrain {
                state: DrainState::Size,
                left: 0,
                budget: BODY_MAX,
            }),
        }
    }

    /// Consumes the bytes at the front of `bytes` that belong to the body.
    pub fn take(&mut self, bytes: &[u8]) -> DrainProgress {
        let mut rest = bytes;
        loop {
            if matches!(self.state, DrainState::Content | DrainState::Data) {
                rest = self.skip(rest);
            }
            if self.state == DrainState::End {
                return DrainProgress::End(bytes.len().saturating_sub(rest.len()));
            }
            let [byte, after @ ..] = rest else {
                return DrainProgress::More;
            };
            match self.budget.checked_sub(1).zip(self.next(*byte)) {
                Some((budget, state)) => (self.budget, self.state) = (budget, state),
                None => return DrainProgress::Broken,
            }
            rest = after;
        }
    }

    /// Skips content.
    fn skip<'b>(&mut self, bytes: &'b [u8]) -> &'b [u8] {
        let count = u32::try_from(bytes.len())
            .unwrap_or(u32::MAX)
            .min(self.left);
        self.left = self.left.saturating_sub(count);
        self.budget = self.budget.saturating_sub(count);
        if self.left == 0 {
            self.state = if self.state == DrainState::Data {
                DrainState::DataCr
            } else {
                DrainState::End
            };
        }
        usize::try_from(count)
            .ok()
            .and_then(|count| bytes.get(count..))
            .unwrap_or(&[])
    }

    /// Returns the state after one byte of framing, or [`None`] if the grammar of RFC 9112 section
    /// 7.1 does not allow the byte.
    ///
    /// Only CRLF ends a line: parsers disagree about a lone LF or CR in a chunk.
    fn next(&mut self, byte: u8) -> Option<DrainState> {
        Some(match (self.state, byte) {
            (DrainState::Size | DrainState::Digits, b'0'..=b'9' | b'a'..=b'f' | b'A'..=b'F') => {
                let digit = char::from(byte).to_digit(16)?;
                // A chunk beyond the budget is rejected before its data arrives.
                self.left = self
                    .left
                    .checked_mul(16)?
                    .checked_add(digit)
                    .filter(|left| *left <= self.budget)?;
                DrainState::Digits
            }
            (DrainState::Digits | DrainState::Space, b' ' | b'\t') => DrainState::Space,
            (DrainState::Digits | DrainState::Space, b';') => DrainState::Extension,
            (DrainState::Extension, b'\t' | b' '..=0x7e | 0x80..) => DrainState::Extension,
            (DrainState::Digits | DrainState::Extension, b'\r') => DrainState::SizeLf,
            (DrainState::SizeLf, b'\n') if self.left == 0 => DrainState::Trailer,
            (DrainState::SizeLf, b'\n') => DrainState::Data,
            (DrainState::DataCr, b'\r') => DrainState::DataLf,
            (DrainState::DataLf, b'\n') => DrainState::Size,
            (DrainState::Trailer, b'\r') => DrainState::EndLf,
            (DrainState::Trailer | DrainState::TrailerName, byte) if TOKEN.has(byte) => {
                DrainState::TrailerName
            }
            (DrainState::TrailerName, b':') => DrainState::TrailerValue,
            (DrainState::TrailerValue, b'\t' | b' '..=0x7e | 0x80..) => DrainState::TrailerValue,
            (DrainState::TrailerValue, b'\r') => DrainState::TrailerLf,
            (DrainState::TrailerLf, b'\n') => DrainState::Trailer,
            (DrainState::EndLf, b'\n') => DrainState::End,
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests;
