// SPDX-License-Identifier: GPL-2.0-only

//! Requests for a page of metrics, which wait until the page is rendered.

mod fixture;

use fixture::{converse_in_memory, get, lacks, request, Feature, NOW};
use protocol::http::{Clock, Deferral, Scratch, Session, REQUESTS_MAX};

#[test]
fn page_of_metrics_is_a_resource_once_it_is_rendered() {
    if lacks(Feature::Rules) {
        return;
    }
    let response = get("/metrics", "");
    assert_eq!(response.status, 200);
    assert!(response.text().contains(" gauge\n"), "{response:?}");
    let media_type = "text/plain; version=0.0.4; charset=utf-8";
    assert_eq!(response.field("Content-Type"), Some(media_type));
    assert_eq!(response.field("Cache-Control"), Some("no-cache"));
    assert_eq!(response.field("X-Frame-Options"), Some("DENY"));
    assert_eq!(response.field("Last-Modified"), None);
    let head = request("HEAD", "/metrics", "Range: bytes=0-1\r\n");
    assert_eq!((head.status, head.body.len()), (200, 0));
    assert!(head
        .field("Content-Length")
        .is_some_and(|length| length != "0"));
    let part = get("/metrics", "Range: bytes=0-1\r\n");
    assert_eq!((part.status, part.text().as_str()), (206, "# "));
    assert_eq!(get("/metrics", "Range: bytes=9999999-\r\n").status, 416);
    assert_eq!(get("/metrics", "If-Match: \"x\"\r\n").status, 412);
    assert_eq!(get("/metrics", "If-None-Match: *\r\n").status, 304);
    assert_eq!(request("OPTIONS", "/metrics", "").status, 200);
    assert_eq!(request("POST", "/metrics", "").status, 405);
    assert_eq!(get("/metrics/", "").status, 404);
}

#[test]
fn request_for_metrics_waits_for_the_page_and_those_around_it_are_served_in_order() {
    let site = fixture::site();
    let get = |path: &str| format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n");
    let text = ["/hello.txt", "/metrics", "/nope", "/metrics", "/hello.txt"]
        .map(get)
        .concat();
    for length in 0..text.len() {
        let (first, second) = text.as_bytes().split_at(length);
        let conversation = converse_in_memory(&site, REQUESTS_MAX, &[first, second]);
        assert_eq!(conversation.statuses(), [200, 200, 404, 200, 200]);
        assert_eq!(conversation.left, 0);
    }
    let (clock, mut scratch) = (Clock::new(NOW), Scratch::new());
    let mut session = Session::new(1);
    for _ in 0..3 {
        let bytes = format!("\r\n{}", get("/metrics"));
        let step = session.receive(bytes.as_bytes(), &site, &clock, &mut scratch.room());
        let deferred = step.deferred.map(|request| (request.to, request.has_body));
        assert_eq!(deferred, Some((Deferral::Metrics(0), false)));
        assert_eq!((step.consumed, step.response.is_none()), (2, true));
    }
    // A server without memory for the page.
    session.refuse();
    let request = get("/metrics");
    let step = session.receive(request.as_bytes(), &site, &clock, &mut scratch.room());
    let status = step.response.map(|response| response.status.code());
    assert_eq!((step.consumed, status), (request.len(), Some(503)));
}
