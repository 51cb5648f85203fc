// SPDX-License-Identifier: GPL-2.0-only

//! Bodies of requests (RFC 9112 sections 6 and 7): found, and thrown away.

use super::{
    field::{FieldName, Fields},
    status::Status,
    version::Version,
    BODY_MAX, //
};

/// How the length of a request's body is told (RFC 9112 section 6.3).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Framing {
    /// There is no body.
    None,
    /// `Content-Length`, at least 1 and at most [`BODY_MAX`].
    Length(u32),
    /// `Transfer-Encoding: chunked`.
    Chunked,
}

impl Framing {
    /// Reads the fields about it. Whatever could be understood in two ways is 400.
    pub fn parse(fields: &Fields<'_>, version: Version) -> Result<Framing, Status> {
        let coded = fields.has(FieldName::TransferEncoding);
        match (coded, fields.has(FieldName::ContentLength)) {
            (false, false) => Ok(Framing::None),
            (false, true) => Framing::length(
                fields
                    .once(FieldName::ContentLength)
                    .ok_or(Status::BadRequest)?,
            ),
            // HTTP/1.0 has no transfer codings, so somebody on the way did not understand this one
            // (section 6.1).
            (true, false) if version != Version::Http10 => Framing::coded(fields),
            (true, _) => Err(Status::BadRequest),
        }
    }

    /// `1*DIGIT`, and a number too large to count is too large a body as well, unless nothing can
    /// tell its length.
    fn length(value: &[u8]) -> Result<Framing, Status> {
        let length = value.iter().try_fold(0u64, |sum, digit| {
            let digit = digit.checked_sub(b'0').filter(|digit| *digit < 10)?;
            sum.checked_mul(10)?.checked_add(u64::from(digit))
        });
        match length {
            None => Err(Status::BadRequest),
            Some(_) if value.is_empty() => Err(Status::BadRequest),
            Some(0) => Ok(Framing::None),
            Some(length) => match u32::try_from(length) {
                Ok(length) if length <= BODY_MAX => Ok(Framing::Length(length)),
                Ok(_) | Err(_) => Err(Status::ContentTooLarge),
            },
        }
    }

    /// `chunked` must be the last coding and the only one of its kind; any other one is unknown
    /// here.
    fn coded(fields: &Fields<'_>) -> Result<Framing, Status> {
        let is_chunked = |coding: &[u8]| coding.eq_ignore_ascii_case(b"chunked");
        let codings = fields.elements(FieldName::TransferEncoding);
        let (count, chunked, last) = codings.fold(
            (0usize, 0usize, false),
            |(count, chunked, _): (usize, usize, bool), coding| {
                let this = is_chunked(coding);
                (
                    count.saturating_add(1),
                    chunked.saturating_add(usize::from(this)),
                    this,
                )
            },
        );
        match (count, chunked, last) {
            (1, 1, true) => Ok(Framing::Chunked),
            (_, 1, true) => Err(Status::NotImplemented),
            _ => Err(Status::BadRequest),
        }
    }
}

/// What became of the bytes given to [`BodyDrain::take`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum DrainProgress {
    /// All of them belong to the body, and more is to come.
    More,
    /// The body ended after so many of them.
    End(usize),
    /// The framing is broken or the body too large: nothing behind this point can be trusted.
    Broken,
}

/// Finds the end of a body, whatever pieces it comes in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct BodyDrain {
    state: DrainState,
    /// Bytes of content to come in this stretch.
    left: u32,
    /// Bytes of the whole body that may still come.
    budget: u32,
}

/// Where in a body the next byte stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum DrainState {
    /// In a body of known length.
    Content,
    /// Before the first digit of a chunk size.
    Size,
    /// After a digit of a chunk size.
    Digits,
    /// In the white space before a chunk extension.
    Space,
    /// In a chunk extension.
    Extension,
    /// After the CR of a chunk size line.
    SizeLf,
    /// In the data of a chunk.
    Data,
    /// After the data of a chunk.
    DataCr,
    /// After the CR behind the data of a chunk.
    DataLf,
    /// At the beginning of a line of the trailer section.
    Trailer,
    /// In the name of a trailer field.
    TrailerName,
    /// In the value of a trailer field.
    TrailerValue,
    /// After the CR of a trailer line.
    TrailerLf,
    /// After the CR of the line that ends it all.
    EndLf,
    /// Behind the body.
    End,
}

impl BodyDrain {
    /// The body of a request that is framed like this; [`None`] if it has none.
    #[inline]
    pub const fn new(framing: Framing) -> Option<BodyDrain> {
        match framing {
            Framing::None => None,
            Framing::Length(left) => Some(BodyDrain {
                state: DrainState::Content,
                left,
                budget: left,
            }),
            Framing::Chunked => Some(BodyDrain {
                state: DrainState::Size,
                left: 0,
                budget: BODY_MAX,
            }),
        }
    }

    /// Takes what belongs to the body off the front of `bytes`.
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

    /// Passes over content.
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

    /// The state after one byte of framing; [`None`] if the grammar of RFC 9112 section 7.1 has no
    /// such byte there.
    ///
    /// Only CRLF ends a line: what a lone LF or CR means in a chunk is where two parsers disagree.
    fn next(&mut self, byte: u8) -> Option<DrainState> {
        Some(match (self.state, byte) {
            (DrainState::Size | DrainState::Digits, b'0'..=b'9' | b'a'..=b'f' | b'A'..=b'F') => {
                let digit = char::from(byte).to_digit(16)?;
                // A chunk that exceeds the budget is refused before it is read.
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
            (DrainState::Trailer | DrainState::TrailerName, byte) if is_tchar(byte) => {
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

/// RFC 9110 section 5.6.2.
const fn is_tchar(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(
            byte,
            b'!' | b'#'
                | b'$'
                | b'%'
                | b'&'
                | b'\''
                | b'*'
                | b'+'
                | b'-'
                | b'.'
                | b'^'
                | b'_'
                | b'`'
                | b'|'
                | b'~'
        )
}

#[cfg(test)]
mod tests;
