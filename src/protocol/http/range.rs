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
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Ranges {
    list: [ByteRange; RANGES_MAX],
    count: u8,
}

impl Ranges {
    const NONE: Ranges = Ranges {
        list: [ByteRange { first: 0, last: 0 }; RANGES_MAX],
        count: 0,
    };

    /// Returns the ranges.
    #[inline]
    pub fn as_slice(&self) -> &[ByteRange] {
        self.list.get(..usize::from(self.count)).unwrap_or(&[])
    }

    /// Adds a range, joined with all ranges that it overlaps or is adjacent to. Returns [`None`] if
    /// there is no room.
    ///
    /// A joined range has the position of its first part.
    fn add(&mut self, range: ByteRange) -> Option<()> {
        let is_apart = |near: &ByteRange| near.join(range).is_none();
        if self.as_slice().iter().all(is_apart) {
            return self.push(range);
        }
        let mut joined = range;
        // A range that grew can overlap one that was compared before, hence one pass per range.
        for _ in self.as_slice() {
            joined = self
                .as_slice()
                .iter()
                .fold(joined, |all, near| near.join(all).unwrap_or(all));
        }
        let mut ranges = Ranges::NONE;
        let mut placed = false;
        for near in self.as_slice() {
            if near.join(joined).is_none() {
                ranges.push(*near)?;
            } else if !placed {
                placed = true;
                ranges.push(joined)?;
            }
        }
        *self = ranges;
        Some(())
    }

    fn push(&mut self, range: ByteRange) -> Option<()> {
        *self.list.get_mut(usize::from(self.count))? = range;
        self.count = self.count.checked_add(1)?;
        Some(())
    }
}

/// The part of a representation that a `Range` field selects (RFC 9110 section 14.2).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RangeResult {
    /// The whole: the field is ignored, as malformed or as too expensive.
    Whole,
    /// One range.
    One(ByteRange),
    /// Several ranges that lie apart.
    Several(Ranges),
    /// No range lies inside the representation: 416.
    Unsatisfiable,
}

/// Parses a `Range` field for a representation of `length` bytes.
///
/// One malformed range makes the whole set invalid. A set of more than [`RANGES_MAX`] ranges that
/// lie apart is ignored, because many small ranges cost the server more than the client (section
/// 17.15).
///
/// # Examples
///
/// ```
/// use protocol::http::{parse_range, RangeResult};
///
/// let range = parse_range(b"bytes=-500", 1000);
/// assert!(matches!(range, RangeResult::One(range) if range.first() == 500));
/// assert_eq!(parse_range(b"bytes=1000-", 1000), RangeResult::Unsatisfiable);
/// assert_eq!(parse_range(b"lines=1-2", 1000), RangeResult::Whole);
/// ```
pub fn parse(value: &[u8], length: u64) -> RangeResult {
    match split_once(value, b'=') {
        Some((unit, set)) if unit.eq_ignore_ascii_case(b"bytes") => {
            parse_set(set, length).unwrap_or(RangeResult::Whole)
        }
        Some(_) | None => RangeResult::Whole,
    }
}

/// Parses a `range-set`. Returns [`None`] if it is to be ignored.
fn parse_set(set: &[u8], length: u64) -> Option<RangeResult> {
    let mut ranges = Ranges::NONE;
    let mut is_empty = true;
    for text in elements(set) {
        is_empty = false;
        let spec = RangeSpec::parse(text)?;
        match spec.resolve(length) {
            Some(range) => ranges.add(range)?,
            // A suffix of an empty representation is satisfiable, but `Content-Range` cannot
            // express it (section 14.1.2).
            None if length == 0 && matches!(spec, RangeSpec::Suffix(1..)) => return None,
            None => {}
        }
    }
    Some(match ranges.as_slice() {
        [] if is_empty => return None,
        [] => RangeResult::Unsatisfiable,
        [one] => RangeResult::One(*one),
        [..] => RangeResult::Several(ranges),
    })
}

#[cfg(test)]
mod tests;
