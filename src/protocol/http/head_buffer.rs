// SPDX-License-Identifier: GPL-2.0-only

//! The lines of a head that are rendered for one reply.

use core::ops::Deref;

use super::{
    coding::Codings,
    method::ALLOW,
    multipart::{put_content_range, Multipart},
    range::ByteRange,
    rendered_head::{put_length, put_line, VARY},
    resources::Redirect,
    sink::{Full, Sink},
    status::Status,
    target::{encode, encode_query, Path},
    TARGET_MAX, //
};

/// The most bytes that are rendered: a `Location` as long as a target, and the lines about it.
const RENDERED_MAX: usize = TARGET_MAX + 256;

/// The most bytes that [`put_text`] appends.
const TEXT_MAX: usize = 128;

/// What is made for one reply: lines, and what its parts are if it has several. A reply borrows
/// both, so that it stays small.
pub(super) struct HeadBuffer {
    pub(super) lines: heapless::Vec<u8, RENDERED_MAX>,
    pub(super) parts: Option<Multipart>,
}

impl HeadBuffer {
    /// Nothing yet.
    pub(super) const fn new() -> HeadBuffer {
        HeadBuffer {
            lines: heapless::Vec::new(),
            parts: None,
        }
    }

    /// Begins anew.
    pub(super) fn clear(&mut self) {
        self.lines.clear();
        self.parts = None;
    }
}

impl Deref for HeadBuffer {
    type Target = [u8];

    #[inline]
    fn deref(&self) -> &[u8] {
        &self.lines
    }
}

impl Sink for HeadBuffer {
    #[inline]
    fn put(&mut self, bytes: &[u8]) -> Result<(), Full> {
        self.lines.put(bytes)
    }
}

/// What the head of an error tells beyond the usual.
#[derive(Clone, Copy)]
pub(super) enum Detail {
    /// Nothing.
    None,
    /// The methods that are allowed (RFC 9110 section 15.5.6).
    Allow,
    /// That another `Accept-Encoding` could have changed the reply.
    Vary,
    /// The length of the representation (RFC 9110 section 15.5.17), and whether it is one of
    /// several.
    Length(u64, Codings),
}

/// The lines about a short text.
pub(super) fn put_text(text: &[u8], lines: &mut HeadBuffer) -> Result<(), Full> {
    put_length(u64::try_from(text.len()).unwrap_or(0), lines)?;
    put_line(b"Content-Type: ", b"text/plain; charset=utf-8", lines)
}

/// The status line, and what a status tells beyond the usual.
pub(super) fn put_status(
    status: Status,
    detail: Detail,
    lines: &mut HeadBuffer,
) -> Result<(), Full> {
    lines.put(status.line())?;
    match detail {
        Detail::None => Ok(()),
        Detail::Allow => lines.put(ALLOW),
        Detail::Vary => lines.put(VARY),
        Detail::Length(length, codings) => {
            if codings.vary() {
                lines.put(VARY)?;
            }
            lines.put(b"Content-Range: bytes */")?;
            lines.put_decimal(length)?;
            lines.put(b"\r\n")
        }
    }
}

/// The head of a page that tells how the server is, which is so long and soon out of date.
pub(super) fn put_status_page(length: usize, lines: &mut HeadBuffer) -> Result<(), Full> {
    lines.put(Status::Ok.line())?;
    put_length(u64::try_from(length).unwrap_or(0), lines)?;
    put_line(b"Content-Type: ", b"text/plain; charset=utf-8", lines)?;
    put_line(b"Cache-Control: ", b"no-store", lines)
}

/// A path of ours, whatever it looks like: with two slashes in front it would name another host
/// (RFC 3986 section 4.2).
pub(super) fn put_location(
    path: Path<'_>,
    query: Option<&[u8]>,
    lines: &mut HeadBuffer,
) -> Result<(), Full> {
    let start = path.as_bytes().iter().position(|b| *b != b'/').unwrap_or(0);
    lines.put(Status::MovedPermanently.line())?;
    lines.put(b"Location: /")?;
    encode(path.as_bytes().get(start..).unwrap_or(&[]), lines)?;
    lines.put(b"/")?;
    put_query(query, lines)
}

/// Where something is that has moved. What is kept of the path goes behind the slash of the
/// location, without slashes of its own in front: those could name another host.
pub(super) fn put_moved(
    moved: Redirect<'_>,
    path: Path<'_>,
    query: Option<&[u8]>,
    lines: &mut HeadBuffer,
) -> Result<(), Full> {
    let kept = path.as_bytes().get(moved.kept..).unwrap_or(&[]);
    let start = kept.iter().position(|b| *b != b'/').unwrap_or(kept.len());
    lines.put(moved.status.line())?;
    lines.put(b"Location: ")?;
    lines.put(moved.location)?;
    encode(kept.get(start..).unwrap_or(&[]), lines)?;
    // A location with a query or a fragment of its own is where it is.
    let own = moved.location.iter().any(|b| matches!(b, b'?' | b'#'));
    put_query(query.filter(|_| !own), lines)
}

/// The end of a `Location`.
fn put_query(query: Option<&[u8]>, lines: &mut HeadBuffer) -> Result<(), Full> {
    if let Some(query) = query {
        lines.put(b"?")?;
        encode_query(query, lines)?;
    }
    lines.put(b"\r\n")?;
    // What follows must fit as well.
    (RENDERED_MAX.saturating_sub(lines.len()) >= TEXT_MAX)
        .then_some(())
        .ok_or(Full)
}

/// The first lines of a 206 with one part (RFC 9110 section 15.3.7.1).
pub(super) fn put_part(
    range: ByteRange,
    complete: u64,
    lines: &mut HeadBuffer,
) -> Result<(), Full> {
    lines.put(Status::PartialContent.line())?;
    put_length(range.length(), lines)?;
    put_content_range(range, complete, lines)
}

/// The first lines of a 206 with several parts (RFC 9110 section 15.3.7.2).
pub(super) fn put_parts(multipart: &Multipart, lines: &mut HeadBuffer) -> Result<(), Full> {
    lines.put(Status::PartialContent.line())?;
    put_length(multipart.length(), lines)?;
    lines.put(b"Content-Type: multipart/byteranges; boundary=")?;
    lines.put(multipart.boundary().as_bytes())?;
    lines.put(b"\r\n")
}
