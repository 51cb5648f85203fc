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
use core::ops::Deref;

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

/// The body of a response with several ranges, which are an `R`.
///
/// It consists of [`Multipart::pieces`] pieces, which [`Multipart::piece`] renders one by one.
#[derive(PartialEq, Eq, Debug)]
pub struct Multipart<R> {
    ranges: R,
    /// Length of the whole representation.
    complete_length: u64,
    /// Length of this body.
    length: u64,
    boundary: Boundary,
}

impl Multipart<Ranges> {
    /// Creates an empty body, in whose list the ranges of a request are gathered.
    pub(super) const fn new() -> Self {
        Multipart {
            ranges: Ranges::new(),
            complete_length: 0,
            length: 0,
            boundary: Boundary([b'0'; BOUNDARY_LENGTH]),
        }
    }

    /// Returns the list of ranges.
    #[inline]
    pub(super) fn ranges_mut(&mut self) -> &mut Ranges {
        &mut self.ranges
    }

    /// Completes the body: its ranges are those of a representation of `complete_length` bytes.
    ///
    /// Returns [`None`] if 64 bits cannot hold the length of the body.
    pub(super) fn complete(
        &mut self,
        complete_length: u64,
        etag: &[u8],
        media_type: &[u8],
    ) -> Option<()> {
        self.complete_length = complete_length;
        self.boundary = Boundary::of(etag);
        let mut heads = LengthCounter::default();
        let mut content = 0u64;
        for range in &*self.ranges {
            self.put_part(*range, media_type, &mut heads).ok()?;
            content = content.checked_add(range.length())?;
        }
        self.put_end(&mut heads).ok()?;
        self.length = content.checked_add(u64::try_from(heads.count()).ok()?)?;
        Some(())
    }
}

impl<R: Deref<Target = [ByteRange]>> Multipart<R> {
    /// Returns the same body with the copy of its ranges that `copy` makes.
    ///
    /// # Errors
    ///
    /// Those of `copy`.
    pub fn try_copy<T, E>(
        &self,
        copy: impl FnOnce(&[ByteRange]) -> Result<T, E>,
    ) -> Result<Multipart<T>, E> {
        Ok(Multipart {
            ranges: copy(&self.ranges)?,
            complete_length: self.complete_length,
            length: self.length,
            boundary: self.boundary,
        })
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
        self.ranges.len().saturating_add(1)
    }

    /// Renders the bytes before the content of piece `index` to `head`, and returns the range of
    /// the content that follows them.
    ///
    /// `media_type` must be that of the representation, as when the response was created. The last
    /// piece has no content. A piece after it has no head either.
    pub fn piece(&self, index: usize, media_type: &[u8], head: &mut PartHead) -> Option<ByteRange> {
        head.clear();
        let range = self.ranges.get(index).copied();
        // PART_HEAD_MAX is the sum of the longest lines, so neither can fail.
        let _: Result<(), Full> = match range {
            Some(range) => self.put_part(range, media_type, head),
            None if index == self.ranges.len() => self.put_end(head),
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
    use super::super::range::{self, ByteRange, RangeResult, Ranges};
    use super::{Multipart, PartHead, MEDIA_TYPE_MAX};

    /// Returns a body that is not complete.
    fn parsed(value: &str, complete: u64) -> Multipart<Ranges> {
        let mut multipart = Multipart::new();
        let result = range::parse(value.as_bytes(), complete, multipart.ranges_mut());
        assert_eq!(result, RangeResult::Several, "{value}");
        multipart
    }

    fn body(
        value: &str,
        complete: u64,
        media_type: &[u8],
    ) -> (Multipart<Ranges>, Vec<(String, Option<u64>)>) {
        let mut multipart = parsed(value, complete);
        let outcome = multipart.complete(complete, b"\"tag\"", media_type);
        assert_eq!(outcome, Some(()));
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
    fn copy_has_the_same_pieces() {
        let (multipart, _) = body("bytes=0-1,5-7", 10, b"text/plain");
        let copy = multipart.try_copy(|ranges| Ok::<_, ()>(ranges.to_vec()));
        let copy = copy.unwrap();
        let (mut head, mut other) = (PartHead::new(), PartHead::new());
        for n in 0..4 {
            assert_eq!(
                copy.piece(n, b"text/plain", &mut head),
                multipart.piece(n, b"text/plain", &mut other)
            );
            assert_eq!(head, other);
        }
        assert_eq!(copy.length(), multipart.length());
        assert_eq!(multipart.try_copy(|_| Err::<Vec<ByteRange>, _>(7)), Err(7));
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
        let mut multipart = parsed("bytes=0-0,2-", u64::MAX);
        assert_eq!(multipart.complete(u64::MAX, b"", b""), None);
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
