// SPDX-License-Identifier: GPL-2.0-only

//! OPTIONS, also as the preflight of a request from a page of another site.

mod fixture;

use fixture::{assert_rejected, converse_in_memory, get, lacks, request, Feature};
use protocol::http::REQUESTS_MAX;

#[test]
fn rfc9110_9_3_7_options_lists_methods() {
    for (target, status) in [
        ("*", 200),
        ("/hello.txt", 200),
        ("/dir", 200),
        ("/nope", 404),
    ] {
        let response = request("OPTIONS", target, "If-Match: \"x\"\r\nRange: bytes=0-0\r\n");
        assert_eq!(response.status, status, "{target}");
        if status == 200 {
            assert_eq!(response.field("Allow"), Some("GET, HEAD, OPTIONS"));
            assert_eq!(
                (response.field("Content-Length"), response.body.len()),
                (Some("0"), 0)
            );
        }
    }
    assert_rejected(&get("*", ""), 400, "GET *");
}

#[test]
fn rfc9110_9_3_7_options_has_the_fields_of_the_path() {
    if lacks(Feature::Rules) {
        return;
    }
    for (target, field) in [
        ("/hello.txt", Some("DENY")),
        ("/style.css", Some("DENY")),
        ("/old.txt", Some("DENY")),
        ("/dir", Some("DENY")),
        ("/metrics", Some("DENY")),
        ("*", None),
    ] {
        let response = request("OPTIONS", target, "");
        assert_eq!(response.field("X-Frame-Options"), field, "{target}");
        // The response does not depend on the coding, and must not be cached.
        assert_eq!(response.field("Vary"), None, "{target}");
        assert_eq!(response.field("Cache-Control"), None, "{target}");
    }
}

#[test]
fn cors_preflight_gets_the_fields_of_the_resource_without_allow() {
    if lacks(Feature::Rules) {
        return;
    }
    let fields = "Origin: https://a.example\r\naccess-control-request-method: PUT\r\n";
    for target in ["/hello.txt", "/style.css"] {
        let response = request("OPTIONS", target, fields);
        assert_eq!(response.status, 200, "{target}");
        assert_eq!(response.field("X-Frame-Options"), Some("DENY"), "{target}");
        assert_eq!(response.field("Allow"), None, "{target}");
        assert_eq!(response.field("Content-Length"), Some("0"), "{target}");
    }
    assert_eq!(request("OPTIONS", "/nope", fields).status, 404);
}

#[test]
fn allow_is_absent_where_a_process_takes_other_methods() {
    let allow = |target: &str| {
        let text = format!("OPTIONS {target} HTTP/1.1\r\nHost: x\r\n\r\n");
        let mut site = fixture::site();
        site.rules += "hand-over *.txt 8000\n";
        let conversation = converse_in_memory(&site, REQUESTS_MAX, &[text.as_bytes()]);
        assert_eq!(conversation.statuses(), [200], "{target}");
        conversation.responses[0].field("Allow").map(str::to_owned)
    };
    assert_eq!(allow("/hello.txt"), None);
    assert_eq!(allow("/dir/").as_deref(), Some("GET, HEAD, OPTIONS"));
}
