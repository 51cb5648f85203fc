// SPDX-License-Identifier: GPL-2.0-only

//! From a request and a site to a reply, all but what concerns the connection.

use super::{
    coding::{self, Coding, Codings},
    conditional::{evaluate, if_range_matches, Outcome},
    date::Timestamp,
    field::{FieldName, FieldNames},
    head_buffer::{
        put_location, put_moved, put_part, put_parts, put_status, put_status_page, put_text,
        Detail, HeadBuffer,
    },
    method::Method,
    multipart::Multipart,
    range::{self, ByteRange, RangeResult, Ranges},
    rendered_head::{put_length, ALWAYS},
    request::{Expectation, Rejection, Request},
    resources::{Lookup, Redirect, Representation, Resources},
    response::{Body, Scratch},
    sink::{Full, Sink},
    status::Status,
    target::{Path, Target, TargetForm}, //
};

/// A reply without its last lines.
pub(super) struct ResponseParts<'a, B> {
    pub(super) status: Status,
    pub(super) head: [&'a [u8]; 2],
    pub(super) body: Body<'a, B>,
}

/// What all steps of an answer need.
struct Responder<'b, 'a, S> {
    request: &'b Request<'b>,
    site: &'a S,
    host: Option<&'b [u8]>,
    now: Timestamp,
}

/// Answers a request.
#[inline]
pub(super) fn answer<'a, S: Resources>(
    request: &Request<'_>,
    site: &'a S,
    now: Timestamp,
    scratch: &'a mut Scratch,
) -> ResponseParts<'a, S::Body> {
    let Scratch { path, lines } = scratch;
    lines.clear();
    let host = request.host.map(|host| host.as_bytes());
    let mut asker = Responder {
        request,
        site,
        host,
        now,
    };
    match request.method {
        Method::Get | Method::Head | Method::Options => {}
        Method::NotAllowed => return asker.error(Status::MethodNotAllowed, Detail::Allow, lines),
        Method::Unknown => return asker.error(Status::NotImplemented, Detail::None, lines),
    }
    if request.expectation == Expectation::Unknown {
        return asker.error(Status::ExpectationFailed, Detail::None, lines);
    }
    let target = match TargetForm::parse(request.target) {
        Ok(TargetForm::Path(target)) => target,
        Ok(TargetForm::Asterisk) if request.method == Method::Options => return options(lines),
        Ok(TargetForm::Asterisk) => return asker.error(Status::BadRequest, Detail::None, lines),
        Err(status) => return asker.error(status, Detail::None, lines),
    };
    asker.host = target.host.map_or(asker.host, |host| Some(host.as_bytes()));
    match target.decode(path) {
        Ok(Some(path)) => asker.look_up(target, path, lines),
        Ok(None) => asker.error(Status::NotFound, Detail::None, lines),
        Err(_) => asker.error(Status::BadRequest, Detail::None, lines),
    }
}

impl<'a, S: Resources> Responder<'_, 'a, S> {
    fn look_up(
        &self,
        target: Target<'_>,
        path: Path<'_>,
        lines: &'a mut HeadBuffer,
    ) -> ResponseParts<'a, S::Body> {
        match self.site.find(self.host, path) {
            Lookup::Nothing => self.error(Status::NotFound, Detail::None, lines),
            _ if self.request.method == Method::Options => options(lines),
            Lookup::Resource(resource, codings) => self.negotiate(resource, codings, lines),
            Lookup::Directory => self.add_slash(path, target.query, lines),
            Lookup::Redirect(moved) => self.redirect(moved, path, target.query, lines),
            Lookup::Status => self.status(lines),
        }
    }

    /// Chooses a representation (RFC 9110 section 12.1). Mostly that is all there is to be decided.
    fn negotiate(
        &self,
        resource: S::Resource,
        codings: Codings,
        lines: &'a mut HeadBuffer,
    ) -> ResponseParts<'a, S::Body> {
        const CONDITIONAL: FieldNames = FieldNames::of(&[
            FieldName::IfMatch,
            FieldName::IfModifiedSince,
            FieldName::IfNoneMatch,
            FieldName::IfUnmodifiedSince,
            FieldName::Range,
        ]);
        let fields = &self.request.fields;
        let chosen = if fields.has(FieldName::AcceptEncoding) || !codings.contain(Coding::Identity)
        {
            coding::choose(fields.lines(FieldName::AcceptEncoding), codings)
        } else {
            Some(Coding::Identity)
        };
        let Some(coding) = chosen else {
            return self.error(Status::NotAcceptable, Detail::Vary, lines);
        };
        match self.site.representation(resource, coding) {
            Some(whole) if !fields.has_any(CONDITIONAL) => self.whole(&whole),
            Some(representation) => self.condition(representation, codings, lines),
            None => self.error(Status::InternalServerError, Detail::None, lines),
        }
    }

    /// Evaluates the preconditions, then looks whether all of it is wanted.
    #[inline(never)]
    fn condition(
        &self,
        representation: Representation<'a, S::Body>,
        codings: Codings,
        lines: &'a mut HeadBuffer,
    ) -> ResponseParts<'a, S::Body> {
        let fields = &self.request.fields;
        match evaluate(fields, representation.validators(), self.now) {
            Outcome::Perform => {}
            Outcome::NotModified => return not_modified(&representation),
            Outcome::Failed => {
                let detail = if codings.vary() {
                    Detail::Vary
                } else {
                    Detail::None
                };
                return self.error(Status::PreconditionFailed, detail, lines);
            }
        }
        // Range is defined for GET only, and it is no list: one that came twice is invalid.
        let range = fields
            .once(FieldName::Range)
            .filter(|_| self.request.method == Method::Get);
        match range {
            Some(value) if if_range_matches(fields, representation.validators(), self.now) => {
                self.part(value, &representation, codings, lines)
            }
            Some(_) | None => self.whole(&representation),
        }
    }

    #[inline]
    fn whole(&self, representation: &Representation<'a, S::Body>) -> ResponseParts<'a, S::Body> {
        let body = match ByteRange::whole(representation.length) {
            Some(range) if self.request.method == Method::Get => {
                Body::Slice(representation.body, range)
            }
            Some(_) | None => Body::Empty,
        };
        ResponseParts {
            status: Status::Ok,
            head: [representation.head.whole(), &[]],
            body,
        }
    }

    #[inline(never)]
    fn part(
        &self,
        value: &[u8],
        representation: &Representation<'a, S::Body>,
        codings: Codings,
        lines: &'a mut HeadBuffer,
    ) -> ResponseParts<'a, S::Body> {
        // Who sends If-Range has the rest of the metadata already (RFC 9110 section 15.3.7).
        let known = self.request.fields.has(FieldName::IfRange);
        match range::parse(value, representation.length) {
            RangeResult::Whole => self.whole(representation),
            RangeResult::Nothing => {
                let detail = Detail::Length(representation.length, codings);
                self.error(Status::RangeNotSatisfiable, detail, lines)
            }
            RangeResult::One(range) => one_part(range, representation, known, lines),
            RangeResult::Several(ranges) => {
                match several_parts(ranges, representation, known, lines) {
                    Some(answer) => answer,
                    None => self.whole(representation),
                }
            }
        }
    }

    /// Sends the client to the same path with a slash at its end.
    #[inline(never)]
    fn add_slash(
        &self,
        path: Path<'_>,
        query: Option<&[u8]>,
        lines: &'a mut HeadBuffer,
    ) -> ResponseParts<'a, S::Body> {
        let put = put_location(path, query, lines);
        self.redirect_response(Status::MovedPermanently, put, lines)
    }

    /// Sends the client to where a rule of the site says.
    #[inline(never)]
    fn redirect(
        &self,
        moved: Redirect<'_>,
        path: Path<'_>,
        query: Option<&[u8]>,
        lines: &'a mut HeadBuffer,
    ) -> ResponseParts<'a, S::Body> {
        let put = put_moved(moved, path, query, lines);
        self.redirect_response(moved.status, put, lines)
    }

    fn redirect_response(
        &self,
        status: Status,
        put: Result<(), Full>,
        lines: &'a mut HeadBuffer,
    ) -> ResponseParts<'a, S::Body> {
        match put {
            Ok(()) => text(status, self.is_head(), lines),
            // Escaped, it would be longer than any target this server takes.
            Err(Full) => self.error(Status::UriTooLong, Detail::None, lines),
        }
    }

    /// What the server tells of itself: its lines, and behind them in the same room their head.
    #[inline(never)]
    fn status(&self, lines: &'a mut HeadBuffer) -> ResponseParts<'a, S::Body> {
        let put = self.site.put_status(lines);
        let length = lines.len();
        if put.and_then(|()| put_status_page(length, lines)).is_err() {
            return self.error(Status::InternalServerError, Detail::None, lines);
        }
        let lines: &'a [u8] = lines;
        let (text, head) = lines.split_at_checked(length).unwrap_or((&[], lines));
        ResponseParts {
            status: Status::Ok,
            head: [head, ALWAYS],
            body: if self.is_head() {
                Body::Empty
            } else {
                Body::Text(text)
            },
        }
    }

    /// An error with the page of the site, or with a short text.
    #[inline(never)]
    fn error(
        &self,
        status: Status,
        detail: Detail,
        lines: &'a mut HeadBuffer,
    ) -> ResponseParts<'a, S::Body> {
        // It fits: the lines of a detail are short, and there is nothing before them.
        lines.clear();
        let _: Result<(), Full> = put_status(status, detail, lines);
        let page = self.site.error_page(self.host, status);
        let Some(page) = page.filter(|page| lines.put(page.head.content_lines()).is_ok()) else {
            return text(status, self.is_head(), lines);
        };
        let body = match ByteRange::whole(page.length) {
            Some(range) if !self.is_head() => Body::Slice(page.body, range),
            Some(_) | None => Body::Empty,
        };
        ResponseParts {
            status,
            head: [lines, page.head.common_lines()],
            body,
        }
    }

    #[inline]
    fn is_head(&self) -> bool {
        self.request.method == Method::Head
    }
}

/// The reply to a head that is no request, or to no request at all. It does not need a site.
#[inline(never)]
pub(super) fn refuse<B>(refusal: Rejection, scratch: &mut Scratch) -> ResponseParts<'_, B> {
    let lines = &mut scratch.lines;
    lines.clear();
    let _: Result<(), Full> = put_status(refusal.status, Detail::None, lines);
    text(refusal.status, refusal.head_only, lines)
}

/// Completes the head in `lines` with what says that a short text follows.
fn text<B>(status: Status, head_only: bool, lines: &mut HeadBuffer) -> ResponseParts<'_, B> {
    let _: Result<(), Full> = put_text(status.text(), lines);
    let body = if head_only {
        Body::Empty
    } else {
        Body::Text(status.text())
    };
    ResponseParts {
        status,
        head: [lines, ALWAYS],
        body,
    }
}

/// What this server can do (RFC 9110 section 9.3.7).
fn options<B>(lines: &mut HeadBuffer) -> ResponseParts<'_, B> {
    let _: Result<(), Full> =
        put_status(Status::Ok, Detail::Allow, lines).and_then(|()| put_length(0, lines));
    ResponseParts {
        status: Status::Ok,
        head: [lines, ALWAYS],
        body: Body::Empty,
    }
}

/// RFC 9110 section 15.4.5.
fn not_modified<'a, B>(representation: &Representation<'a, B>) -> ResponseParts<'a, B> {
    ResponseParts {
        status: Status::NotModified,
        head: [
            Status::NotModified.line(),
            representation.head.validator_lines(),
        ],
        body: Body::Empty,
    }
}

/// A single part (RFC 9110 section 15.3.7.1).
fn one_part<'a, B: Copy>(
    range: ByteRange,
    representation: &Representation<'a, B>,
    known: bool,
    lines: &'a mut HeadBuffer,
) -> ResponseParts<'a, B> {
    let head = representation.head;
    let _: Result<(), Full> = put_part(range, representation.length, lines);
    let rest = if known {
        head.validator_lines()
    } else {
        head.part_lines()
    };
    ResponseParts {
        status: Status::PartialContent,
        head: [lines, rest],
        body: Body::Slice(representation.body, range),
    }
}

/// Several parts (RFC 9110 section 15.3.7.2); [`None`] where the whole is the better reply.
///
/// In a multipart, `Content-Encoding` would be understood to be that of the multipart itself, so a
/// coded representation is sent whole: a server may ignore a range.
fn several_parts<'a, B: Copy>(
    ranges: Ranges,
    representation: &Representation<'a, B>,
    known: bool,
    lines: &'a mut HeadBuffer,
) -> Option<ResponseParts<'a, B>> {
    if representation.coding != Coding::Identity {
        return None;
    }
    let multipart = Multipart::new(
        ranges,
        representation.length,
        representation.head.etag(),
        representation.head.media_type(),
    )?;
    put_parts(&multipart, lines).ok()?;
    let HeadBuffer { lines, parts } = lines;
    let head = representation.head;
    let rest = if known {
        head.validator_lines()
    } else {
        head.parts_lines()
    };
    Some(ResponseParts {
        status: Status::PartialContent,
        head: [lines, rest],
        body: Body::Multipart(representation.body, parts.insert(multipart)),
    })
}
