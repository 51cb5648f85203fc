// SPDX-License-Identifier: GPL-2.0-only

//! Byte ranges (RFC 9110 section 14).

use super::{
    field::elements,
    limits::RANGES_MAX, //
};
use crate::bytes::{
    parse_number,
    split_once, //
};
use core::ops::Deref;

/// A range of bytes of a representation that is not empty.
///
/// # Invariants
///
/// `first <= last`, and `last` is less than the length of the representation.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ByteRange {
    first: u64,
    last: u64,
}

impl ByteRange {
    /// Returns the range of a whole representation of `length` bytes, or [`None`] if it is empty.
    #[inline]
    pub const fn whole(length: u64) -> Option<ByteRange> {
        match length.checked_sub(1) {
            // INVARIANT: `last` is one less than the length, hence `first <= last`.
            Some(last) => Some(ByteRange { first: 0, last }),
            None => None,
        }
    }

    /// Returns the position of the first byte.
    #[inline]
    pub const fn first(self) -> u64 {
        self.first
    }

    /// Returns the position of the last byte.
    #[inline]
    pub const fn last(self) -> u64 {
        self.last
    }

    /// Returns the number of bytes, which is never 0.
    #[inline]
    pub const fn length(self) -> u64 {
        // By the type invariants this neither underflows nor overflows.
        self.last.wrapping_sub(self.first).wrapping_add(1)
    }

    /// Returns the range that covers both, if they overlap or are adjacent.
    fn join(self, other: ByteRange) -> Option<ByteRange> {
        let apart =
            self.last.saturating_add(1) < other.first || other.last.saturating_add(1) < self.first;
        // INVARIANT: Both positions are those of valid ranges.
        (!apart).then(|| ByteRange {
            first: self.first.min(other.first),
            last: self.last.max(other.last),
        })
    }
}

/// A `range-spec` (RFC 9110 section 14.1.1).
#[derive(Clone, Copy)]
enum RangeSpec {
    /// Bytes from a position to another, or to the end.
    From(u64, Option<u64>),
    /// This number of bytes at the end.
    Suffix(u64),
}

impl RangeSpec {
    fn parse(text: &[u8]) -> Option<RangeSpec> {
        match split_once(text, b'-')? {
            (b"", suffix) => Some(RangeSpec::Suffix(position(suffix)?)),
            (first, b"") => Some(RangeSpec::From(position(first)?, None)),
            (first, last) => {
                let (first, last) = (position(first)?, position(last)?);
                (first <= last).then_some(RangeSpec::From(first, Some(last)))
            }
        }
    }

    /// Returns the range in a representation of `length` bytes, or [`None`] if it lies outside.
    fn resolve(self, length: u64) -> Option<ByteRange> {
        let end = length.checked_sub(1)?;
        let (first, last) = match self {
            RangeSpec::From(first, last) => (first, last.unwrap_or(end).min(end)),
            RangeSpec::Suffix(0) => return None,
            RangeSpec::Suffix(count) => (length.saturating_sub(count), end),
        };
        // INVARIANT: `last` is at most the last position, and `first` is at most `last`.
        (first <= last).then_some(ByteRange { first, last })
    }
}

/// Parses a position. One beyond 64 bits lies after the end of every representation.
fn position(text: &[u8]) -> Option<u64> {
    let is_number = !text.is_empty() && text.iter().all(u8::is_ascii_digit);
    is_number.then(|| parse_number(text, 10).unwrap_or(u64::MAX))
}

/// At most [`RANGES_MAX`] ranges that neither overlap nor are adjacent, in the requested order.
#[derive(PartialEq, Eq, Debug, Default)]
pub struct Ranges {
    list: heapless::Vec<ByteRange, RANGES_MAX>,
    /// Position after the last byte of all ranges.
    end: u64,
}

impl Ranges {
    /// Creates an empty list.
    pub const fn new() -> Ranges {
        Ranges {
            list: heapless::Vec::new(),
            end: 0,
        }
    }

    /// Removes all ranges.
    fn clear(&mut self) {
        self.list.clear();
        self.end = 0;
    }

    /// Adds a range, joined with all ranges that it overlaps or is adjacent to. Returns [`None`] if
    /// there is no room.
    ///
    /// A joined range has the position of its first part.
    fn add(&mut self, range: ByteRange) -> Option<()> {
        // As nearly all clients send them.
        let is_behind_all = range.first > self.end;
        self.end = self.end.max(range.last.saturating_add(1));
        if is_behind_all {
            return self.list.push(range).ok();
        }
        // The ranges lie apart, so the joined range is near none but those that `range` is near.
        let join = |all: ByteRange, near: &ByteRange| {
            let both = near.join(range).and_then(|both| both.join(all));
            both.unwrap_or(all)
        };
        let mut joined = Some(self.list.iter().fold(range, join));
        self.list.retain_mut(|near| {
            if near.join(range).is_none() {
                return true;
            }
            joined.take().is_some_and(|joined| {
                *near = joined;
                true
            })
        });
        joined.map_or(Some(()), |range| self.list.push(range).ok())
    }

    /// Returns whether the ranges select enough bytes for a response to `requested` ranges: many
    /// small ones cost the server more than the client (RFC 9110 section 17.15).
    fn are_worth(&self, requested: usize) -> bool {
        let content = self
            .iter()
            .fold(0, |sum: u64, range| sum.saturating_add(range.length()));
        let further = requested.saturating_sub(FREE_RANGES);
        u64::try_from(further).is_ok_and(|further| further <= content.wrapping_div(RANGE_WORTH))
    }
}

impl Deref for Ranges {
    type Target = [ByteRange];

    #[inline]
    fn deref(&self) -> &[ByteRange] {
        &self.list
    }
}

/// Number of ranges that a request may have however few bytes they select.
const FREE_RANGES: usize = 8;

/// Number of selected bytes for which a request may have a further range: the head of a part and
/// the work to send it cost about as much as these.
const RANGE_WORTH: u64 = 512;

/// The part of a representation that a `Range` field selects (RFC 9110 section 14.2).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RangeResult {
    /// The whole: the field is ignored, as malformed or as too expensive.
    Whole,
    /// One range.
    One(ByteRange),
    /// Several ranges that lie apart: those of the list.
    Several,
    /// No range lies inside the representation: 416.
    Unsatisfiable,
}

/// Parses a `Range` field for a representation of `length` bytes. `ranges` becomes the list of the
/// selected ranges, unless the whole is selected.
///
/// One malformed range makes the whole set invalid. A set of more than [`RANGES_MAX`] ranges is
/// ignored, and one of more than eight that selects fewer than 512 bytes for each further range.
///
/// # Examples
///
/// ```
/// use protocol::http::{parse_range, RangeResult, Ranges};
///
/// let mut ranges = Ranges::new();
/// let range = parse_range(b"bytes=-500", 1000, &mut ranges);
/// assert!(matches!(range, RangeResult::One(range) if range.first() == 500));
/// assert_eq!(parse_range(b"bytes=0-9,20-29", 1000, &mut ranges), RangeResult::Several);
/// assert_eq!(ranges.len(), 2);
/// assert_eq!(parse_range(b"bytes=1000-", 1000, &mut ranges), RangeResult::Unsatisfiable);
/// assert_eq!(parse_range(b"lines=1-2", 1000, &mut ranges), RangeResult::Whole);
/// ```
pub fn parse(value: &[u8], length: u64, ranges: &mut Ranges) -> RangeResult {
    match split_once(value, b'=') {
        Some((unit, set)) if unit.eq_ignore_ascii_case(b"bytes") => {
            parse_set(set, length, ranges).unwrap_or(RangeResult::Whole)
        }
        Some(_) | None => RangeResult::Whole,
    }
}

/// Parses a `range-set`. Returns [`None`] if it is to be ignored.
fn parse_set(set: &[u8], length: u64, ranges: &mut Ranges) -> Option<RangeResult> {
    ranges.clear();
    let mut requested = 0usize;
    for text in elements(set) {
        requested = requested.saturating_add(1);
        if requested > RANGES_MAX {
            return None;
        }
        let spec = RangeSpec::parse(text)?;
        match spec.resolve(length) {
            Some(range) => ranges.add(range)?,
            // A suffix of an empty representation is satisfiable, but `Content-Range` cannot
            // express it (section 14.1.2).
            None if length == 0 && matches!(spec, RangeSpec::Suffix(1..)) => return None,
            None => {}
        }
    }
    match &**ranges {
        [] if requested == 0 => None,
        [] => Some(RangeResult::Unsatisfiable),
        [_, ..] if !ranges.are_worth(requested) => None,
        [one] => Some(RangeResult::One(*one)),
        [..] => Some(RangeResult::Several),
    }
}

#[cfg(test)]
mod tests;
