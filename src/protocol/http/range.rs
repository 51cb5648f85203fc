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
        if !placed {
            ranges.push(joined)?;
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
mod tests {
    use super::{parse, RangeResult};

    /// Returns the ranges as `first-last`, or `whole` or `unsatisfiable`.
    fn ranges(value: &str, length: u64) -> String {
        let ranges = match parse(value.as_bytes(), length) {
            RangeResult::Whole => return "whole".to_owned(),
            RangeResult::Unsatisfiable => return "unsatisfiable".to_owned(),
            RangeResult::One(range) => vec![range],
            RangeResult::Several(ranges) => ranges.as_slice().to_vec(),
        };
        ranges
            .iter()
            .map(|range| format!("{}-{}", range.first(), range.last()))
            .collect::<Vec<_>>()
            .join(" ")
    }

    #[test]
    fn rfc9110_14_1_2_ranges_are_cut_at_the_end() {
        for (value, expected) in [
            ("bytes=0-499", "0-499"),
            ("bytes=500-999", "500-999"),
            ("bytes=-500", "500-999"),
            ("bytes=500-", "500-999"),
            ("bytes=0-0,-1", "0-0 999-999"),
            ("bytes=0-0", "0-0"),
            ("bytes=-1", "999-999"),
            ("bytes=-2000", "0-999"),
            ("bytes=990-2000", "990-999"),
            ("bytes=00-009", "0-9"),
            ("Bytes=0-9", "0-9"),
            ("bytes= 0-9 ", "0-9"),
            ("bytes=,0-9,,", "0-9"),
        ] {
            assert_eq!(ranges(value, 1000), expected, "{value}");
        }
    }

    #[test]
    fn rfc9110_14_1_2_positions_beyond_64_bits_lie_after_the_end() {
        for (value, expected) in [
            ("bytes=0-18446744073709551615", "0-999"),
            ("bytes=10-18446744073709551626", "10-999"),
            ("bytes=-18446744073709551626", "0-999"),
            ("bytes=18446744073709551615-", "unsatisfiable"),
            (
                "bytes=18446744073709551616-18446744073709551620",
                "unsatisfiable",
            ),
        ] {
            assert_eq!(ranges(value, 1000), expected, "{value}");
        }
        assert_eq!(
            ranges("bytes=0-18446744073709551615", u64::MAX),
            "0-18446744073709551614"
        );
        assert_eq!(
            ranges("bytes=18446744073709551614-", u64::MAX),
            "18446744073709551614-18446744073709551614"
        );
        assert_eq!(
            ranges("bytes=-18446744073709551615", u64::MAX),
            "0-18446744073709551614"
        );
    }

    #[test]
    fn rfc9110_14_1_1_malformed_range_set_is_ignored() {
        for value in [
            "",
            "bytes",
            "bytes=",
            "bytes=,",
            "bytes=-",
            "bytes=5-2",
            "bytes=5-2,0-9",
            "bytes=abc",
            "bytes=0-5-7",
            "bytes=1.5-3",
            "bytes=0x0-5",
            "bytes=+0-5",
            "bytes=0--5",
            "bytes=--5",
            "bytes 0-5",
            "bytes =0-5",
            "=0-5",
            "0-5",
            "bytes=0-5;6-9",
            "bytes=1 0-20",
            "bytes=0-5,x",
            "items=0-5",
        ] {
            assert_eq!(ranges(value, 1000), "whole", "{value}");
        }
    }

    #[test]
    fn rfc9110_15_5_17_ranges_outside_are_unsatisfiable() {
        for value in [
            "bytes=1000-",
            "bytes=1000-1000",
            "bytes=-0",
            "bytes=1000-1001,2000-",
        ] {
            assert_eq!(ranges(value, 1000), "unsatisfiable", "{value}");
        }
        assert_eq!(ranges("bytes=0-0", 0), "unsatisfiable");
        assert_eq!(ranges("bytes=-0", 0), "unsatisfiable");
        assert_eq!(ranges("bytes=-1", 0), "whole");
    }

    #[test]
    fn rfc9110_14_2_overlapping_or_adjacent_ranges_are_joined() {
        for (value, expected) in [
            ("bytes=0-9,20-29", "0-9 20-29"),
            ("bytes=20-29,0-9", "20-29 0-9"),
            ("bytes=0-99,50-149", "0-149"),
            ("bytes=0-9,10-19", "0-19"),
            ("bytes=10-19,0-9", "0-19"),
            ("bytes=0-0,0-0", "0-0"),
            ("bytes=0-9,20-29,5-24", "0-29"),
            ("bytes=0-9,40-49,20-29,8-41", "0-49"),
            ("bytes=0-9,100-109,20-29,8-20", "0-29 100-109"),
            ("bytes=0-9,2000-2100", "0-9"),
        ] {
            assert_eq!(ranges(value, 1000), expected, "{value}");
        }
    }

    #[test]
    fn rfc9110_17_15_more_than_eight_ranges_are_the_whole() {
        let apart = |count: u32| {
            let list: Vec<_> = (0..count)
                .map(|n| format!("{}-{}", n * 10, n * 10 + 1))
                .collect();
            format!("bytes={}", list.join(","))
        };
        assert_eq!(ranges(&apart(8), 1000).split(' ').count(), 8);
        assert_eq!(ranges(&apart(9), 1000), "whole");
        assert_eq!(
            ranges(&format!("bytes={}", vec!["0-"; 500].join(",")), 1000),
            "0-999"
        );
    }
}
