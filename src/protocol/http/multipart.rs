// SPDX-License-Identifier: GPL-2.0-only

//! Several ranges in one response: `multipart/byteranges` (RFC 9110 section 14.6).

use super::{
    range::{
        ByteRange,
        Ranges, //
    },
    sink::{
        Full,
        LengthCounter,
        Sink, //
    }, //
};

/// Bound of the length of a media type in bytes; the head of a part omits a longer one.
pub const MEDIA_TYPE_MAX: usize = 120;

/// Room for the longest head of a part in bytes.
pub const PART_HEAD_MAX: usize = 257;

/// The bytes before the content of a part, or after the last one.
pub type PartHead = heapless::Vec<u8, PART_HEAD_MAX>;

/// Length of a boundary in bytes.
const BOUNDARY_LENGTH: usize = 16;

/// The text between the parts: sixteen hexadecimal digits, because some clients, such as old versions
/// of zchunk, take nothing else for a boundary.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Boundary([u8; BOUNDARY_LENGTH]);

impl Boundary {
    /// Derives a boundary from the entity tag of a representation.
    ///
    /// A boundary must not occur in the content (RFC 2046 section 5.1). The tag is a digest of the
    /// content, so content with its own boundary would have to contain a digest of itself.
    fn of(etag: &[u8]) -> Boundary {
        // FNV-1a.
        let mut digest = etag
            .iter()
            .fold(0xcbf2_9ce4_8422_2325, |digest: u64, byte| {
                (digest ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
            });
        let mut text = [b'0'; BOUNDARY_LENGTH];
        for place in &mut text {
            let digit = u8::try_from(digest & 0xf).unwrap_or(0);
            *place = b"0123456789abcdef"
                .get(usize::from(digit))
                .copied()
                .unwrap_or(b'0');
            digest = digest.wrapping_shr(4);
        }
        Boundary(text)
    }

    /// Returns the text.
    #[inline]
    pub const fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

/// The body of a response with several ranges.
///
/// It consists of [`Multipart::pieces`] pieces, which [`Multipart::piece`] renders one by one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Multipart {
    ranges: Ranges,
    /// Length of the whole representation.
    complete_length: u64,
    /// Length of this body.
    length: u64,
    boundary: Boundary,
}

impl Multipart {
    /// Creates a body with `ranges` of a representation of `complete_length` bytes.
    ///
    /// Returns [`None`] if 64 bits cannot hold the length of the body.
    pub(super) fn new(
        ranges: Ranges,
        complete_length: u64,
        etag: &[u8],
        media_type: &[u8],
    ) -> Option<Multipart> {
        let mut multipart = Multipart {
            ranges,
            complete_length,
            length: 0,
            boundary: Boundary::of(etag),
        };
        let mut heads = LengthCounter::default();
        let mut content = 0u64;
        for range in ranges.as_slice() {
            multipart.put_part(*range, media_type, &mut heads).ok()?;
            content = content.checked_add(range.length())?;
        }
        multipart.put_end(&mut heads).ok()?;
        multipart.length = content.checked_add(u64::try_from(heads.count()).ok()?)?;
        Some(multipart)
    }

    /// Returns the length of the body in bytes.
    #[inline]
    pub const fn length(&self) -> u64 {
        self.length
    }

    /// Returns the boundary between the parts.
    #[inline]
    pub const fn boundary(&self) -> Boundary {
        self.boundary
    }

    /// Returns the number of pieces: one for each range, and the end.
    #[inline]
    pub fn pieces(&self) -> usize {
        self.ranges.as_slice().len().saturating_add(1)
    }

    /// Renders the bytes before the content of piece `index` to `head`, and returns the range of
    /// the content that follows them.
    ///
    /// `media_type` must be that of the representation, as when the response was created. The last
    /// piece has no content. A piece after it has no head either.
    pub fn piece(&self, index: usize, media_type: &[u8], head: &mut PartHead) -> Option<ByteRange> {
        head.clear();
        let ranges = self.ranges.as_slice();
        let range = ranges.get(index).copied();
        // PART_HEAD_MAX is the sum of the longest lines, so neither can fail.
        let _: Result<(), Full> = match range {
            Some(range) => self.put_part(range, media_type, head),
            None if index == ranges.len() => self.put_end(head),
            None => Ok(()),
        };
        range
    }

    /// Appends the bytes before the content of a part.
    fn put_part(
        &self,
        range: ByteRange,
        media_type: &[u8],
        sink: &mut impl Sink,
    ) -> Result<(), Full> {
        sink.put(b"\r\n--")?;
        sink.put(self.boundary.as_bytes())?;
        if media_type.len() <= MEDIA_TYPE_MAX {
            sink.put(b"\r\nContent-Type: ")?;
            sink.put(media_type)?;
        }
        sink.put(b"\r\n")?;
        put_content_range(range, self.complete_length, sink)?;
        sink.put(b"\r\n")
    }

    /// Appends the bytes after the last part.
    fn put_end(&self, sink: &mut impl Sink) -> Result<(), Full> {
        sink.put(b"\r\n--")?;
        sink.put(self.boundary.as_bytes())?;
        sink.put(b"--\r\n")
    }
}

/// Appends the line `Content-Range` (RFC 9110 section 14.4).
pub(super) fn put_content_range(
    range: ByteRange,
    complete_length: u64,
    sink: &mut impl Sink,
) -> Result<(), Full> {
    sink.put(b"Content-Range: bytes ")?;
    sink.put_decimal(range.first())?;
    sink.put(b"-")?;
    sink.put_decimal(range.last())?;
    sink.put(b"/")?;
    sink.put_decimal(complete_length)?;
    sink.put(b"\r\n")
}

#[cfg(test)]
mod tests {
    use super::super::range::{self, RangeResult};
    use super::{Multipart, PartHead, MEDIA_TYPE_MAX};

    fn body(
        value: &str,
        complete: u64,
        media_type: &[u8],
    ) -> (Multipart, Vec<(String, Option<u64>)>) {
        let RangeResult::Several(ranges) = range::parse(value.as_bytes(), complete) else {
            panic!("{value} is not several ranges");
        };
        let multipart = Multipart::new(ranges, complete, b"\"tag\"", media_type).unwrap();
        let mut head = PartHead::new();
        let pieces = (0..multipart.pieces()).map(|n| {
            let range = multipart.piece(n, media_type, &mut head);
            (
                String::from_utf8(head.to_vec()).unwrap(),
                range.map(|range| range.length()),
            )
        });
        let pieces = pieces.collect();
        (multipart, pieces)
    }

    #[test]
    fn rfc9110_14_6_each_part_has_type_and_range() {
        let (multipart, pieces) = body("bytes=0-1,5-7", 10, b"text/plain");
        let boundary = String::from_utf8(multipart.boundary().as_bytes().to_vec()).unwrap();
        let part = |range| {
            let fields = format!("Content-Type: text/plain\r\nContent-Range: bytes {range}\r\n");
            format!("\r\n--{boundary}\r\n{fields}\r\n")
        };
        assert_eq!(
            pieces,
            [
                (part("0-1/10"), Some(2)),
                (part("5-7/10"), Some(3)),
                (format!("\r\n--{boundary}--\r\n"), None)
            ]
        );
        assert_eq!(
            multipart.piece(3, b"text/plain", &mut PartHead::new()),
            None
        );
    }

    #[test]
    fn boundary_consists_of_hexadecimal_digits() {
        for etag in [&b""[..], b"\"tag\"", b"\"c2d0c2d0\""] {
            let boundary = super::Boundary::of(etag);
            assert!(boundary.as_bytes().iter().all(u8::is_ascii_hexdigit));
        }
    }

    #[test]
    fn rfc9112_6_2_multipart_length_is_the_sum_of_its_pieces() {
        let long = [b'x'; MEDIA_TYPE_MAX + 1];
        for media_type in [&b"text/plain"[..], &long, &long[1..]] {
            for complete in [100, 1 << 40, u64::MAX] {
                let (multipart, pieces) = body("bytes=0-1,5-7,9-9,-10", complete, media_type);
                let length: u64 = pieces
                    .iter()
                    .map(|(head, n)| head.len() as u64 + n.unwrap_or(0))
                    .sum();
                assert_eq!(multipart.length(), length);
            }
        }
    }

    #[test]
    fn rfc9112_6_2_multipart_beyond_64_bits_is_none() {
        let RangeResult::Several(ranges) = range::parse(b"bytes=0-0,2-", u64::MAX) else {
            panic!()
        };
        assert_eq!(Multipart::new(ranges, u64::MAX, b"", b""), None);
    }

    #[test]
    fn part_head_fits_its_buffer() {
        let (_, pieces) = body(
            "bytes=18446744073709551610-18446744073709551611,-1",
            u64::MAX,
            &[b'x'; MEDIA_TYPE_MAX],
        );
        assert!(pieces
            .iter()
            .all(|(head, _)| head.ends_with("\r\n") && head.len() <= super::PART_HEAD_MAX));
    }
}
