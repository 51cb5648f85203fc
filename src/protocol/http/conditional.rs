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
    },
    policy::DateMatch, //
};

/// The validators of a representation (RFC 9110 section 8.8).
#[derive(Clone, Copy, Debug)]
pub struct Validators<'s> {
    /// Strong entity tag with its quotes.
    pub etag: &'s [u8],
    /// Time of the last modification, if it is known.
    pub modified: Option<Timestamp>,
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
/// Preconditions apply to a representation; without one they are ignored (section 13.2.1), and
/// those with a date without a modification date (sections 13.1.3 and 13.1.4). `date_match` is for
/// `If-Modified-Since`.
pub fn evaluate(
    fields: &Fields<'_>,
    current: Validators<'_>,
    date_match: DateMatch,
    now: Timestamp,
) -> Outcome {
    let lists_current = |equal: fn(EntityTag<'_>, &[u8]) -> bool, name| {
        fields.lines(name).any(|line| {
            line == b"*" || EntityTags::new(line).any(|listed| equal(listed, current.etag))
        })
    };
    // A date field is no list: a repeated one is as invalid as a malformed one.
    let dates = |name| {
        let date = fields
            .once(name)
            .and_then(|value| Timestamp::parse(value, now));
        current.modified.zip(date)
    };

    if fields.has(FieldName::IfMatch) {
        if !lists_current(|listed, etag| listed.strong_eq(etag), FieldName::IfMatch) {
            return Outcome::Failed;
        }
    } else if dates(FieldName::IfUnmodifiedSince).is_some_and(|(modified, date)| modified > date) {
        return Outcome::Failed;
    }
    if fields.has(FieldName::IfNoneMatch) {
        if lists_current(|listed, etag| listed.weak_eq(etag), FieldName::IfNoneMatch) {
            return Outcome::NotModified;
        }
    } else if dates(FieldName::IfModifiedSince).is_some_and(|(modified, date)| match date_match {
        DateMatch::Exact => modified == date,
        DateMatch::Before => modified <= date,
    }) {
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
            None => current.modified.is_some_and(|modified| {
                modified < now && Timestamp::parse(value, now) == Some(modified)
            }),
        })
}
