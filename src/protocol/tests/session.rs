// SPDX-License-Identifier: GPL-2.0-only

//! Connections: persistence, pipelining, bodies, the ways in which they end.

mod fixture;

use fixture::{ask, get, talk, talk_in_pieces};
use protocol::http::Then;

const GET: &str = "GET /hello.txt HTTP/1.1\r\nHost: localhost\r\n\r\n";

#[test]
fn rfc9110_15_3_1_a_file_is_served() {
    let answer = get("/hello.txt", "");
    assert_eq!(
        (answer.status, answer.text().as_str(), answer.then),
        (200, "hello world\n", Then::KeepAlive)
    );
    for (name, value) in [
        ("Content-Length", "12"),
        ("Content-Type", "text/plain; charset=utf-8"),
        ("Last-Modified", "Thu, 02 Jan 2020 03:04:05 GMT"),
        ("Accept-Ranges", "bytes"),
        ("Cache-Control", "no-cache"),
        ("X-Content-Type-Options", "nosniff"),
        ("Server", "khttpd"),
        ("Date", "Mon, 23 Nov 2026 05:00:00 GMT"),
    ] {
        assert_eq!(answer.field(name), Some(value), "{name}");
    }
    assert!(answer.field("Connection").is_none() && answer.field("Vary").is_none());
}

#[test]
fn rfc9110_9_3_2_head_is_get_without_a_body() {
    for target in ["/hello.txt", "/nope", "/dir", "/empty.txt"] {
        let (get, head) = (get(target, ""), ask("HEAD", target, ""));
        assert_eq!((head.head, head.body), (get.head, vec![]), "{target}");
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
