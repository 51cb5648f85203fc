// SPDX-License-Identifier: GPL-2.0-only

//! Redirects.

use super::Responder;
use crate::http::{
    head_buffer::{
        put_slash_redirect,
        Detail,
        HeadBuffer, //
    },
    location::{
        put_redirect,
        LocationParts, //
    },
    resources::{
        Redirect,
        Resources, //
    },
    response_parts::{
        text,
        ResponseParts, //
    },
    sink::Full,
    status::Status,
    target::Path, //
};

impl<'a, S: Resources> Responder<'_, 'a, S> {
    /// Redirects to the same path with a slash at its end.
    #[inline(never)]
    pub(super) fn add_slash(
        &self,
        path: Path<'_>,
        query: Option<&[u8]>,
        lines: &mut HeadBuffer<'a>,
    ) -> ResponseParts<'a, S::Body> {
        let result = put_slash_redirect(path, query, lines);
        self.redirect_response(Status::MovedPermanently, result, lines)
    }

    /// Redirects by a rule of the site.
    #[inline(never)]
    pub(super) fn redirect(
        &self,
        redirect: Redirect<'_>,
        path: Path<'_>,
        query: Option<&[u8]>,
        lines: &mut HeadBuffer<'a>,
    ) -> ResponseParts<'a, S::Body> {
        let host = self.origin.host.unwrap_or_default();
        if host.is_empty() && redirect.needs_host() {
            return self.error(Status::BadRequest, Detail::None, lines);
        }
        let result = put_redirect(redirect, &LocationParts { host, path, query }, lines);
        self.redirect_response(redirect.status, result, lines)
    }

    /// Completes a redirect whose first lines are in `lines` if `result` is [`Ok`].
    fn redirect_response(
        &self,
        status: Status,
        result: Result<(), Full>,
        lines: &mut HeadBuffer<'a>,
    ) -> ResponseParts<'a, S::Body> {
        let result = result
            .and_then(|()| self.put_fields(status, lines))
            .and_then(|()| lines.reserve_text());
        match result {
            Ok(()) => text(status, self.is_head(), lines),
            // The location would be longer than any target that this server accepts.
            Err(Full) => self.error(Status::UriTooLong, Detail::None, lines),
        }
    }
}
