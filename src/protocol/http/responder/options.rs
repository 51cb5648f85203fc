// SPDX-License-Identifier: GPL-2.0-only

//! Responses to OPTIONS (RFC 9110 section 9.3.7).

use super::Responder;
use crate::http::{
    field::FieldName,
    head_buffer::{
        put_options,
        Detail,
        HeadBuffer, //
    },
    method::Method,
    rendered_head::ALWAYS,
    resources::{
        Lookup,
        Resources, //
    },
    response_parts::{
        empty,
        ResponseParts, //
    },
    sink::Full,
    status::Status,
    target::Path, //
};

impl<'a, S: Resources> Responder<'_, 'a, S> {
    /// Responds to a request about the server itself (RFC 9112 section 3.2.4).
    #[inline(never)]
    pub(super) fn asterisk(&self, lines: &mut HeadBuffer<'a>) -> ResponseParts<'a, S::Body> {
        if self.request.method == Method::Options && self.request.unsupported().is_none() {
            let _: Result<(), Full> = put_options(Detail::Allow, lines);
            return empty(Status::Ok, ALWAYS, lines);
        }
        self.no_path(Status::BadRequest, lines)
    }

    /// Responds to OPTIONS for a path that leads to something, with the fields that rules add to it:
    /// by them a client decides whether it may send the request that it asks about (Fetch
    /// standard, "CORS preflight").
    ///
    /// Such a client ignores `Allow`, and where a process takes other methods it would be wrong.
    #[inline(never)]
    pub(super) fn options(
        &self,
        found: Lookup<'_, S::Resource>,
        path: Path<'_>,
        lines: &mut HeadBuffer<'a>,
    ) -> ResponseParts<'a, S::Body> {
        let is_preflight = self
            .request
            .fields
            .has(FieldName::AccessControlRequestMethod);
        let detail = if is_preflight || self.site.process(self.origin, path).is_some() {
            Detail::None
        } else {
            Detail::Allow
        };
        let representation = match found {
            Lookup::Resource(resource, codings) => codings
                .any()
                .and_then(|coding| self.site.representation(resource, coding)),
            _ => None,
        };
        let _: Result<(), Full> = put_options(detail, lines);
        let last = match representation {
            Some(found) => found.head.further_lines(),
            None => {
                let _: Result<(), Full> = self.put_fields(Status::Ok, lines);
                ALWAYS
            }
        };
        empty(Status::Ok, last, lines)
    }
}
