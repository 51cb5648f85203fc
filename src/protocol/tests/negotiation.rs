// SPDX-License-Identifier: GPL-2.0-only

//! Content codings (RFC 9110 sections 8.4 and 12).

mod fixture;

use fixture::{get, lacks, request, Feature};

const VARY: Option<&str> = Some("Accept-Encoding");

#[test]
fn rfc9110_12_5_3_coding_with_the_highest_weight_is_sent() {
    if lacks(Feature::Variants) {
        return;
    }
    for (fields, coding) in [
        ("", None),
        ("Accept-Encoding:\r\n", None),
        ("Accept-Encoding: gzip\r\n", Some("gzip")),
        ("Accept-Encoding: gzip, deflate, br, zstd\r\n", Some("br")),
        (
            "Accept-Encoding: gzip\r\nAccept-Encoding: br\r\n",
            Some("br"),
        ),
        ("Accept-Encoding: gzip;q=1, br;q=0.9\r\n", Some("gzip")),
        ("Accept-Encoding: zstd\r\n", None),
        ("Accept-Encoding: *;q=0.1, identity\r\n", None),
    ] {
        let response = get("/style.css", fields);
        assert_eq!(
            (response.status, response.field("Content-Encoding")),
            (200, coding),
            "{fields}"
        );
        let length = response
            .field("Content-Length")
            .and_then(|text| text.parse().ok());
        assert_eq!(length, Some(response.body.len()), "{fields}");
        assert_eq!(
            response.field("Content-Type"),
            Some("text/css; charset=utf-8"),
            "{fields}"
        );
    }
}

#[test]
fn rfc9110_12_5_5_every_response_of_a_negotiated_resource_has_vary() {
    if lacks(Feature::Variants) {
        return;
    }
    for (fields, status) in [
        ("", 200),
        ("Accept-Encoding: br\r\n", 200),
        ("Range: bytes=0-0\r\n", 206),
        ("Range: bytes=0-0,2-2\r\n", 206),
        ("Range: bytes=100-\r\n", 416),
        ("If-None-Match: *\r\n", 304),
        ("If-Match: \"x\"\r\n", 412),
        ("Accept-Encoding: identity;q=0\r\n", 406),
    ] {
        let response = get("/style.css", fields);
        assert_eq!(
            (response.status, response.field("Vary")),
            (status, VARY),
            "{fields}"
        );
        assert_eq!(response.head.matches("Vary").count(), 1, "{fields}");
    }
    assert_eq!(request("HEAD", "/style.css", "").field("Vary"), VARY);
    assert_eq!(
        get("/hello.txt", "Accept-Encoding: br\r\n").field("Vary"),
        None
    );
}

#[test]
fn rfc9110_15_5_7_no_acceptable_coding_is_406() {
    for target in ["/style.css", "/hello.txt"] {
        for value in ["identity;q=0", "*;q=0", "zstd, *;q=0"] {
            let response = get(target, &format!("Accept-Encoding: {value}\r\n"));
            assert_eq!(
                (response.status, response.field("Vary")),
                (406, VARY),
                "{target} {value}"
            );
        }
    }
    if lacks(Feature::Variants) {
        return;
    }
    let response = get("/style.css", "Accept-Encoding: identity;q=0, *\r\n");
    assert_eq!(response.field("Content-Encoding"), Some("br"));
}

#[test]
fn rfc9110_14_2_range_refers_to_the_coded_content() {
    if lacks(Feature::Variants) {
        return;
    }
    let response = get(
        "/style.css",
        "Accept-Encoding: gzip\r\nRange: bytes=5-8\r\n",
    );
    assert_eq!((response.status, response.text().as_str()), (206, "gzip"));
    assert_eq!(response.field("Content-Range"), Some("bytes 5-8/14"));
    assert_eq!(response.field("Content-Encoding"), Some("gzip"));
    // In a multipart the coding would be that of the multipart.
    let response = get(
        "/style.css",
        "Accept-Encoding: gzip\r\nRange: bytes=0-0,5-5\r\n",
    );
    assert_eq!((response.status, response.body.len()), (200, 14));
}
