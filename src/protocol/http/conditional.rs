// SPDX-License-Identifier: GPL-2.0-only

//! Preconditions (RFC 9110 section 13).

use super::{
    date::Timestamp,
    etag::{EntityTag, EntityTags},
    field::{FieldName, Fields}, //
};

/// What identifies the state of a representation (RFC 9110 section 8.8).
#[derive(Clone, Copy, Debug)]
pub struct Validators<'s> {
    /// The strong entity tag with its quotes.
    pub etag: &'s [u8],
    /// The time of the last change.
    pub modified: Timestamp,
}

/// What the preconditions of a request come to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// The request is to be performed.
    Perform,
    /// 304: the client has this representation already.
    NotModified,
    /// 412: the client means another representation.
    Failed,
}

/// Evaluates the preconditions of a GET or HEAD in the order of RFC 9110 section 13.2.2, all but
/// `If-Range`.
///
/// Preconditions are met by a representation: without one there is nothing to evaluate (section
/// 13.2.1).
pub fn evaluate(fields: &Fields<'_>, current: Validators<'_>, now: Timestamp) -> Outcome {
    let names = |tag: fn(EntityTag<'_>, &[u8]) -> bool, name| {
        fields.lines(name).any(|line| {
            line == b"*" || EntityTags::new(line).any(|theirs| tag(theirs, current.etag))
        })
    };
    // A date field is no list: one that came twice is as invalid as one that does not parse.
    let date = |name| {
        fields
            .once(name)
            .and_then(|value| Timestamp::parse(value, now))
    };

    if fields.has(FieldName::IfMatch) {
        if !names(|theirs, ours| theirs.strong_eq(ours), FieldName::IfMatch) {
            return Outcome::Failed;
        }
    } else if date(FieldName::IfUnmodifiedSince).is_some_and(|date| current.modified > date) {
        return Outcome::Failed;
    }
    if fields.has(FieldName::IfNoneMatch) {
        if names(|theirs, ours| theirs.weak_eq(ours), FieldName::IfNoneMatch) {
            return Outcome::NotModified;
        }
    } else if date(FieldName::IfModifiedSince).is_some_and(|date| current.modified <= date) {
        return Outcome::NotModified;
    }
    Outcome::Perform
}

/// Whether a `Range` may be honoured as far as `If-Range` goes (RFC 9110 section 13.1.5).
///
/// A tag is compared strongly. A date must be the exact one, and strong itself: nothing can have
/// changed unseen within its second (section 8.8.2.2), which holds when that second is over.
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
            Some(theirs) => theirs.strong_eq(current.etag),
            None => {
                Timestamp::parse(value, now) == Some(current.modified) && current.modified < now
            }
        })
}
