// SPDX-License-Identifier: GPL-2.0-only

//! Tests of ranges.

use super::{parse, RangeResult, Ranges};

/// Returns the ranges as `first-last`, or `whole` or `unsatisfiable`.
fn ranges(value: &str, length: u64) -> String {
    // That of an earlier request.
    let mut list = Ranges::new();
    parse(b"bytes=1-1,3-3,5-", u64::MAX, &mut list);
    let one;
    let ranges = match parse(value.as_bytes(), length, &mut list) {
        RangeResult::Whole => return "whole".to_owned(),
        RangeResult::Unsatisfiable => return "unsatisfiable".to_owned(),
        RangeResult::One(range) => {
            one = [range];
            &one[..]
        }
        RangeResult::Several => &list,
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

/// Returns `count` ranges of `size` bytes, one each `step` bytes.
fn apart(count: u64, size: u64, step: u64) -> Vec<String> {
    let range = |n| format!("{}-{}", n * step, n * step + size - 1);
    (0..count).map(range).collect()
}

/// Returns how many parts a response to these ranges has: 0 for the whole.
fn parts(list: &[String]) -> usize {
    let ranges = ranges(&format!("bytes={}", list.join(",")), 1 << 30);
    match &*ranges {
        "whole" => 0,
        _ => ranges.split(' ').count(),
    }
}

#[test]
fn many_ranges_are_served_if_they_select_enough() {
    for (count, size) in [(64, 2048), (64, 4096), (255, 1024), (256, 512), (72, 456)] {
        let mut list = apart(count, size, 2 * size);
        let count = list.len();
        assert_eq!(parts(&list), count);
        list.reverse();
        assert_eq!(parts(&list), count);
    }
    // One of them selects enough for all.
    let mut list = apart(100, 1, 10);
    list.push("1000000-1046079".to_owned());
    assert_eq!(parts(&list), 0);
    list.push("2000000-2002047".to_owned());
    assert_eq!(parts(&list), 102);
}

#[test]
fn rfc9110_17_15_many_small_or_overlapping_ranges_are_the_whole() {
    assert_eq!(parts(&apart(8, 1, 2)), 8);
    assert_eq!(parts(&apart(9, 1, 2)), 0);
    assert_eq!(parts(&apart(64, 448, 2048)), 64);
    assert_eq!(parts(&apart(64, 447, 2048)), 0);
    assert_eq!(parts(&apart(257, 4096, 8192)), 0);
    assert_eq!(parts(&vec!["0-".to_owned(); 256]), 1);
    assert_eq!(parts(&vec!["0-".to_owned(); 257]), 0);
    assert_eq!(parts(&vec!["0-511".to_owned(); 9]), 1);
    assert_eq!(parts(&vec!["0-511".to_owned(); 10]), 0);
    assert_eq!(parts(&vec!["0-0".to_owned(); 9]), 0);
    // Those outside count.
    assert_eq!(ranges("bytes=0-0,5-,5-,5-,5-,5-,5-,5-", 2), "0-0");
    assert_eq!(ranges("bytes=0-0,5-,5-,5-,5-,5-,5-,5-,5-", 2), "whole");
    let outside = ["5-"; 200].join(",");
    assert_eq!(ranges(&format!("bytes={outside}"), 2), "unsatisfiable");
}
