// SPDX-License-Identifier: GPL-2.0-only

//! Responses without the lines about the connection, by kind.

use super::{
    clock::{
        Clock,
        Persistence, //
    },
    coding::Coding,
    date::Timestamp,
    head_buffer::{
        put_part,
        put_parts,
        put_status,
        put_text,
        Detail,
        HeadBuffer, //
    },
    range::ByteRange,
    rendered_head::ALWAYS,
    request::Rejection,
    resources::Representation,
    response::{
        Body,
        Disposition,
        Response,
        ResponseRoom, //
    },
    sink::{
        Full,
        Sink, //
    },
    status::Status, //
};

/// A response without the last lines of its head.
pub(super) struct ResponseParts<'a, B> {
    pub(super) status: Status,
    pub(super) head: [&'a [u8]; 2],
    pub(super) body: Body<'a, B>,
}

/// Creates the response to a head that is rejected, whatever the site. The connection ends after it.
#[inline(never)]
pub(super) fn reject<'a, B>(
    rejection: Rejection,
    clock: &'a Clock,
    room: &mut ResponseRoom<'a>,
) -> Response<'a, B> {
    let lines = &mut room.lines;
    lines.clear();
    let _: Result<(), Full> = put_status(rejection.status, Detail::None, lines);
    let ResponseParts {
        status,
        head: [first, second],
        body,
    } = text(rejection.status, rejection.head_only, lines);
    Response {
        status,
        head: [first, second, clock.tail(Persistence::Ended)],
        body,
        disposition: Disposition::Linger,
    }
}

/// Completes the head in `lines` for a short text.
pub(super) fn text<'a, B>(
    status: Status,
    head_only: bool,
    lines: &mut HeadBuffer<'a>,
) -> ResponseParts<'a, B> {
    let _: Result<(), Full> = put_text(status.text(), lines);
    let body = if head_only {
        Body::Empty
    } else {
        Body::Text(status.text())
    };
    ResponseParts {
        status,
        head: [lines.finish(), ALWAYS],
        body,
    }
}

/// Completes the head in `lines` with these last lines; there is no content.
pub(super) fn empty<'a, B>(
    status: Status,
    last: &'a [u8],
    lines: &mut HeadBuffer<'a>,
) -> ResponseParts<'a, B> {
    ResponseParts {
        status,
        head: [lines.finish(), last],
        body: Body::Empty,
    }
}

/// Creates the response to a request that khttpd does not respond to.
pub(super) const fn void<'a, B>() -> ResponseParts<'a, B> {
    ResponseParts {
        status: Status::ServiceUnavailable,
        head: [b"", b""],
        body: Body::Empty,
    }
}

/// Returns the head of a 200 whose modification date lies in the future, with the present one instead.
#[inline(never)]
pub(super) fn dated<'a, B>(
    representation: &Representation<'a, B>,
    now: Timestamp,
    lines: &mut HeadBuffer<'a>,
) -> [&'a [u8]; 2] {
    lines.clear();
    let _: Result<(), Full> = lines
        .put(Status::Ok.line())
        .and_then(|()| representation.put_modified(now, lines));
    [lines.finish(), representation.head.undated_lines()]
}

/// Creates a 304 (RFC 9110 section 15.4.5).
pub(super) fn not_modified<'a, B>(representation: &Representation<'a, B>) -> ResponseParts<'a, B> {
    ResponseParts {
        status: Status::NotModified,
        head: [
            Status::NotModified.line(),
            representation.head.validator_lines(),
        ],
        body: Body::Empty,
    }
}

/// Creates a 206 with a single part (RFC 9110 section 15.3.7.1). Without the date `now`, the client
/// has the other metadata.
pub(super) fn one_part<'a, B: Copy>(
    range: ByteRange,
    representation: &Representation<'a, B>,
    now: Option<Timestamp>,
    lines: &mut HeadBuffer<'a>,
) -> ResponseParts<'a, B> {
    let head = representation.head;
    let _: Result<(), Full> = put_part(range, representation.length, lines);
    let rest = match now {
        Some(now) => {
            let _: Result<(), Full> = representation.put_modified(now, lines);
            head.part_lines()
        }
        None => head.validator_lines(),
    };
    ResponseParts {
        status: Status::PartialContent,
        head: [lines.finish(), rest],
        body: Body::Slice(representation.body, range),
    }
}

/// Creates a 206 with several parts (RFC 9110 section 15.3.7.2), whose ranges are those in `lines`.
/// Returns [`None`] if the whole representation must be sent instead. `now` is as for [`one_part`].
///
/// In a multipart, `Content-Encoding` would refer to the multipart itself. So a coded
/// representation is sent whole: a server may ignore a range.
pub(super) fn several_parts<'a, B: Copy>(
    representation: &Representation<'a, B>,
    now: Option<Timestamp>,
    lines: &mut HeadBuffer<'a>,
) -> Option<ResponseParts<'a, B>> {
    if representation.coding != Coding::Identity {
        return None;
    }
    let head = representation.head;
    let multipart = lines.take_parts()?;
    multipart.complete(representation.length, head.etag(), head.media_type())?;
    put_parts(multipart, lines).ok()?;
    let rest = match now {
        Some(now) => {
            representation.put_modified(now, lines).ok()?;
            head.parts_lines()
        }
        None => head.validator_lines(),
    };
    Some(ResponseParts {
        status: Status::PartialContent,
        head: [lines.finish(), rest],
        body: Body::Multipart(representation.body, multipart),
    })
}
