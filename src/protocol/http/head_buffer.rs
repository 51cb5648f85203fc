// SPDX-License-Identifier: GPL-2.0-only

//! The lines of heads that are rendered for the responses of a burst.

use super::{
    coding::Codings,
    limits::TARGET_MAX,
    method::ALLOW,
    multipart::{
        put_content_range,
        Multipart, //
    },
    percent::{
        encode_path,
        encode_query, //
    },
    range::{
        ByteRange,
        Ranges, //
    },
    rendered_head::{
        put_length,
        put_line,
        VARY, //
    },
    sink::{
        Full,
        Sink, //
    },
    status::Status,
    target::Path, //
};
use core::mem;

/// Bound of the lines of one response in bytes: a `Location` as long as a target, and the lines
/// around it.
const RENDERED_MAX: usize = TARGET_MAX + 256;

/// Room for the lines of the responses of a burst in bytes: some dozens of common length before one
/// of any length.
pub(super) const LINES_ROOM: usize = 4096 + RENDERED_MAX;

/// Room for the lines that [`put_text`] appends.
const TEXT_MAX: usize = 128;

/// The lines that are rendered for one response, at the front of the room that the responses before
/// it have left. A response borrows its lines, and its parts if it has several, so that it stays
/// small.
pub(super) struct HeadBuffer<'a> {
    free: &'a mut [u8],
    length: usize,
    /// Room for the parts of one response.
    parts: Option<&'a mut Multipart<Ranges>>,
}

impl<'a> HeadBuffer<'a> {
    /// Creates an empty buffer.
    #[inline]
    pub(super) fn new(room: &'a mut [u8], parts: &'a mut Multipart<Ranges>) -> HeadBuffer<'a> {
        HeadBuffer {
            free: room,
            length: 0,
            parts: Some(parts),
        }
    }

    /// Returns whether the room suffices for any response.
    #[inline]
    pub(super) fn has_room(&self) -> bool {
        self.free.len() >= RENDERED_MAX && self.parts.is_some()
    }

    /// Checks that the lines that [`put_text`] appends fit as well.
    pub(super) fn reserve_text(&self) -> Result<(), Full> {
        (RENDERED_MAX.saturating_sub(self.length) >= TEXT_MAX)
            .then_some(())
            .ok_or(Full)
    }

    /// Empties the buffer.
    #[inline]
    pub(super) fn clear(&mut self) {
        self.length = 0;
    }

    /// Returns the lines, which keep their room, and empties the buffer.
    #[inline]
    pub(super) fn finish(&mut self) -> &'a [u8] {
        let room = mem::take(&mut self.free);
        let (lines, free) = room
            .split_at_mut_checked(mem::take(&mut self.length))
            .unwrap_or_default();
        self.free = free;
        lines
    }

    /// Returns the list of the ranges of a request, unless another response has its room.
    #[inline]
    pub(super) fn ranges(&mut self) -> Option<&mut Ranges> {
        self.parts.as_mut().map(|parts| parts.ranges_mut())
    }

    /// Returns the parts of a response, which keep their room.
    pub(super) fn take_parts(&mut self) -> Option<&'a mut Multipart<Ranges>> {
        self.parts.take()
    }
}

impl Sink for HeadBuffer<'_> {
    #[inline]
    fn put(&mut self, bytes: &[u8]) -> Result<(), Full> {
        let end = self.length.checked_add(bytes.len()).ok_or(Full)?;
        if end > RENDERED_MAX {
            return Err(Full);
        }
        self.free
            .get_mut(self.length..end)
            .ok_or(Full)?
            .copy_from_slice(bytes);
        self.length = end;
        Ok(())
    }
}

/// The lines that the head of an error needs beyond the common ones.
#[derive(Clone, Copy)]
pub(super) enum Detail {
    /// None.
    None,
    /// `Allow`: the allowed methods (RFC 9110 section 15.5.6).
    Allow,
    /// `Retry-After`: a second (RFC 9110 section 10.2.3).
    RetryAfter,
    /// `Vary`: another `Accept-Encoding` could change the response.
    Vary,
    /// `Content-Range`: the length of the representation (RFC 9110 section 15.5.17), with `Vary` if
    /// these codings are several.
    Length(u64, Codings),
}

/// Appends the lines about a short text.
pub(super) fn put_text(text: &[u8], lines: &mut HeadBuffer<'_>) -> Result<(), Full> {
    put_length(u64::try_from(text.len()).unwrap_or(0), lines)?;
    put_line(b"Content-Type: ", b"text/plain; charset=utf-8", lines)
}

/// Appends the status line and the lines of `detail`.
pub(super) fn put_status(
    status: Status,
    detail: Detail,
    lines: &mut HeadBuffer<'_>,
) -> Result<(), Full> {
    lines.put(status.line())?;
    match detail {
        Detail::None => Ok(()),
        Detail::Allow => lines.put(ALLOW),
        Detail::RetryAfter => lines.put(b"Retry-After: 1\r\n"),
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

/// Appends the first lines of a response to OPTIONS (RFC 9110 section 9.3.7).
pub(super) fn put_options(detail: Detail, lines: &mut HeadBuffer<'_>) -> Result<(), Full> {
    put_status(Status::Ok, detail, lines)?;
    put_length(0, lines)
}

/// Appends the first lines of a redirect to `path` with a slash at its end.
///
/// Only one slash is left at the beginning: two would name another host (RFC 3986 section 4.2).
pub(super) fn put_slash_redirect(
    path: Path<'_>,
    query: Option<&[u8]>,
    lines: &mut HeadBuffer<'_>,
) -> Result<(), Full> {
    let start = path.as_bytes().iter().position(|b| *b != b'/').unwrap_or(0);
    lines.put(Status::MovedPermanently.line())?;
    lines.put(b"Location: /")?;
    encode_path(path.as_bytes().get(start..).unwrap_or(&[]), lines)?;
    lines.put(b"/")?;
    put_query(query, lines)
}

/// Appends the query and the end of a `Location`.
pub(super) fn put_query(query: Option<&[u8]>, lines: &mut HeadBuffer<'_>) -> Result<(), Full> {
    if let Some(query) = query {
        lines.put(b"?")?;
        encode_query(query, lines)?;
    }
    lines.put(b"\r\n")
}

/// Appends the first lines of a 206 with one part (RFC 9110 section 15.3.7.1).
pub(super) fn put_part(
    range: ByteRange,
    complete_length: u64,
    lines: &mut HeadBuffer<'_>,
) -> Result<(), Full> {
    lines.put(Status::PartialContent.line())?;
    put_length(range.length(), lines)?;
    put_content_range(range, complete_length, lines)
}

/// Appends the first lines of a 206 with several parts (RFC 9110 section 15.3.7.2).
pub(super) fn put_parts(
    multipart: &Multipart<Ranges>,
    lines: &mut HeadBuffer<'_>,
) -> Result<(), Full> {
    lines.put(Status::PartialContent.line())?;
    put_length(multipart.length(), lines)?;
    lines.put(b"Content-Type: multipart/byteranges; boundary=")?;
    lines.put(multipart.boundary().as_bytes())?;
    lines.put(b"\r\n")
}
