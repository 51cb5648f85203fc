// SPDX-License-Identifier: GPL-2.0-only

//! Ranges (RFC 9110 section 14) and `If-Range` (section 13.1.5).

mod fixture;

use fixture::{get, get_from, lacks, plain, request, Feature, Memory, Received, MODIFIED};
use protocol::http::Coding;

fn ranged(value: &str) -> Received {
    get("/range.txt", &format!("Range: {value}\r\n"))
}

fn letters() -> Vec<u8> {
    get("/range.txt", "").body
}

#[test]
fn rfc9110_15_3_7_1_one_range_is_one_part() {
    for (value, first, last) in [
        ("bytes=0-0", 0, 0),
        ("bytes=500-", 500, 999),
        ("bytes=-500", 500, 999),
        ("bytes=990-2000", 990, 999),
        ("bytes=10-18446744073709551626", 10, 999),
        ("bytes=0-18446744073709551615", 0, 999),
        ("bytes=0-99,50-149", 0, 149),
        ("bytes=0-9,2000-2100", 0, 9),
    ] {
        let response = ranged(value);
        assert_eq!(response.status, 206, "{value}");
        assert_eq!(response.body, letters()[first..=last], "{value}");
        assert_eq!(
            response.field("Content-Range"),
            Some(&*format!("bytes {first}-{last}/1000"))
        );
        assert_eq!(
            response.field("Content-Length"),
            Some(&*(last - first + 1).to_string())
        );
        assert_eq!(response.head.matches("Content-Length").count(), 1);
    }
}

#[test]
fn rfc9110_15_3_7_partial_response_has_the_fields_of_the_200() {
    let (part, whole) = (ranged("bytes=0-9"), get("/range.txt", ""));
    let mut names = vec![
        "Content-Type",
        "Last-Modified",
        "ETag",
        "Cache-Control",
        "Date",
        "Accept-Ranges",
    ];
    if lacks(Feature::Rules) {
        names.retain(|name| *name != "Cache-Control");
    }
    for name in names {
        assert!(
            whole.field(name).is_some() && part.field(name) == whole.field(name),
            "{name}"
        );
    }
}

#[test]
fn rfc9110_14_1_1_malformed_range_is_ignored() {
    for value in [
        "bytes=5-2",
        "bytes=abc",
        "bytes=",
        "bytes",
        "items=0-5",
        "bytes=0-5,x",
        "",
    ] {
        let response = ranged(value);
        assert_eq!(
            (response.status, response.body),
            (200, letters()),
            "{value}"
        );
    }
    let twice = get("/range.txt", "Range: bytes=0-9\r\nRange: bytes=20-29\r\n");
    assert_eq!(twice.status, 200);
}

#[test]
fn rfc9110_14_2_range_applies_to_get_only() {
    for value in ["bytes=0-9", "bytes=5000-"] {
        let response = request("HEAD", "/range.txt", &format!("Range: {value}\r\n"));
        assert_eq!(
            (response.status, response.field("Content-Length")),
            (200, Some("1000"))
        );
    }
    assert_eq!(get("/nope", "Range: bytes=0-9\r\n").status, 404);
}

#[test]
fn rfc9110_15_5_17_unsatisfiable_range_is_416() {
    for value in [
        "bytes=1000-",
        "bytes=-0",
        "bytes=1000-1001,2000-",
        "bytes=18446744073709551615-",
    ] {
        let response = ranged(value);
        assert_eq!(response.status, 416, "{value}");
        assert_eq!(response.field("Content-Range"), Some("bytes */1000"));
        assert_eq!(response.text(), "416 Range Not Satisfiable\r\n");
        assert!(response.field("ETag").is_none());
    }
    assert_eq!(get("/empty.txt", "Range: bytes=0-0\r\n").status, 416);
    assert_eq!(get("/empty.txt", "Range: bytes=-1\r\n").status, 200);
}

#[test]
fn rfc9110_15_3_7_2_several_ranges_are_multipart() {
    let response = ranged("bytes=500-599,0-9,2000-");
    assert_eq!(response.status, 206);
    assert!(response.field("Content-Range").is_none());
    let boundary = response
        .field("Content-Type")
        .unwrap()
        .strip_prefix("multipart/byteranges; boundary=")
        .unwrap();
    assert!(boundary.bytes().all(|octet| octet.is_ascii_hexdigit()));
    let part = |first: usize, last: usize| {
        let content = String::from_utf8(letters()[first..=last].to_vec()).unwrap();
        let media_type = "Content-Type: text/plain; charset=utf-8";
        let range = format!("Content-Range: bytes {first}-{last}/1000");
        format!("\r\n--{boundary}\r\n{media_type}\r\n{range}\r\n\r\n{content}")
    };
    assert_eq!(
        response.text(),
        format!("{}{}\r\n--{boundary}--\r\n", part(500, 599), part(0, 9))
    );
    assert_eq!(
        response.field("Content-Length"),
        Some(&*response.body.len().to_string())
    );
    assert_eq!(response.head.matches("Content-Type").count(), 1);
    assert!(response.field("ETag").is_some() && response.field("Last-Modified").is_some());
}

#[test]
fn rfc9110_17_15_many_ranges_send_at_most_the_whole() {
    let overlapping = ranged(&format!("bytes={}", vec!["0-"; 200].join(",")));
    assert_eq!((overlapping.status, overlapping.body), (200, letters()));
    let apart: Vec<_> = (0..100).map(|n| format!("{}-{}", n * 10, n * 10)).collect();
    assert_eq!(ranged(&format!("bytes={}", apart.join(","))).status, 200);
    assert_eq!(
        ranged(&format!("bytes={}", apart[..8].join(","))).status,
        206
    );
}

/// The crate alone: the files that a server has are too short.
#[test]
fn many_blocks_are_sent_in_the_requested_order() {
    const BLOCK: usize = 2048;
    let content: Vec<u8> = (0..255 * 2 * BLOCK).map(|n| (n * 7 % 251) as u8).collect();
    let mut site = Memory::default();
    site.add("", b"/image.iso", MODIFIED, &plain(&content));
    for (count, is_reversed) in [(64, false), (64, true), (255, false)] {
        let mut firsts: Vec<_> = (0..count).map(|n| n * 2 * BLOCK).collect();
        if is_reversed {
            firsts.reverse();
        }
        let ranges = firsts.iter().map(|at| format!("{at}-{}", at + BLOCK - 1));
        let ranges = ranges.collect::<Vec<_>>().join(",");
        let response = get_from(&site, "/image.iso", &format!("Range: bytes={ranges}\r\n"));
        assert_eq!(response.status, 206);
        let head = response.field("Content-Type").unwrap();
        let boundary = head.rsplit('=').next().unwrap();
        let mut expected = Vec::new();
        for at in firsts {
            let part = format!(
                "\r\n--{boundary}\r\nContent-Type: application/octet-stream\r\n\
                Content-Range: bytes {at}-{}/{}\r\n\r\n",
                at + BLOCK - 1,
                content.len()
            );
            expected.extend(part.bytes());
            expected.extend(&content[at..at + BLOCK]);
        }
        expected.extend(format!("\r\n--{boundary}--\r\n").bytes());
        assert!(response.body == expected, "{count} blocks");
        let length = expected.len().to_string();
        assert_eq!(response.field("Content-Length"), Some(&*length));
    }
}

#[test]
fn rfc9110_13_1_5_if_range_needs_a_strong_validator() {
    let etag = fixture::etag("/range.txt", Coding::Identity);
    for (value, status) in [
        (etag.as_str(), 206),
        ("Thu, 02 Jan 2020 03:04:05 GMT", 206),
        ("Thursday, 02-Jan-20 03:04:05 GMT", 206),
        ("\"nope\"", 200),
        (&format!("W/{etag}"), 200),
        (&format!("\"a\", {etag}"), 200),
        ("Thu, 02 Jan 2020 03:04:04 GMT", 200),
        ("Thu, 02 Jan 2020 03:04:06 GMT", 200),
        ("yesterday", 200),
        ("*", 200),
        ("", 200),
    ] {
        for range in ["bytes=0-9", "bytes=0-9,20-29"] {
            let response = get(
                "/range.txt",
                &format!("Range: {range}\r\nIf-Range: {value}\r\n"),
            );
            assert_eq!(response.status, status, "{range} {value}");
        }
        let outside = get(
            "/range.txt",
            &format!("Range: bytes=5000-\r\nIf-Range: {value}\r\n"),
        );
        assert_eq!(
            outside.status,
            if status == 206 { 416 } else { 200 },
            "{value}"
        );
        assert_eq!(
            get("/range.txt", &format!("If-Range: {value}\r\n")).status,
            200,
            "{value}"
        );
    }
    let twice = format!("Range: bytes=0-9\r\nIf-Range: {etag}\r\nIf-Range: {etag}\r\n");
    assert_eq!(get("/range.txt", &twice).status, 200);
}

#[test]
fn rfc9110_8_8_2_2_date_within_its_own_second_is_weak() {
    if lacks(Feature::Fixture) {
        return;
    }
    let fields = "Range: bytes=0-0\r\nIf-Range: Mon, 23 Nov 2026 05:00:00 GMT\r\n";
    assert_eq!(get("/fresh.txt", fields).status, 200);
}

#[test]
fn rfc9110_15_3_7_if_range_omits_metadata_the_client_has() {
    let etag = fixture::etag("/range.txt", Coding::Identity);
    let response = get(
        "/range.txt",
        &format!("Range: bytes=0-9\r\nIf-Range: {etag}\r\n"),
    );
    assert!(response.field("Content-Type").is_none() && response.field("Last-Modified").is_none());
    assert!(["ETag", "Date", "Content-Range"]
        .iter()
        .all(|name| response.field(name).is_some()));
    assert!(lacks(Feature::Rules) || response.field("Cache-Control").is_some());
}
