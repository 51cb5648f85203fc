// SPDX-License-Identifier: GPL-2.0-only

//! Connections: persistence, pipelining, bodies, the ways in which they end.

mod fixture;

use fixture::{ask, get, head, lacks, server, talk, talk_in_pieces, Feature, ResponseParts};
use protocol::http::{
    Clock, Disposition, Scratch, Session, SessionPhase, Status, BODY_MAX, FIELDS_MAX, REQUESTS_MAX,
};

const GET: &str = "GET /hello.txt HTTP/1.1\r\nHost: localhost\r\n\r\n";

#[test]
fn rfc9110_15_3_1_a_file_is_served() {
    let answer = get("/hello.txt", "");
    assert_eq!(
        (answer.status, answer.text().as_str(), answer.then),
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
        assert_eq!(answer.field(name), Some(value), "{name}");
    }
    assert!(answer.field("Connection").is_none() && answer.field("Vary").is_none());
    let cache_control = answer.field("Cache-Control");
    assert!(lacks(Feature::Rules) || cache_control == Some("no-cache"));
}

#[test]
fn rfc9110_9_3_2_head_is_get_without_a_body() {
    for target in ["/hello.txt", "/nope", "/dir", "/empty.txt"] {
        let (get, head) = (get(target, ""), ask("HEAD", target, ""));
        assert_eq!((head.head, head.body), (get.head, vec![]), "{target}");
    }
}

#[test]
fn rfc9110_9_3_2_a_head_that_is_refused_gets_no_body() {
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
        let (get, head) = (head(&format!("GET {rest}")), head(&format!("HEAD {rest}")));
        assert_eq!((get.status, get.body.is_empty()), (status, false), "{rest}");
        assert_eq!((head.head, head.body), (get.head, vec![]), "{rest}");
    }
}

#[test]
fn rfc9112_9_3_2_pipelined_answers_come_in_order() {
    let requests = ["/hello.txt", "/range.txt", "/nope", "/", "/empty.txt"];
    let bytes: String = requests
        .iter()
        .map(|path| GET.replace("/hello.txt", path))
        .collect();
    let talk = talk(bytes.as_bytes());
    assert_eq!(talk.statuses(), [200, 200, 404, 200, 200]);
    assert_eq!(talk.answers[1].body.len(), 1000);
    assert!(!talk.ended() && talk.left == 0);
}

#[test]
fn rfc9112_2_one_byte_at_a_time() {
    let bytes = GET.repeat(3);
    let pieces: Vec<&[u8]> = bytes.as_bytes().chunks(1).collect();
    assert_eq!(
        talk_in_pieces(&fixture::site(), 100, &pieces),
        talk(bytes.as_bytes())
    );
}

#[test]
fn rfc9112_9_3_persistence() {
    for (version, option, field, then) in [
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
        let talk = talk(request.as_bytes());
        let answer = &talk.answers[0];
        assert_eq!(
            (answer.field("Connection"), answer.then),
            (field, then),
            "{version} {option}"
        );
    }
}

#[test]
fn rfc9112_9_6_nothing_after_close_is_answered() {
    let closing = GET.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n");
    let talk = talk(format!("{GET}{closing}{GET}").as_bytes());
    assert_eq!((talk.statuses(), talk.left), (vec![200, 200], 0));
    // What was sent behind it could destroy the reply.
    assert_eq!(talk.answers[1].then, Disposition::Linger);
}

#[test]
fn requests_of_a_connection_are_bounded() {
    // Over TCP the bound is the server's own.
    let bound = if server().is_some() { REQUESTS_MAX } else { 3 };
    let bytes = GET.repeat(bound as usize + 2);
    // The last request that is answered ends a piece: nothing shows that more is on its way.
    let piece = bound.min(100) as usize * GET.len();
    let pieces: Vec<_> = bytes.as_bytes().chunks(piece).collect();
    let talk = talk_in_pieces(&fixture::site(), bound, &pieces);
    assert_eq!(talk.answers.len(), bound as usize);
    let (last, others) = talk.answers.split_last().unwrap();
    let goes_on =
        |answer: &ResponseParts| answer.status == 200 && answer.field("Connection").is_none();
    assert!(others.iter().all(goes_on));
    assert_eq!(
        (last.status, last.field("Connection")),
        (200, Some("close"))
    );
    // The client could not know that it was the last, so that more may come and destroy the reply.
    assert_eq!(last.then, Disposition::Linger);
}

#[test]
fn rfc9112_6_3_a_body_is_not_a_request() {
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
            let talk = talk(format!("{start}{body}{GET}").as_bytes());
            assert_eq!(talk.answers.len(), 2, "{method} {framing}");
            assert_eq!(
                talk.answers[1].text(),
                "hello world\n",
                "{method} {framing}"
            );
        }
    }
}

#[test]
fn rfc9112_7_1_a_broken_body_ends_the_connection_in_silence() {
    let start = "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
    let talk = talk(format!("{start}5\nhello\r\n0\r\n\r\n{GET}").as_bytes());
    assert_eq!(
        (talk.statuses(), talk.broken, talk.left),
        (vec![405], true, 0)
    );
}

#[test]
fn rfc9112_6_1_ambiguous_framing_is_refused() {
    for fields in [
        "Content-Length: 5\r\nContent-Length: 5\r\n",
        "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
        "Content-Length : 5\r\n",
        "Transfer-Encoding: chunked, identity\r\n",
    ] {
        let text = format!("POST / HTTP/1.1\r\nHost: x\r\n{fields}\r\nhello{GET}");
        let talk = talk(text.as_bytes());
        assert_eq!((talk.statuses(), talk.left), (vec![400], 0), "{fields}");
        assert_eq!(talk.answers[0].then, Disposition::Linger, "{fields}");
    }
}

#[test]
fn rfc9110_15_5_14_a_body_at_its_limit_and_one_past_it() {
    let of = |length: u32| {
        let head = format!("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n");
        talk(format!("{head}{}{GET}", "x".repeat(length as usize)).as_bytes())
    };
    assert_eq!(of(BODY_MAX).statuses(), [405, 200]);
    let talk = of(BODY_MAX + 1);
    assert_eq!(
        (talk.statuses(), talk.answers[0].then),
        (vec![413], Disposition::Linger)
    );
}

#[test]
fn rfc9110_10_1_1_a_client_that_waits_for_100_gets_its_status_at_once() {
    let start = "POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n";
    let talk = talk(format!("{start}hello{GET}").as_bytes());
    assert_eq!(talk.statuses(), [405]);
    // It may send the body or not: where the next request begins can't be known.
    assert_eq!(talk.answers[0].then, Disposition::Linger);
    let bodiless = GET.replace("\r\n\r\n", "\r\nExpect: 100-continue\r\n\r\n");
    assert_eq!(
        fixture::talk(bodiless.repeat(2).as_bytes()).statuses(),
        [200, 200]
    );
}

#[test]
fn rfc9110_15_5_9_a_head_that_takes_too_long() {
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
            let step = session.receive(rest, &site, &clock, &mut scratch);
            if step.consumed == 0 && step.reply.is_none() {
                break;
            }
            rest = &rest[step.consumed..];
        }
        assert_eq!(session.phase(), phase, "{bytes:?}");
        let reply = session.expire(&clock, &mut scratch);
        let answer = reply.map(|reply| fixture::answer(&site, &reply));
        assert_eq!(
            answer.as_ref().map(|answer| answer.status),
            status,
            "{bytes:?}"
        );
        assert!(answer.is_none_or(|answer| {
            answer.then == Disposition::Linger
                && answer.body.is_empty() == bytes.starts_with("HEAD")
        }));
        assert_eq!(session.phase(), SessionPhase::Ended);
        let step = session.receive(GET.as_bytes(), &site, &clock, &mut scratch);
        assert!(step.consumed == GET.len() && step.reply.is_none() && !step.broken);
    }
}

#[test]
fn rfc9110_15_6_4_a_server_without_strength_says_so() {
    if lacks(Feature::Fixture) {
        return;
    }
    let (site, clock) = (fixture::site(), Clock::new(fixture::NOW));
    let mut scratch = Scratch::new();
    let mut session = Session::new(100);
    let reply = session.fail(Status::ServiceUnavailable, &clock, &mut scratch);
    let answer = fixture::answer(&site, &reply);
    assert_eq!((answer.status, answer.then), (503, Disposition::Linger));
    assert_eq!(answer.field("Connection"), Some("close"));
}

#[test]
fn a_session_is_small() {
    if lacks(Feature::Fixture) {
        return;
    }
    assert!(size_of::<Session>() <= 64);
}
