// SPDX-License-Identifier: GPL-2.0-only

//! Preconditions (RFC 9110 section 13).

mod fixture;

use fixture::{get, get_from, lacks, plain, request, Feature};
use protocol::http::{Coding, DateMatch, Timestamp};

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
fn rfc9110_13_1_3_if_modified_since_is_exact_by_default() {
    check(&[
        (&format!("if-modified-since: {SAME}"), 304),
        (&format!("if-modified-since: {LATER}"), 200),
        (&format!("if-modified-since: {NOW}"), 200),
        ("if-modified-since: Fri, 31 Dec 9999 23:59:59 GMT", 200),
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
fn rfc9110_13_1_3_if_modified_since_is_304_unless_modified() {
    let mut site = fixture::site();
    site.policy.if_modified_since = DateMatch::Before;
    for (date, status) in [
        (SAME, 304),
        (LATER, 304),
        (NOW, 304),
        ("Fri, 31 Dec 9999 23:59:59 GMT", 304),
        (EARLIER, 200),
        ("yesterday", 200),
    ] {
        let fields = format!("If-Modified-Since: {date}\r\n");
        let response = get_from(&site, "/range.txt", &fields);
        assert_eq!(response.status, status, "{date}");
    }
}

#[test]
fn rfc9110_8_8_2_date_of_the_epoch_is_unknown() {
    let mut site = fixture::site();
    for (modified, is_known) in [(0, false), (1, false), (86_400, false), (86_401, true)] {
        site.add("", b"/store.txt", modified, &plain(b"constant\n"));
        let date = String::from_utf8_lossy(&Timestamp(modified).render()).into_owned();
        let get = |fields: &str| get_from(&site, "/store.txt", fields);
        let shown = get("");
        assert_eq!(shown.field("Last-Modified"), is_known.then_some(&*date));
        for fields in ["Range: bytes=0-1\r\n", "Range: bytes=0-1,4-5\r\n"] {
            let part = get(fields);
            assert_eq!(part.status, 206);
            assert_eq!(part.field("Last-Modified"), is_known.then_some(&*date));
        }
        let statuses = [
            get(&format!("If-Modified-Since: {date}\r\n")).status,
            get(&format!("Range: bytes=0-1\r\nIf-Range: {date}\r\n")).status,
            get("If-Unmodified-Since: Thu, 01 Jan 1970 00:00:00 GMT\r\n").status,
        ];
        assert_eq!(
            statuses,
            if is_known {
                [304, 206, 412]
            } else {
                [200, 200, 200]
            }
        );
    }
}

#[test]
fn rfc9110_8_8_2_1_date_in_the_future_is_replaced() {
    let mut site = fixture::site();
    let modified = fixture::NOW + 1;
    site.add("", b"/future.txt", modified, &plain(b"from the future\n"));
    let get = |fields: &str| get_from(&site, "/future.txt", fields);
    for fields in [
        "",
        "Range: bytes=0-1\r\n",
        "Range: bytes=0-1,4-5\r\n",
        "Range: x\r\n",
    ] {
        let response = get(fields);
        assert_eq!(response.field("Last-Modified"), Some(NOW), "{fields}");
        assert_eq!(response.head.matches("Last-Modified").count(), 1);
        assert_eq!(response.head.matches("Content-Length").count(), 1);
        assert!(response.field("ETag").is_some());
    }
    let shown = format!("If-Modified-Since: {NOW}\r\n");
    assert_eq!(get(&shown).status, 200);
    let date = String::from_utf8_lossy(&Timestamp(modified).render()).into_owned();
    let fields = format!("Range: bytes=0-1\r\nIf-Range: {date}\r\n");
    assert_eq!(get(&fields).status, 200);
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
    let mut expected = vec![
        "ETag",
        "Vary",
        "Cache-Control",
        "X-Frame-Options",
        "Server",
        "Date",
        "",
        "",
    ];
    if lacks(Feature::Variants) {
        expected.retain(|name| *name != "Vary");
    }
    if lacks(Feature::Rules) {
        expected.retain(|name| !["Cache-Control", "X-Frame-Options"].contains(name));
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
