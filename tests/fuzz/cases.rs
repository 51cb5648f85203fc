// SPDX-License-Identifier: GPL-2.0-only

//! Properties that hold for all input, one function per fuzz target.
//!
//! The fuzz targets call them with generated input, `cargo test -p protocol --test corpus` with
//! every file of `corpus/`, so that each finding becomes a test.

#![allow(missing_docs, unreachable_pub)]

#[path = "cases/connection.rs"]
mod connection;
#[path = "cases/control.rs"]
mod control;
#[path = "../../src/protocol/tests/fixture/mod.rs"]
mod fixture;
#[path = "cases/log.rs"]
mod log;
#[path = "cases/target.rs"]
mod target;

pub use connection::{chunked, hand_over, session};
pub use control::{command, rule};
pub use log::log;
pub use target::target;

use fixture::NOW;
use protocol::cpio::Archive;
use protocol::http::{
    choose_coding, evaluate_preconditions, parse_range, Coding, Codings, DateMatch, EntityTags,
    FieldName, Outcome, ParseError, RangeResult, Ranges, Request, Timestamp, Validators,
    RANGES_MAX, TARGET_MAX,
};

/// Tells whether each line ends with CRLF, without control bytes other than tabs.
fn lines_are_clean(head: &[u8]) -> bool {
    let crlf = head.windows(2).filter(|pair| pair == b"\r\n").count();
    let control = head.iter().filter(|b| b.is_ascii_control() && **b != b'\t');
    head.ends_with(b"\r\n") && control.count() == 2 * crlf
}

/// Checks a head without leading empty lines, as a session parses it.
pub fn head(bytes: &[u8]) {
    let bytes = bytes.trim_ascii_start();
    let mut request = Request::new();
    match request.parse(bytes) {
        Ok(()) => {
            let head = &bytes[..request.length];
            let end = bytes.windows(4).position(|four| four == b"\r\n\r\n");
            assert_eq!(end, request.length.checked_sub(4), "it ends elsewhere");
            assert!(request.target.len() <= TARGET_MAX);
            assert!(lines_are_clean(head));
            // Bytes after the head do not matter, and a part of it is not enough.
            assert_eq!(Request::new().parse(head), Ok(()));
            for part in [head.len() - 1, head.len() / 2, head.len() / 3] {
                let outcome = Request::new().parse(&head[..part]);
                assert_eq!(outcome, Err(ParseError::Partial), "{part}");
            }
        }
        Err(ParseError::Partial) => assert!(!bytes.windows(4).any(|four| four == b"\r\n\r\n")),
        Err(ParseError::Rejected(refusal)) => {
            let status = refusal.status.code();
            assert!(matches!(status, 400 | 414 | 431 | 501 | 505));
        }
    }
}

/// Checks field lines with preconditions.
pub fn conditional(bytes: &[u8]) {
    let now = Timestamp(NOW);
    assert!(EntityTags::new(bytes).count() <= bytes.len());
    if let Some(time) = Timestamp::parse(bytes, now) {
        assert_eq!(Timestamp::parse(&time.render(), now), Some(time));
    }

    let head = [b"GET / HTTP/1.1\r\nHost: x\r\n", bytes, b"\r\n\r\n"].concat();
    let mut request = Request::new();
    if request.parse(&head).is_err() {
        return;
    }
    let outcome = |modified| {
        let current = Validators {
            etag: b"\"tag\"",
            modified: Timestamp(modified).known(),
        };
        evaluate_preconditions(&request.fields, current, DateMatch::Before, now)
    };
    let has = |name| request.fields.has(name);
    let (old, new) = (outcome(fixture::MODIFIED), outcome(NOW - 1));
    let may_fail = has(FieldName::IfMatch) || has(FieldName::IfUnmodifiedSince);
    let may_be_unmodified = has(FieldName::IfNoneMatch) || has(FieldName::IfModifiedSince);
    for outcome in [old, new] {
        assert!(outcome != Outcome::Failed || may_fail);
        assert!(outcome != Outcome::NotModified || may_be_unmodified);
    }
    // Where tags are compared, dates are ignored.
    let dates = [
        (FieldName::IfMatch, FieldName::IfUnmodifiedSince),
        (FieldName::IfNoneMatch, FieldName::IfModifiedSince),
    ];
    if dates.iter().all(|(tag, date)| has(*tag) || !has(*date)) {
        assert_eq!(old, new);
    }
    // A newer representation fails at least as often, and is unmodified at most as often.
    assert!(old != Outcome::Failed || new == Outcome::Failed);
    assert!(new != Outcome::NotModified || old == Outcome::NotModified);
}

/// Checks a `Range` field, preceded by a line with the length of the representation in decimal.
pub fn range(bytes: &[u8]) {
    let end = bytes.iter().position(|b| *b == b'\n').unwrap_or(0);
    let (length, value) = (&bytes[..end], bytes.get(end + 1..).unwrap_or_default());
    let length = std::str::from_utf8(length).unwrap_or_default();
    let length = length.parse().unwrap_or(u64::MAX);
    let mut list = Ranges::new();
    let ranges = match parse_range(value, length, &mut list) {
        RangeResult::Whole | RangeResult::Unsatisfiable => return,
        RangeResult::One(range) => vec![range],
        RangeResult::Several => list.to_vec(),
    };
    assert!((1..=RANGES_MAX).contains(&ranges.len()));
    for (n, range) in ranges.iter().enumerate() {
        assert!(range.first() <= range.last() && range.last() < length);
        assert_eq!(range.length() - 1, range.last() - range.first());
        let mut others = ranges[n + 1..].iter();
        assert!(others.all(|o| range.last() < o.first() || o.last() < range.first()));
    }
    // Further parts select enough bytes.
    let content: u128 = ranges.iter().map(|range| u128::from(range.length())).sum();
    assert!(ranges.len() <= 8 || (ranges.len() as u128 - 8) * 512 <= content);
}

/// Checks lines of `Accept-Encoding`, preceded by a byte with the available codings.
pub fn negotiation(bytes: &[u8]) {
    let Some((letter, value)) = bytes.split_first() else {
        return;
    };
    let is_there = |coding: &Coding| (letter >> (*coding as u8)) & 1 == 1;
    let available = Coding::ALL.into_iter().filter(is_there);
    let available = available.fold(Codings::default(), Codings::with);
    let chosen = choose_coding(value.split(|b| *b == b'\n'), available);
    match chosen {
        Some(coding) => assert!(available.contains(coding)),
        // Only a weight of 0 excludes the identity.
        None => assert!(!available.contains(Coding::Identity) || value.contains(&b';')),
    }
    // Several lines are equivalent to one list (RFC 9110 section 5.3).
    let lines: Vec<_> = value.split(|b| *b == b'\n').collect();
    let joined = lines.join(&b',');
    let once = choose_coding([joined.as_slice()].into_iter(), available);
    assert_eq!(once, chosen);
}

/// Checks an archive.
pub fn archive(bytes: &[u8]) {
    let within = |part: &[u8]| bytes.as_ptr_range().contains(&part.as_ptr()) || part.is_empty();
    let mut archive = Archive::new(bytes);
    let mut count = 0;
    while let Some(Ok(entry)) = archive.next() {
        count += 1;
        assert!(within(entry.name) && within(entry.content));
        assert!(entry.name.len() + entry.content.len() <= bytes.len());
        assert!(!entry.name.contains(&0));
        assert!(!(entry.is_file() && entry.is_directory()));
    }
    assert!(count <= bytes.len() / 110 && archive.next().is_none());
}
