// SPDX-License-Identifier: GPL-2.0-only

//! Heads that are rendered once, when a site is loaded.

use super::{
    coding::Coding,
    date::Timestamp,
    sink::{Full, LengthCounter, Sink},
    status::Status, //
};

/// The lines that every reply of khttpd carries, whatever it is about.
pub(super) const ALWAYS: &[u8] = b"Server: khttpd\r\n";

/// The line that tells caches which field chose the representation (RFC 9110 section 12.5.5).
pub(super) const VARY: &[u8] = b"Vary: Accept-Encoding\r\n";

const CONTENT_TYPE: &[u8] = b"Content-Type: ";
const ETAG: &[u8] = b"ETag: ";

/// What a loader knows of a representation.
#[derive(Clone, Copy, Debug)]
pub struct Metadata<'f> {
    /// The length of the content in bytes.
    pub length: u64,
    /// The media type with its parameters.
    pub media_type: &'f [u8],
    /// How the content is coded.
    pub coding: Coding,
    /// When the content was last changed. It must not lie in the future (RFC 9110 section 8.8.2.1).
    pub modified: Timestamp,
    /// The strong entity tag with its quotes. Each coding of a resource needs its own.
    pub etag: &'f [u8],
    /// Whether the resource is stored in several codings.
    pub vary: bool,
    /// The value of `Cache-Control`; empty for none.
    pub cache_control: &'f [u8],
    /// Further field lines, each with its CRLF, checked by the loader; empty for none.
    pub extra: &'f [u8],
}

/// Where the parts of a prepared head begin, in bytes. The first part, the status line, begins at
/// 0.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct HeadOffsets {
    /// `Content-Length`.
    length: u16,
    /// `Content-Type` and `Content-Encoding`.
    media: u16,
    /// `Last-Modified` and `Accept-Ranges`.
    modified: u16,
    /// `ETag`.
    etag: u16,
    /// What is said with every status: `Vary`, `Cache-Control`, further fields, [`ALWAYS`].
    common: u16,
}

/// The head of a `200`, all but the lines that change: `Connection`, `Date` and the empty line.
///
/// The order of the lines lets the other statuses use a part of it as it is: 206 all from
/// `Content-Type` on, 304 all from `ETag` on, an error page the lines about its content and the
/// common ones.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RenderedHead<'s> {
    bytes: &'s [u8],
    cuts: HeadOffsets,
}

impl<'s> RenderedHead<'s> {
    /// A head that [`RenderedHead::render`] wrote, with the cuts that it returned.
    #[inline]
    pub const fn new(bytes: &'s [u8], cuts: HeadOffsets) -> RenderedHead<'s> {
        RenderedHead { bytes, cuts }
    }

    /// The bytes that [`RenderedHead::render`] needs.
    pub fn length(facts: &Metadata<'_>) -> Result<usize, Full> {
        let mut counter = LengthCounter::default();
        RenderedHead::render(facts, &mut counter)?;
        Ok(counter.count())
    }

    /// Renders a head. It fails if the sink is full or the head would be longer than 65,535 bytes.
    pub fn render(facts: &Metadata<'_>, sink: &mut impl Sink) -> Result<HeadOffsets, Full> {
        let mut sink = Measured { sink, written: 0 };
        let mut cuts = HeadOffsets::default();
        sink.put(Status::Ok.line())?;
        cuts.length = sink.written;
        put_length(facts.length, &mut sink)?;
        cuts.media = sink.written;
        put_line(CONTENT_TYPE, facts.media_type, &mut sink)?;
        if facts.coding != Coding::Identity {
            put_line(b"Content-Encoding: ", facts.coding.name(), &mut sink)?;
        }
        cuts.modified = sink.written;
        put_line(b"Last-Modified: ", &facts.modified.render(), &mut sink)?;
        sink.put(b"Accept-Ranges: bytes\r\n")?;
        cuts.etag = sink.written;
        put_line(ETAG, facts.etag, &mut sink)?;
        cuts.common = sink.written;
        if facts.vary {
            sink.put(VARY)?;
        }
        if !facts.cache_control.is_empty() {
            put_line(b"Cache-Control: ", facts.cache_control, &mut sink)?;
        }
        sink.put(facts.extra)?;
        sink.put(ALWAYS)?;
        Ok(cuts)
    }

    /// Where the parts begin.
    #[inline]
    pub const fn cuts(self) -> HeadOffsets {
        self.cuts
    }

    /// All of it: the head of a 200.
    #[inline]
    pub const fn whole(self) -> &'s [u8] {
        self.bytes
    }

    /// From `Content-Type` on: what a 206 has in common with the 200 (RFC 9110 section 15.3.7).
    #[inline]
    pub(super) fn part_lines(self) -> &'s [u8] {
        self.from(self.cuts.media)
    }

    /// From `Last-Modified` on: the same for a multipart, which has a type of its own.
    #[inline]
    pub(super) fn parts_lines(self) -> &'s [u8] {
        self.from(self.cuts.modified)
    }

    /// From `ETag` on: what a 304 carries (RFC 9110 section 15.4.5), and a 206 to somebody who
    /// knows the rest.
    #[inline]
    pub(super) fn validator_lines(self) -> &'s [u8] {
        self.from(self.cuts.etag)
    }

    /// The entity tag with its quotes.
    #[inline]
    pub(super) fn etag(self) -> &'s [u8] {
        value(self.bytes, ETAG, self.cuts.etag, self.cuts.common)
    }

    /// The media type with its parameters.
    pub fn media_type(self) -> &'s [u8] {
        let lines = value(
            self.bytes,
            CONTENT_TYPE,
            self.cuts.media,
            self.cuts.modified,
        );
        // There may be another line behind it.
        lines.split(|byte| *byte == b'\r').next().unwrap_or(lines)
    }

    /// What is said with every status.
    #[inline]
    pub(super) fn common_lines(self) -> &'s [u8] {
        self.from(self.cuts.common)
    }

    /// The lines about the content: its length, type and coding.
    #[inline]
    pub(super) fn content_lines(self) -> &'s [u8] {
        self.bytes
            .get(usize::from(self.cuts.length)..usize::from(self.cuts.modified))
            .unwrap_or(&[])
    }

    fn from(self, cut: u16) -> &'s [u8] {
        self.bytes.get(usize::from(cut)..).unwrap_or(&[])
    }
}

/// What stands between the name of a line that begins at `from` and the CRLF in front of `to`.
#[inline]
fn value<'s>(bytes: &'s [u8], name: &[u8], from: u16, to: u16) -> &'s [u8] {
    let start = usize::from(from).saturating_add(name.len());
    let end = usize::from(to).saturating_sub(2);
    bytes.get(start..end).unwrap_or(&[])
}

/// Counts what goes through it, up to what a cut can tell.
struct Measured<'s, S> {
    sink: &'s mut S,
    written: u16,
}

impl<S: Sink> Sink for Measured<'_, S> {
    fn put(&mut self, bytes: &[u8]) -> Result<(), Full> {
        let count = u16::try_from(bytes.len()).map_err(|_| Full)?;
        self.written = self.written.checked_add(count).ok_or(Full)?;
        self.sink.put(bytes)
    }
}

/// A field line: its name with the colon and the space, its value, CRLF.
pub(super) fn put_line(name: &[u8], value: &[u8], sink: &mut impl Sink) -> Result<(), Full> {
    sink.put(name)?;
    sink.put(value)?;
    sink.put(b"\r\n")
}

/// The line `Content-Length` (RFC 9110 section 8.6).
pub(super) fn put_length(length: u64, sink: &mut impl Sink) -> Result<(), Full> {
    sink.put(b"Content-Length: ")?;
    sink.put_decimal(length)?;
    sink.put(b"\r\n")
}

#[cfg(test)]
mod tests {
    use super::{Coding, Full, Metadata, RenderedHead, Timestamp};
    use crate::http::SliceWriter;

    const FACTS: Metadata<'static> = Metadata {
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

    #[test]
    fn rfc9110_15_3_7_and_15_4_5_parts_serve_other_statuses() {
        let mut room = [0; 512];
        let mut writer = SliceWriter::new(&mut room);
        let cuts = RenderedHead::render(&FACTS, &mut writer).unwrap();
        let length = writer.length();
        assert_eq!(RenderedHead::length(&FACTS), Ok(length));
        let head = RenderedHead::new(&room[..length], cuts);
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();

        let content = "Content-Length: 612\r\nContent-Type: text/html; charset=utf-8\r\n\
            Content-Encoding: gzip\r\n";
        let modified = "Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT\r\nAccept-Ranges: bytes\r\n";
        let etag = format!("ETag: \"abc\"\r\n{COMMON}");
        assert_eq!(
            text(head.whole()),
            format!("HTTP/1.1 200 OK\r\n{content}{modified}{etag}")
        );
        assert_eq!(text(head.content_lines()), content);
        assert!(text(head.part_lines()).starts_with("Content-Type: "));
        assert_eq!(text(head.parts_lines()), format!("{modified}{etag}"));
        assert_eq!(text(head.validator_lines()), etag);
        assert_eq!(text(head.common_lines()), COMMON);
        assert_eq!(head.etag(), FACTS.etag);
        assert_eq!(head.media_type(), FACTS.media_type);
    }

    #[test]
    fn a_head_that_is_too_long_is_refused() {
        let extra = vec![b'x'; 65_535];
        assert_eq!(
            RenderedHead::length(&Metadata {
                extra: &extra,
                ..FACTS
            }),
            Err(Full)
        );
        assert_eq!(
            RenderedHead::render(&FACTS, &mut SliceWriter::new(&mut [0; 100])),
            Err(Full)
        );
    }

    #[test]
    fn cuts_of_another_head_give_nothing() {
        let mut room = [0; 512];
        let cuts = RenderedHead::render(&FACTS, &mut SliceWriter::new(&mut room)).unwrap();
        let head = RenderedHead::new(b"short", cuts);
        assert_eq!(
            (
                head.content_lines(),
                head.validator_lines(),
                head.common_lines()
            ),
            (&b""[..], &b""[..], &b""[..])
        );
        assert_eq!((head.etag(), head.media_type()), (&b""[..], &b""[..]));
    }
}
