// SPDX-License-Identifier: GPL-2.0-only

//! Preconditions (RFC 9110 section 13).

use super::{
    date::Timestamp,
    etag::{
        EntityTag,
        EntityTags, //
    },
    field::{
        FieldName,
        Fields, //
    }, //
};

/// The validators of a representation (RFC 9110 section 8.8).
#[derive(Clone, Copy, Debug)]
pub struct Validators<'s> {
    /// Strong entity tag with its quotes.
    pub etag: &'s [u8],
    /// Time of the last modification.
    pub modified: Timestamp,
}

/// The result of the preconditions of a request.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// The request is performed.
    Perform,
    /// 304: the client has the current representation.
    NotModified,
    /// 412: the client refers to another representation.
    Failed,
}

/// Evaluates the preconditions of a GET or HEAD, except `If-Range`, in the order of RFC 9110
/// section 13.2.2.
///
/// Preconditions apply to a representation; without one they are ignored (section 13.2.1).
pub fn evaluate(fields: &Fields<'_>, current: Validators<'_>, now: Timestamp) -> Outcome {
    let lists_current = |equal: fn(EntityTag<'_>, &[u8]) -> bool, name| {
        fields.lines(name).any(|line| {
            line == b"*" || EntityTags::new(line).any(|listed| equal(listed, current.etag))
        })
    };
    // A date field is no list: a repeated one is as invalid as a malformed one.
    let date = |name| {
        fields
            .once(name)
            .and_then(|value| Timestamp::parse(value, now))
    };

    if fields.has(FieldName::IfMatch) {
        if !lists_current(|listed, etag| listed.strong_eq(etag), FieldName::IfMatch) {
            return Outcome::Failed;
        }
    } else if date(FieldName::IfUnmodifiedSince).is_some_and(|date| current.modified > date) {
        return Outcome::Failed;
    }
    if fields.has(FieldName::IfNoneMatch) {
        if lists_current(|listed, etag| listed.weak_eq(etag), FieldName::IfNoneMatch) {
            return Outcome::NotModified;
        }
    } else if date(FieldName::IfModifiedSince).is_some_and(|date| current.modified <= date) {
        return Outcome::NotModified;
    }
    Outcome::Perform
}

/// Returns whether `If-Range` lets the `Range` field apply (RFC 9110 section 13.1.5).
///
/// A tag is compared strongly. A date must equal the modification date, which must be a strong
/// validator: it is one once its second is over, since then no change within that second can
/// follow (section 8.8.2.2).
pub(super) fn if_range_matches(
    fields: &Fields<'_>,
    current: Validators<'_>,
    now: Timestamp,
) -> bool {
    if !fields.has(FieldName::IfRange) {
        return true;
    }
    fields
        .once(FieldName::IfRange)
        .is_some_and(|value| match EntityTag::parse(value) {
            Some(tag) => tag.strong_eq(current.etag),
            None => {
                Timestamp::parse(value, now) == Some(current.modified) && current.modified < now
            }
        })
}
