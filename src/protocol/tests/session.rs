// SPDX-License-Identifier: GPL-2.0-only

//! Connections: persistence, pipelining, bodies, ends.

mod fixture;

use fixture::{converse, converse_in_pieces, get, lacks, request, send, server, Feature, Received};
use protocol::http::{
    Clock, Disposition, Scratch, Session, SessionPhase, BODY_MAX, FIELDS_MAX, REQUESTS_MAX,
};

const GET: &str = "GET /hello.txt HTTP/1.1\r\nHost: localhost\r\n\r\n";

#[test]
fn rfc9110_15_3_1_file_is_200() {
    let response = get("/hello.txt", "");
    assert_eq!(
        (
            response.status,
            response.text().as_str(),
            response.disposition
        ),
        (200, "hello world\n", Disposition::KeepAlive)
    );
    for (name, value) in [
        ("Content-Length", "12"),
        ("Content-Type", "text/plain; charset=utf-8"),
        ("Last-Modified", "Thu, 02 Jan 2020 03:04:05 GMT"),
        ("Accept-Ranges", "bytes"),
        ("Server", "khttpd"),
        ("Date", "Mon, 23 Nov 2026 05:00:00 GMT"),
    ] {
        assert_eq!(response.field(name), Some(value), "{name}");
    }
    assert!(response.field("Connection").is_none() && response.field("Vary").is_none());
    let cache_control = response.field("Cache-Control");
    assert!(lacks(Feature::Rules) || cache_control == Some("no-cache"));
}

#[test]
fn rfc9110_9_3_2_head_is_get_without_body() {
    for target in ["/hello.txt", "/nope", "/dir", "/empty.txt"] {
        let (get, head) = (get(target, ""), request("HEAD", target, ""));
        assert_eq!((head.head, head.body), (get.head, vec![]), "{target}");
    }
}

#[test]
fn rfc9110_9_3_2_rejected_head_request_gets_no_body() {
    let long = "v".repeat(9000);
    let fields = "a: b\r\n".repeat(FIELDS_MAX);
    for (rest, status) in [
        (format!("/ HTTP/1.1\r\nHost: a\r\nX: {long}\r\n\r\n"), 431),
        (format!("/ HTTP/1.1\r\nHost: a\r\n{fields}\r\n"), 431),
        (format!("/{long} HTTP/1.1\r\nHost: a\r\n\r\n"), 414),
        ("/ HTTP/1.1\r\nHost : a\r\n\r\n".to_owned(), 400),
        ("/ HTTP/1.1\r\n\r\n".to_owned(), 400),
        ("/ HTTP/2.0\r\nHost: a\r\n\r\n".to_owned(), 505),
    ] {
        let (get, head) = (send(&format!("GET {rest}")), send(&format!("HEAD {rest}")));
        assert_eq!((get.status, get.body.is_empty()), (status, false), "{rest}");
        assert_eq!((head.head, head.body), (get.head, vec![]), "{rest}");
    }
}

#[test]
fn rfc9112_9_3_2_pipelined_responses_keep_their_order() {
    let requests = ["/hello.txt", "/range.txt", "/nope", "/", "/empty.txt"];
    let bytes: String = requests
        .iter()
        .map(|path| GET.replace("/hello.txt", path))
        .collect();
    let conversation = converse(bytes.as_bytes());
    assert_eq!(conversation.statuses(), [200, 200, 404, 200, 200]);
    assert_eq!(conversation.responses[1].body.len(), 1000);
    assert!(!conversation.ended() && conversation.left == 0);
}

#[test]
fn rfc9112_2_stream_may_arrive_byte_by_byte() {
    let bytes = GET.repeat(3);
    let pieces: Vec<&[u8]> = bytes.as_bytes().chunks(1).collect();
    assert_eq!(
        converse_in_pieces(&fixture::site(), 100, &pieces),
        converse(bytes.as_bytes())
    );
}

#[test]
fn rfc9112_9_3_connection_option_decides_persistence() {
    for (version, option, field, disposition) in [
        ("1.1", "", None, Disposition::KeepAlive),
        (
            "1.1",
            "Connection: keep-alive\r\n",
            None,
            Disposition::KeepAlive,
        ),
        (
            "1.1",
            "Connection: closed\r\n",
            None,
            Disposition::KeepAlive,
        ),
        (
            "1.1",
            "Connection: close\r\n",
            Some("close"),
            Disposition::Close,
        ),
        (
            "1.1",
            "connection: CLOSE\r\n",
            Some("close"),
            Disposition::Close,
        ),
        (
            "1.1",
            "Connection: x, close\r\n",
            Some("close"),
            Disposition::Close,
        ),
        (
            "1.1",
            "Connection: x\r\nConnection: close\r\n",
            Some("close"),
            Disposition::Close,
        ),
        (
            "1.1",
            "Connection: keep-alive, close\r\n",
            Some("close"),
            Disposition::Close,
        ),
        ("1.0", "", Some("close"), Disposition::Close),
        (
            "1.0",
            "Connection: x\r\n",
            Some("close"),
            Disposition::Close,
        ),
        (
            "1.0",
            "Connection: Keep-Alive\r\n",
            Some("keep-alive"),
            Disposition::KeepAlive,
        ),
        (
            "1.0",
            "Connection: keep-alive, close\r\n",
            Some("close"),
            Disposition::Close,
        ),
    ] {
        let request = format!("GET /hello.txt HTTP/{version}\r\nHost: x\r\n{option}\r\n");
        let conversation = converse(request.as_bytes());
        let response = &conversation.responses[0];
        assert_eq!(
            (response.field("Connection"), response.disposition),
            (field, disposition),
            "{version} {option}"
        );
    }
}

#[test]
fn rfc9112_9_6_requests_after_close_are_ignored() {
    let closing = GET.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n");
    let conversation = converse(format!("{GET}{closing}{GET}").as_bytes());
    assert_eq!(
        (conversation.statuses(), conversation.left),
        (vec![200, 200], 0)
    );
    // The request after it could destroy the response.
    assert_eq!(conversation.responses[1].disposition, Disposition::Linger);
}

#[test]
fn step_tells_the_head_that_its_response_is_to() {
    let site = fixture::site();
    let body = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\n";
    let heads = ["GET /a HTTP/1.0\r\n\r\n", "no head\r\n\r\n"];
    let bytes = format!("{GET}\r\n{body}abc{}", heads[1]);
    let (clock, mut scratch) = (Clock::new(fixture::NOW), Scratch::new());
    let mut session = Session::new(REQUESTS_MAX);
    let mut found = Vec::new();
    let mut rest = bytes.as_bytes();
    while !rest.is_empty() {
        let step = session.receive(rest, &site, &clock, &mut scratch.room());
        if step.response.is_some() {
            found.push(String::from_utf8_lossy(step.head(rest)).into_owned());
        }
        rest = &rest[step.consumed..];
    }
    assert_eq!(found, [GET, body, heads[1]]);
    // Bytes that a connection without persistence ignores do not belong to the head.
    let bytes = format!("{}GET", heads[0]);
    let mut session = Session::new(REQUESTS_MAX);
    let step = session.receive(bytes.as_bytes(), &site, &clock, &mut scratch.room());
    assert_eq!(step.head(bytes.as_bytes()), heads[0].as_bytes());
}

#[test]
fn requests_per_connection_are_bounded() {
    // Over TCP, the server determines the bound.
    let bound = if server().is_some() { REQUESTS_MAX } else { 3 };
    let bytes = GET.repeat(bound as usize + 2);
    // The last request with a response ends a piece, so that the session cannot see the next one.
    let piece = bound.min(100) as usize * GET.len();
    let pieces: Vec<_> = bytes.as_bytes().chunks(piece).collect();
    let conversation = converse_in_pieces(&fixture::site(), bound, &pieces);
    assert_eq!(conversation.responses.len(), bound as usize);
    let (last, others) = conversation.responses.split_last().unwrap();
    let persists =
        |response: &Received| response.status == 200 && response.field("Connection").is_none();
    assert!(others.iter().all(persists));
    assert_eq!(
        (last.status, last.field("Connection")),
        (200, Some("close"))
    );
    // The client cannot know that this is the last response, and may have sent more.
    assert_eq!(last.disposition, Disposition::Linger);
}

#[test]
fn rfc9112_6_3_body_is_not_parsed_as_a_request() {
    let length = GET.len();
    for method in ["GET", "HEAD", "POST", "OPTIONS", "FOO"] {
        for (framing, body) in [
            (format!("Content-Length: {length}"), GET.to_owned()),
            (
                "Transfer-Encoding: chunked".to_owned(),
                format!("{length:x}\r\n{GET}\r\n0\r\nA: b\r\n\r\n"),
            ),
        ] {
            let start = format!("{method} /range.txt HTTP/1.1\r\nHost: x\r\n{framing}\r\n\r\n");
            let conversation = converse(format!("{start}{body}{GET}").as_bytes());
            assert_eq!(conversation.responses.len(), 2, "{method} {framing}");
            assert_eq!(
                conversation.responses[1].text(),
                "hello world\n",
                "{method} {framing}"
            );
        }
    }
}

#[test]
fn rfc9112_7_1_malformed_chunked_body_closes_without_response() {
    let start = "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
    let conversation = converse(format!("{start}5\nhello\r\n0\r\n\r\n{GET}").as_bytes());
    assert_eq!(
        (
            conversation.statuses(),
            conversation.broken,
            conversation.left
        ),
        (vec![405], true, 0)
    );
}

#[test]
fn rfc9112_6_1_ambiguous_framing_is_400() {
    for fields in [
        "Content-Length: 5\r\nContent-Length: 5\r\n",
        "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
        "Content-Length : 5\r\n",
        "Transfer-Encoding: chunked, identity\r\n",
    ] {
        let text = format!("POST / HTTP/1.1\r\nHost: x\r\n{fields}\r\nhello{GET}");
        let conversation = converse(text.as_bytes());
        assert_eq!(
            (conversation.statuses(), conversation.left),
            (vec![400], 0),
            "{fields}"
        );
        assert_eq!(
            conversation.responses[0].disposition,
            Disposition::Linger,
            "{fields}"
        );
    }
}

#[test]
fn rfc9110_15_5_14_body_beyond_its_limit_is_413() {
    let of = |length: u32| {
        let head = format!("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n");
        converse(format!("{head}{}{GET}", "x".repeat(length as usize)).as_bytes())
    };
    assert_eq!(of(BODY_MAX).statuses(), [405, 200]);
    let conversation = of(BODY_MAX + 1);
    assert_eq!(
        (
            conversation.statuses(),
            conversation.responses[0].disposition
        ),
        (vec![413], Disposition::Linger)
    );
}

#[test]
fn rfc9110_10_1_1_final_status_is_sent_instead_of_100() {
    let start = "POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n";
    let conversation = converse(format!("{start}hello{GET}").as_bytes());
    assert_eq!(conversation.statuses(), [405]);
    // The client may or may not send the body, so the next request cannot be found.
    assert_eq!(conversation.responses[0].disposition, Disposition::Linger);
    let bodiless = GET.replace("\r\n\r\n", "\r\nExpect: 100-continue\r\n\r\n");
    assert_eq!(
        fixture::converse(bodiless.repeat(2).as_bytes()).statuses(),
        [200, 200]
    );
}

#[test]
fn rfc9110_15_5_9_slow_head_is_408() {
    if lacks(Feature::Fixture) {
        return;
    }
    let (site, clock) = (fixture::site(), Clock::new(fixture::NOW));
    let mut scratch = Scratch::new();
    for (bytes, phase, status) in [
        ("", SessionPhase::Idle, None),
        ("\r\n", SessionPhase::Idle, None),
        ("GET /he", SessionPhase::Head, Some(408)),
        (
            "HEAD / HTTP/1.1\r\nHost: x\r\nX",
            SessionPhase::Head,
            Some(408),
        ),
        ("\r\n\r", SessionPhase::Head, Some(408)),
        (
            "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhel",
            SessionPhase::Body,
            None,
        ),
    ] {
        let mut session = Session::new(100);
        assert_eq!(session.phase(), SessionPhase::Idle);
        let mut rest = bytes.as_bytes();
        while !rest.is_empty() {
            let step = session.receive(rest, &site, &clock, &mut scratch.room());
            if step.consumed == 0 && step.response.is_none() {
                break;
            }
            rest = &rest[step.consumed..];
        }
        assert_eq!(session.phase(), phase, "{bytes:?}");
        let response = session
            .expire(&clock, &mut scratch.room())
            .map(|response| fixture::receive(&site, &response));
        assert_eq!(
            response.as_ref().map(|response| response.status),
            status,
            "{bytes:?}"
        );
        assert!(response.is_none_or(|response| {
            response.disposition == Disposition::Linger
                && response.body.is_empty() == bytes.starts_with("HEAD")
        }));
        assert_eq!(session.phase(), SessionPhase::Ended);
        let step = session.receive(GET.as_bytes(), &site, &clock, &mut scratch.room());
        assert!(step.consumed == GET.len() && step.response.is_none() && !step.broken);
    }
}

#[test]
fn session_has_at_most_64_bytes() {
    if lacks(Feature::Fixture) {
        return;
    }
    assert!(size_of::<Session>() <= 64);
}
