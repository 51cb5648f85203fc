// SPDX-License-Identifier: GPL-2.0-only

//! The response to a request, except the lines about the connection.

mod options;
mod redirection;

use super::{
    coding::{
        self,
        Coding,
        Codings, //
    },
    conditional::{
        evaluate,
        if_range_matches,
        Outcome, //
    },
    date::Timestamp,
    field::{
        FieldName,
        FieldNames, //
    },
    head_buffer::{
        put_status,
        Detail,
        HeadBuffer, //
    },
    method::Method,
    origin::Origin,
    range::{
        self,
        ByteRange,
        RangeResult,
        Ranges, //
    },
    request::Request,
    resources::{
        Lookup,
        Representation,
        Resources, //
    },
    response::{
        Body,
        ResponseRoom, //
    },
    response_parts::{
        dated,
        not_modified,
        one_part,
        several_parts,
        text,
        void,
        ResponseParts, //
    },
    scheme::Scheme,
    sink::{
        Full,
        Sink, //
    },
    status::Status,
    step::Deferral,
    target::{
        Path,
        Target,
        TargetForm, //
    }, //
};

/// The context of a response.
struct Responder<'b, 'a, S> {
    request: &'b Request<'b>,
    site: &'a S,
    origin: Origin<'b>,
    /// Path of the target, once it is decoded.
    path: Option<Path<'b>>,
    now: Timestamp,
    /// Whether the process or the worker that the request is for does not take it.
    is_refused: bool,
}

/// Creates the response to a request on a connection of `scheme`.
///
/// If the request is for others, `deferral` is set to their destination. The response is void then, or
/// a 503 if the request `is_refused`.
#[inline]
pub(super) fn respond<'a, S: Resources>(
    request: &Request<'_>,
    scheme: Scheme,
    site: &'a S,
    now: Timestamp,
    room: &mut ResponseRoom<'a>,
    is_refused: bool,
    deferral: &mut Option<Deferral>,
) -> ResponseParts<'a, S::Body> {
    let ResponseRoom { path, lines } = room;
    lines.clear();
    let host = request.host.map(|host| host.as_bytes());
    let mut responder = Responder {
        request,
        site,
        origin: Origin { scheme, host },
        path: None,
        now,
        is_refused,
    };
    let target = match TargetForm::parse(request.target, scheme) {
        Ok(TargetForm::Path(target)) => target,
        Ok(TargetForm::Asterisk) => return responder.asterisk(lines),
        Err(status) => return responder.no_path(status, lines),
    };
    if let Some(host) = target.host {
        responder.origin.host = Some(host.as_bytes());
    }
    match target.decode(path, || site.policy().slashes) {
        Ok(Some(path)) => {
            responder.path = Some(path);
            responder.look_up(target, path, lines, deferral)
        }
        Ok(None) => responder.no_path(Status::NotFound, lines),
        Err(_) => responder.no_path(Status::BadRequest, lines),
    }
}

impl<'a, S: Resources> Responder<'_, 'a, S> {
    /// Looks up the path.
    #[inline]
    fn look_up(
        &self,
        target: Target<'_>,
        path: Path<'_>,
        lines: &mut HeadBuffer<'a>,
        deferral: &mut Option<Deferral>,
    ) -> ResponseParts<'a, S::Body> {
        if let Some(status) = self.request.unsupported() {
            let response;
            (*deferral, response) = self.unsupported(status, target, path, lines);
            return response;
        }
        match self.site.find(self.origin, path) {
            Lookup::NotFound => self.error(Status::NotFound, Detail::None, lines),
            Lookup::HandOver(process) => {
                *deferral = Some(Deferral::Process(process));
                self.refuse(Status::ServiceUnavailable, true, lines)
            }
            found if self.request.method == Method::Options => self.options(found, path, lines),
            Lookup::Resource(resource, codings) => self.negotiate(resource, codings, lines),
            Lookup::MissingSlash => self.add_slash(path, target.query, lines),
            Lookup::Redirect(redirect) => self.redirect(redirect, path, target.query, lines),
            Lookup::Metrics(number) => {
                *deferral = Some(Deferral::Metrics(number));
                self.refuse(Status::ServiceUnavailable, true, lines)
            }
        }
    }

    /// Responds to a request that khttpd does not support: a process may, or another server to which
    /// the site redirects its clients.
    #[inline(never)]
    fn unsupported(
        &self,
        status: Status,
        target: Target<'_>,
        path: Path<'_>,
        lines: &mut HeadBuffer<'a>,
    ) -> (Option<Deferral>, ResponseParts<'a, S::Body>) {
        let found = self.site.find(self.origin, path);
        let process = match (self.request.method, found) {
            (Method::NotAllowed | Method::Unknown, _) => self.site.process(self.origin, path),
            (_, Lookup::HandOver(process)) => Some(process),
            _ => None,
        };
        let response = match found {
            Lookup::Redirect(redirect) if process.is_none() => {
                self.redirect(redirect, path, target.query, lines)
            }
            _ => self.refuse(status, process.is_some(), lines),
        };
        (process.map(Deferral::Process), response)
    }

    /// Sends the error of a request whose target names nothing, with this status unless khttpd does
    /// not support the request at all.
    #[inline(never)]
    fn no_path(&self, status: Status, lines: &mut HeadBuffer<'a>) -> ResponseParts<'a, S::Body> {
        self.refuse(self.request.unsupported().unwrap_or(status), false, lines)
    }

    /// Sends the error of a request that only others can serve: a 503 if there are any and they do
    /// not take the request, and nothing before that is known.
    #[inline(never)]
    fn refuse(
        &self,
        status: Status,
        has_others: bool,
        lines: &mut HeadBuffer<'a>,
    ) -> ResponseParts<'a, S::Body> {
        let (status, detail) = match status {
            _ if has_others && !self.is_refused => return void(),
            _ if has_others => (Status::ServiceUnavailable, Detail::RetryAfter),
            Status::MethodNotAllowed => (status, Detail::Allow),
            _ => (status, Detail::None),
        };
        self.error(status, detail, lines)
    }

    /// Selects a representation (RFC 9110 section 12.1).
    #[inline]
    fn negotiate(
        &self,
        resource: S::Resource,
        codings: Codings,
        lines: &mut HeadBuffer<'a>,
    ) -> ResponseParts<'a, S::Body> {
        const CONDITIONAL: FieldNames = FieldNames::of(&[
            FieldName::IfMatch,
            FieldName::IfModifiedSince,
            FieldName::IfNoneMatch,
            FieldName::IfUnmodifiedSince,
            FieldName::Range,
        ]);
        let fields = &self.request.fields;
        let selected =
            if fields.has(FieldName::AcceptEncoding) || !codings.contains(Coding::Identity) {
                coding::choose(fields.lines(FieldName::AcceptEncoding), codings)
            } else {
                Some(Coding::Identity)
            };
        let Some(coding) = selected else {
            return self.error(Status::NotAcceptable, Detail::Vary, lines);
        };
        match self.site.representation(resource, coding) {
            Some(whole) if !fields.has_any(CONDITIONAL) => self.whole(&whole, lines),
            Some(representation) => self.evaluate(representation, codings, lines),
            None => self.error(Status::InternalServerError, Detail::None, lines),
        }
    }

    /// Evaluates the preconditions and the range.
    #[inline(never)]
    fn evaluate(
        &self,
        representation: Representation<'a, S::Body>,
        codings: Codings,
        lines: &mut HeadBuffer<'a>,
    ) -> ResponseParts<'a, S::Body> {
        let fields = &self.request.fields;
        let dates = self.site.policy().if_modified_since;
        match evaluate(fields, representation.validators(), dates, self.now) {
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
        // `Range` is defined for GET only. It is no list: a repeated one is invalid.
        let range = fields
            .once(FieldName::Range)
            .filter(|_| self.request.method == Method::Get);
        match range {
            Some(value) if if_range_matches(fields, representation.validators(), self.now) => {
                self.partial(value, &representation, codings, lines)
            }
            Some(_) | None => self.whole(&representation, lines),
        }
    }

    /// Sends the whole representation.
    #[inline]
    fn whole(
        &self,
        representation: &Representation<'a, S::Body>,
        lines: &mut HeadBuffer<'a>,
    ) -> ResponseParts<'a, S::Body> {
        let body = match ByteRange::whole(representation.length) {
            Some(range) if self.request.method == Method::Get => {
                Body::Slice(representation.body, range)
            }
            Some(_) | None => Body::Empty,
        };
        ResponseParts {
            status: Status::Ok,
            head: if representation.modified <= self.now {
                [representation.head.whole(), &[]]
            } else {
                dated(representation, self.now, lines)
            },
            body,
        }
    }

    /// Sends the ranges of a `Range` field.
    #[inline(never)]
    fn partial(
        &self,
        value: &[u8],
        representation: &Representation<'a, S::Body>,
        codings: Codings,
        lines: &mut HeadBuffer<'a>,
    ) -> ResponseParts<'a, S::Body> {
        // A client that sends `If-Range` has the other metadata (RFC 9110 section 15.3.7).
        let date = (!self.request.fields.has(FieldName::IfRange)).then_some(self.now);
        let parse = |ranges: &mut Ranges| range::parse(value, representation.length, ranges);
        match lines.ranges().map_or(RangeResult::Whole, parse) {
            RangeResult::Whole => self.whole(representation, lines),
            RangeResult::Unsatisfiable => {
                let detail = Detail::Length(representation.length, codings);
                self.error(Status::RangeNotSatisfiable, detail, lines)
            }
            RangeResult::One(range) => one_part(range, representation, date, lines),
            RangeResult::Several => several_parts(representation, date, lines)
                .unwrap_or_else(|| self.whole(representation, lines)),
        }
    }

    /// Sends an error with the page of the site, or else with a short text.
    #[inline(never)]
    fn error(
        &self,
        status: Status,
        detail: Detail,
        lines: &mut HeadBuffer<'a>,
    ) -> ResponseParts<'a, S::Body> {
        lines.clear();
        // The lines of a detail and the fields always fit into an empty buffer.
        let _: Result<(), Full> =
            put_status(status, detail, lines).and_then(|()| self.put_fields(status, lines));
        let page = self.site.error_page(self.origin, status);
        let Some(page) = page.filter(|page| lines.put(page.head.content_lines()).is_ok()) else {
            return text(status, self.is_head(), lines);
        };
        let body = match ByteRange::whole(page.length) {
            Some(range) if !self.is_head() => Body::Slice(page.body, range),
            Some(_) | None => Body::Empty,
        };
        ResponseParts {
            status,
            head: [lines.finish(), page.head.further_lines()],
            body,
        }
    }

    /// Appends the further field lines of a response that is no representation. A target without a
    /// path has none.
    fn put_fields(&self, status: Status, lines: &mut HeadBuffer<'a>) -> Result<(), Full> {
        self.path.map_or(Ok(()), |path| {
            self.site.put_fields(self.origin, path, status, lines)
        })
    }

    /// Returns whether the response has no content because the method is HEAD.
    #[inline]
    fn is_head(&self) -> bool {
        self.request.method == Method::Head
    }
}
