// SPDX-License-Identifier: GPL-2.0-only

//! Heads of responses, rendered once, when a site is loaded.

use super::{
    coding::Coding,
    date::Timestamp,
    sink::{
        Full,
        LengthCounter,
        Sink, //
    },
    status::Status, //
};

/// The lines that every response carries.
pub(super) const ALWAYS: &[u8] = b"Server: khttpd\r\n";

/// The line that names the field by which the representation was selected (RFC 9110 section
/// 12.5.5).
pub(super) const VARY: &[u8] = b"Vary: Accept-Encoding\r\n";

const CONTENT_TYPE: &[u8] = b"Content-Type: ";
const ETAG: &[u8] = b"ETag: ";

/// The metadata of a representation.
#[derive(Clone, Copy, Debug)]
pub struct Metadata<'f> {
    /// Length of the content in bytes.
    pub length: u64,
    /// Media type with its parameters.
    pub media_type: &'f [u8],
    /// Coding of the content.
    pub coding: Coding,
    /// Time of the last modification. A response replaces one that lies in the future (RFC 9110
    /// section 8.8.2.1).
    pub modified: Timestamp,
    /// Strong entity tag with its quotes. Each coding of a resource needs its own.
    pub etag: &'f [u8],
    /// Whether the resource is stored in several codings.
    pub vary: bool,
    /// Value of `Cache-Control`; empty for none.
    pub cache_control: &'f [u8],
    /// Further field lines, each with its CRLF, checked by the caller; empty for none.
    pub extra: &'f [u8],
}

/// The offsets of the parts of a rendered head in bytes. The first part, the status line, begins at
/// 0; the line `Last-Modified` follows it, unless the date is unknown.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct HeadOffsets {
    /// `Content-Length`.
    length: u16,
    /// `Content-Type` and `Content-Encoding`.
    media: u16,
    /// `Accept-Ranges`.
    accept: u16,
    /// `ETag`.
    etag: u16,
    /// Lines for every status but errors: `Vary` and `Cache-Control`, and then the further ones.
    common: u16,
    /// Lines for every status: further fields and [`ALWAYS`].
    further: u16,
}

/// The head of a 200, except the lines that change: `Connection`, `Date` and the empty line.
///
/// The order of the lines lets other statuses use a part of it unchanged: a 200 with another date
/// everything from `Content-Length` on, a 206 everything from `Content-Type` on, a 304 everything
/// from `ETag` on, an error page the lines about its content and the last ones. An error has no
/// `Cache-Control` of a page: it can be over in a moment.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RenderedHead<'s> {
    bytes: &'s [u8],
    offsets: HeadOffsets,
}

impl<'s> RenderedHead<'s> {
    /// Creates a head from the bytes that [`RenderedHead::render`] wrote and the offsets that it
    /// returned.
    #[inline]
    pub const fn new(bytes: &'s [u8], offsets: HeadOffsets) -> RenderedHead<'s> {
        RenderedHead { bytes, offsets }
    }

    /// Returns the number of bytes that [`RenderedHead::render`] writes.
    ///
    /// # Errors
    ///
    /// [`Full`] if the head would be longer than 65,535 bytes.
    pub fn length(metadata: &Metadata<'_>) -> Result<usize, Full> {
        let mut counter = LengthCounter::default();
        RenderedHead::render(metadata, &mut counter)?;
        Ok(counter.count())
    }

    /// Renders a head.
    ///
    /// # Errors
    ///
    /// [`Full`] if the sink is full or the head would be longer than 65,535 bytes.
    pub fn render(metadata: &Metadata<'_>, sink: &mut impl Sink) -> Result<HeadOffsets, Full> {
        let mut sink = OffsetSink { sink, offset: 0 };
        let mut offsets = HeadOffsets::default();
        sink.put(Status::Ok.line())?;
        put_modified(metadata.modified, &mut sink)?;
        offsets.length = sink.offset;
        put_length(metadata.length, &mut sink)?;
        offsets.media = sink.offset;
        put_line(CONTENT_TYPE, metadata.media_type, &mut sink)?;
        if metadata.coding != Coding::Identity {
            put_line(b"Content-Encoding: ", metadata.coding.name(), &mut sink)?;
        }
        offsets.accept = sink.offset;
        sink.put(b"Accept-Ranges: bytes\r\n")?;
        offsets.etag = sink.offset;
        put_line(ETAG, metadata.etag, &mut sink)?;
        offsets.common = sink.offset;
        if metadata.vary {
            sink.put(VARY)?;
        }
        if !metadata.cache_control.is_empty() {
            put_line(b"Cache-Control: ", metadata.cache_control, &mut sink)?;
        }
        offsets.further = sink.offset;
        sink.put(metadata.extra)?;
        sink.put(ALWAYS)?;
        Ok(offsets)
    }

    /// Returns all lines: the head of a 200.
    #[inline]
    pub const fn whole(self) -> &'s [u8] {
        self.bytes
    }

    /// Returns the line `Last-Modified`, or nothing if the date is unknown.
    #[inline]
    pub(super) fn modified_line(self) -> &'s [u8] {
        self.bytes
            .get(Status::Ok.line().len()..usize::from(self.offsets.length))
            .unwrap_or(&[])
    }

    /// Returns the lines from `Content-Length` on: those of a 200 but for its date.
    #[inline]
    pub(super) fn undated_lines(self) -> &'s [u8] {
        self.from(self.offsets.length)
    }

    /// Returns the lines from `Content-Type` on, which a 206 has in common with the 200 (RFC 9110
    /// section 15.3.7).
    #[inline]
    pub(super) fn part_lines(self) -> &'s [u8] {
        self.from(self.offsets.media)
    }

    /// Returns the lines from `Accept-Ranges` on, for a multipart, which has a type of its own.
    #[inline]
    pub(super) fn parts_lines(self) -> &'s [u8] {
        self.from(self.offsets.accept)
    }

    /// Returns the lines from `ETag` on, for a 304 (RFC 9110 section 15.4.5) and for a 206 to a
    /// client that has the other metadata.
    #[inline]
    pub(super) fn validator_lines(self) -> &'s [u8] {
        self.from(self.offsets.etag)
    }

    /// Returns the entity tag with its quotes.
    #[inline]
    pub(super) fn etag(self) -> &'s [u8] {
        value(self.bytes, ETAG, self.offsets.etag, self.offsets.common)
    }

    /// Returns the media type with its parameters.
    pub fn media_type(self) -> &'s [u8] {
        let lines = value(
            self.bytes,
            CONTENT_TYPE,
            self.offsets.media,
            self.offsets.accept,
        );
        // `Content-Encoding` may follow.
        lines.split(|byte| *byte == b'\r').next().unwrap_or(lines)
    }

    /// Returns the lines for every status.
    #[inline]
    pub(super) fn further_lines(self) -> &'s [u8] {
        self.from(self.offsets.further)
    }

    /// Returns the lines about the content: its length, type and coding.
    #[inline]
    pub(super) fn content_lines(self) -> &'s [u8] {
        self.bytes
            .get(usize::from(self.offsets.length)..usize::from(self.offsets.accept))
            .unwrap_or(&[])
    }

    fn from(self, offset: u16) -> &'s [u8] {
        self.bytes.get(usize::from(offset)..).unwrap_or(&[])
    }
}

/// Returns the value of the line with this name that begins at `from`; the CRLF after the value
/// ends at `to`.
#[inline]
fn value<'s>(bytes: &'s [u8], name: &[u8], from: u16, to: u16) -> &'s [u8] {
    let start = usize::from(from).saturating_add(name.len());
    let end = usize::from(to).saturating_sub(2);
    bytes.get(start..end).unwrap_or(&[])
}

/// A sink that counts the bytes appended to another, as far as an offset can.
struct OffsetSink<'s, S> {
    sink: &'s mut S,
    offset: u16,
}

impl<S: Sink> Sink for OffsetSink<'_, S> {
    fn put(&mut self, bytes: &[u8]) -> Result<(), Full> {
        let count = u16::try_from(bytes.len()).map_err(|_| Full)?;
        self.offset = self.offset.checked_add(count).ok_or(Full)?;
        self.sink.put(bytes)
    }
}

/// Appends a field line: `name` with its colon and space, the value, CRLF.
pub(super) fn put_line(name: &[u8], value: &[u8], sink: &mut impl Sink) -> Result<(), Full> {
    sink.put(name)?;
    sink.put(value)?;
    sink.put(b"\r\n")
}

/// Appends the line `Last-Modified`, if the date is known (RFC 9110 section 8.8.2).
pub(super) fn put_modified(modified: Timestamp, sink: &mut impl Sink) -> Result<(), Full> {
    modified.known().map_or(Ok(()), |date| {
        put_line(b"Last-Modified: ", &date.render(), sink)
    })
}

/// Appends the line `Content-Length` (RFC 9110 section 8.6).
pub(super) fn put_length(length: u64, sink: &mut impl Sink) -> Result<(), Full> {
    sink.put(b"Content-Length: ")?;
    sink.put_decimal(length)?;
    sink.put(b"\r\n")
}

#[cfg(test)]
mod tests {
    use super::{Coding, Full, Metadata, RenderedHead, Timestamp};
    use crate::http::SliceWriter;

    const METADATA: Metadata<'static> = Metadata {
        length: 612,
        media_type: b"text/html; charset=utf-8",
        coding: Coding::Gzip,
        modified: Timestamp(784_111_777),
        etag: b"\"abc\"",
        vary: true,
        cache_control: b"max-age=60",
        extra: b"X-Frame-Options: DENY\r\n",
    };

    const COMMON: &str =
        "Vary: Accept-Encoding\r\nCache-Control: max-age=60\r\nX-Frame-Options: DENY\r\n\
        Server: khttpd\r\n";

    const FURTHER: &str = "X-Frame-Options: DENY\r\nServer: khttpd\r\n";

    #[test]
    fn rfc9110_15_3_7_and_15_4_5_parts_of_the_head_fit_206_and_304() {
        let mut room = [0; 512];
        let mut writer = SliceWriter::new(&mut room);
        let offsets = RenderedHead::render(&METADATA, &mut writer).unwrap();
        let length = writer.length();
        assert_eq!(RenderedHead::length(&METADATA), Ok(length));
        let head = RenderedHead::new(&room[..length], offsets);
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();

        let content = "Content-Length: 612\r\nContent-Type: text/html; charset=utf-8\r\n\
            Content-Encoding: gzip\r\n";
        let modified = "Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT\r\n";
        let accept = "Accept-Ranges: bytes\r\n";
        let etag = format!("ETag: \"abc\"\r\n{COMMON}");
        assert_eq!(
            text(head.whole()),
            format!("HTTP/1.1 200 OK\r\n{modified}{content}{accept}{etag}")
        );
        assert_eq!(text(head.content_lines()), content);
        assert!(text(head.part_lines()).starts_with("Content-Type: "));
        assert_eq!(text(head.modified_line()), modified);
        assert_eq!(
            text(head.undated_lines()),
            format!("{content}{accept}{etag}")
        );
        assert_eq!(text(head.parts_lines()), format!("{accept}{etag}"));
        assert_eq!(text(head.validator_lines()), etag);
        assert_eq!(text(head.further_lines()), FURTHER);
        assert_eq!(head.etag(), METADATA.etag);
        assert_eq!(head.media_type(), METADATA.media_type);
    }

    #[test]
    fn head_beyond_65535_bytes_is_an_error() {
        let extra = vec![b'x'; 65_535];
        assert_eq!(
            RenderedHead::length(&Metadata {
                extra: &extra,
                ..METADATA
            }),
            Err(Full)
        );
        assert_eq!(
            RenderedHead::render(&METADATA, &mut SliceWriter::new(&mut [0; 100])),
            Err(Full)
        );
    }

    #[test]
    fn offsets_of_another_head_yield_empty_parts() {
        let mut room = [0; 512];
        let offsets = RenderedHead::render(&METADATA, &mut SliceWriter::new(&mut room)).unwrap();
        let head = RenderedHead::new(b"short", offsets);
        assert_eq!(
            (
                head.content_lines(),
                head.validator_lines(),
                head.further_lines()
            ),
            (&b""[..], &b""[..], &b""[..])
        );
        assert_eq!((head.etag(), head.media_type()), (&b""[..], &b""[..]));
    }
}
