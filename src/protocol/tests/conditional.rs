// SPDX-License-Identifier: GPL-2.0-only

//! Preconditions (RFC 9110 section 13).

mod fixture;

use fixture::{get, lacks, request, Feature};
use protocol::http::Coding;

const SAME: &str = "Thu, 02 Jan 2020 03:04:05 GMT";
const EARLIER: &str = "Thu, 02 Jan 2020 03:04:04 GMT";
const LATER: &str = "Thu, 02 Jan 2020 03:04:06 GMT";
const NOW: &str = "Mon, 23 Nov 2026 05:00:00 GMT";

/// Returns the entity tag of the requested file.
fn etag() -> String {
    fixture::etag("/range.txt", Coding::Identity)
}

/// Checks the status for some field lines; `TAG` stands for the entity tag, `|` for CRLF.
fn check(cases: &[(&str, u16)]) {
    for (fields, status) in cases {
        let lines = fields.replace('|', "\r\n").replace("TAG", &etag()) + "\r\n";
        for method in ["GET", "HEAD"] {
            let response = request(method, "/range.txt", &lines);
            assert_eq!(response.status, *status, "{method} {lines}");
            assert_eq!(response.body.is_empty(), method == "HEAD" || *status == 304);
        }
    }
}

#[test]
fn rfc9110_13_1_1_if_match_compares_strongly() {
    check(&[
        ("if-match: TAG", 200),
        ("if-match: \"a\", TAG", 200),
        ("if-match: \"a\"|if-match: TAG", 200),
        ("if-match: *", 200),
        ("if-match: \"nope\"", 412),
        ("if-match: W/TAG", 412),
        ("if-match:", 412),
        ("if-match: nope", 412),
    ]);
}

#[test]
fn rfc9110_13_1_2_if_none_match_compares_weakly() {
    check(&[
        ("if-none-match: TAG", 304),
        ("if-none-match: W/TAG", 304),
        ("if-none-match: \"a\", TAG, \"b\"", 304),
        ("if-none-match: , ,TAG,", 304),
        ("if-none-match: \"a,b\",TAG", 304),
        ("if-none-match: \"a\"|if-none-match: TAG", 304),
        ("if-none-match: *", 304),
        ("if-none-match: \"a\", W/\"b\"", 200),
        ("if-none-match: w/TAG", 200),
        ("if-none-match: \"abc", 200),
        ("if-none-match:", 200),
        ("if-none-match: x, TAG", 200),
    ]);
}

#[test]
fn rfc9110_13_1_3_if_modified_since_is_304_unless_modified() {
    check(&[
        (&format!("if-modified-since: {SAME}"), 304),
        (&format!("if-modified-since: {LATER}"), 304),
        (&format!("if-modified-since: {NOW}"), 304),
        ("if-modified-since: Fri, 31 Dec 9999 23:59:59 GMT", 304),
        ("if-modified-since: Thursday, 02-Jan-20 03:04:05 GMT", 304),
        ("if-modified-since: Thu Jan  2 03:04:05 2020", 304),
        (&format!("if-modified-since: {EARLIER}"), 200),
        ("if-modified-since: Thu, 01 Jan 1970 00:00:00 GMT", 200),
        ("if-modified-since: yesterday", 200),
        ("if-modified-since:", 200),
        (
            &format!("if-modified-since: {SAME}|if-modified-since: {SAME}"),
            200,
        ),
    ]);
}

#[test]
fn rfc9110_13_1_4_if_unmodified_since_is_412_if_modified() {
    check(&[
        (&format!("if-unmodified-since: {SAME}"), 200),
        (&format!("if-unmodified-since: {NOW}"), 200),
        (&format!("if-unmodified-since: {EARLIER}"), 412),
        ("if-unmodified-since: Sunday, 06-Nov-94 08:49:37 GMT", 412),
        ("if-unmodified-since: Fri, 01 Jan 1965 00:00:00 GMT", 412),
        ("if-unmodified-since: yesterday", 200),
        (
            &format!("if-unmodified-since: {EARLIER}|if-unmodified-since: {EARLIER}"),
            200,
        ),
    ]);
}

#[test]
fn rfc9110_13_2_2_preconditions_have_an_order() {
    check(&[
        (
            &format!("if-match: TAG|if-unmodified-since: {EARLIER}"),
            200,
        ),
        (&format!("if-match: \"x\"|if-unmodified-since: {NOW}"), 412),
        ("if-match: *|if-none-match: TAG", 304),
        ("if-match: \"x\"|if-none-match: TAG", 412),
        (
            &format!("if-unmodified-since: {EARLIER}|if-modified-since: {SAME}"),
            412,
        ),
        (
            &format!("if-unmodified-since: {EARLIER}|if-none-match: TAG"),
            412,
        ),
        (
            &format!("if-none-match: \"x\"|if-modified-since: {SAME}"),
            200,
        ),
        (
            &format!("if-none-match: TAG|if-modified-since: {EARLIER}"),
            304,
        ),
        (&format!("if-modified-since: {SAME}|range: bytes=0-9"), 304),
        ("if-none-match: TAG|range: bytes=5000-", 304),
        ("if-match: \"x\"|range: bytes=0-9", 412),
    ]);
}

#[test]
fn rfc9110_13_2_1_preconditions_need_a_representation() {
    for fields in [
        "If-Match: \"x\"\r\n",
        "If-None-Match: *\r\n",
        "If-Match: *\r\n",
    ] {
        assert_eq!(get("/nope", fields).status, 404, "{fields}");
        assert_eq!(get("/dir", fields).status, 301, "{fields}");
        assert_eq!(
            request("POST", "/range.txt", fields).status,
            405,
            "{fields}"
        );
    }
}

#[test]
fn rfc9110_15_4_5_not_modified_has_validator_and_cache_fields() {
    let response = get("/style.css", "If-None-Match: *\r\n");
    let names: Vec<_> = response
        .head
        .split("\r\n")
        .skip(1)
        .filter_map(|l| l.split(':').next())
        .collect();
    let mut expected = vec!["ETag", "Vary", "Cache-Control", "Server", "Date", "", ""];
    if lacks(Feature::Variants) {
        expected.retain(|name| *name != "Vary");
    }
    if lacks(Feature::Rules) {
        expected.retain(|name| *name != "Cache-Control");
    }
    assert_eq!(names, expected);
    assert_eq!(
        response.field("ETag"),
        Some(&*fixture::etag("/style.css", Coding::Identity))
    );
}

#[test]
fn rfc9110_8_8_3_3_each_coding_has_its_own_tag() {
    if lacks(Feature::Variants) {
        return;
    }
    let identity = format!(
        "If-None-Match: {}\r\n",
        fixture::etag("/style.css", Coding::Identity)
    );
    assert_eq!(get("/style.css", &identity).status, 304);
    assert_eq!(
        get("/style.css", &format!("{identity}Accept-Encoding: br\r\n")).status,
        200
    );
    let coded = format!(
        "If-None-Match: {}\r\n",
        fixture::etag("/style.css", Coding::Brotli)
    );
    assert_eq!(
        get("/style.css", &format!("{coded}Accept-Encoding: br\r\n")).status,
        304
    );
    let failed = get("/style.css", "If-Match: \"x\"\r\n");
    assert_eq!(
        (failed.status, failed.field("Vary")),
        (412, Some("Accept-Encoding"))
    );
}
