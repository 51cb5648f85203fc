// SPDX-License-Identifier: GPL-2.0-only

//! Heads: syntax, limits, versions, methods, hosts, targets.

mod fixture;

use fixture::{ask, assert_refused, get, head, talk};
use protocol::http::{Disposition, FIELDS_MAX, HEAD_MAX};

const HOST: &str = "Host: localhost\r\n";

#[test]
fn rfc9112_3_request_lines_that_are_malformed() {
    for line in [
        "",
        "GET",
        "GET /hello.txt",
        " GET /hello.txt HTTP/1.1",
        "GET  /hello.txt HTTP/1.1",
        "GET /hello.txt  HTTP/1.1",
        "GET /hello.txt HTTP/1.1 ",
        "GET\t/hello.txt\tHTTP/1.1",
        "GET  HTTP/1.1",
        "GET /hel lo.txt HTTP/1.1",
        "GET /hel\tlo.txt HTTP/1.1",
        "GET /hello.txt\0 HTTP/1.1",
        "GET /hel\rlo.txt HTTP/1.1",
        "G(T /hello.txt HTTP/1.1",
        "G\u{e9}T /hello.txt HTTP/1.1",
        "HTTP/1.1 200 OK",
    ] {
        assert_refused(&head(&format!("{line}\r\n{HOST}\r\n")), 400, line);
    }
}

#[test]
fn rfc9112_2_3_versions() {
    for (version, status) in [
        ("HTTP/1.0", 200),
        ("HTTP/1.1", 200),
        ("HTTP/1.2", 200),
        ("HTTP/1.9", 200),
        ("HTTP/2.0", 505),
        ("HTTP/3.0", 505),
        ("HTTP/0.9", 400),
        ("HTTP/1.10", 400),
        ("HTTP/11.1", 400),
        ("HTTP/1", 400),
        ("HTTP/1.", 400),
        ("http/1.1", 400),
        ("HTTP/1.1a", 400),
        ("HTTP/2.0a", 400),
        ("HTTP/-1.1", 400),
        ("XHTTP/1.1", 400),
        ("ICY/1.1", 400),
    ] {
        let answer = head(&format!("GET /hello.txt {version}\r\n{HOST}\r\n"));
        assert_eq!(answer.status, status, "{version}");
        assert!(answer.head.starts_with("HTTP/1.1 "), "{version}");
        assert_eq!(
            answer.then == Disposition::KeepAlive,
            status == 200 && version != "HTTP/1.0"
        );
    }
}

#[test]
fn rfc9110_2_5_a_later_minor_version_is_1_1() {
    let talk = talk(b"GET / HTTP/1.7\r\nHost: x\r\n\r\nHEAD / HTTP/1.2\r\n\r\n");
    assert_eq!(talk.statuses(), [200, 400]);
    assert!(talk.answers[1].body.is_empty());
    for fields in ["Host: x\nA: b\r\n", "Host : x\r\n", "Host: x\r\n B: c\r\n"] {
        assert_refused(
            &head(&format!("GET / HTTP/1.2\r\n{fields}\r\n")),
            400,
            fields,
        );
    }
    let many = "a: b\r\n".repeat(FIELDS_MAX);
    assert_refused(
        &head(&format!("GET / HTTP/1.2\r\n{HOST}{many}\r\n")),
        431,
        "fields",
    );
    assert_refused(&head("GET / HTTP/1.2\nHost: x\r\n\r\n"), 400, "LF");
}

#[test]
fn rfc9113_3_4_the_preface_of_http_2_is_505() {
    assert_refused(&head("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), 505, "preface");
}

#[test]
fn rfc9112_5_fields_that_are_malformed() {
    for line in [
        "X-A : b",
        "X-A\t: b",
        "X A: b",
        "nocolon",
        ": b",
        "X\u{1}A: b",
        "X\0A: b",
        "X\u{e9}A: b",
        "X(A): b",
        "X\"A: b",
        "X/A: b",
        "X\rA: b",
        "X-A: a\0b",
        "X-A: a\rb",
        "X-A: a\r",
        "X-A: a\u{1}b",
        "X-A: a\u{7f}b",
        "X-A: b\r\n c",
        "X-A: b\r\n\tc",
        " X-A: b",
    ] {
        let text = format!("GET /hello.txt HTTP/1.1\r\n{line}\r\n{HOST}\r\n");
        assert_refused(&head(&text), 400, line);
        let text = format!("GET /hello.txt HTTP/1.1\r\n{HOST}{line}\r\n\r\n");
        assert_refused(&head(&text), 400, line);
    }
}

#[test]
fn rfc9110_5_fields_that_are_well_formed() {
    for line in [
        "X-A:",
        "X-A:b",
        "X-A: \t b \t",
        "!#$%&'*+-.^_`|~09azAZ: b",
        "X-A: b:c: d",
        "X-A: caf\u{e9}",
        "Transfer_Encoding: chunked",
    ] {
        assert_eq!(
            get("/hello.txt", &format!("{line}\r\n")).status,
            200,
            "{line}"
        );
    }
}

#[test]
fn rfc9112_2_2_only_crlf_ends_a_line() {
    let good = format!("GET /hello.txt HTTP/1.1\r\n{HOST}A: b\r\n\r\n");
    assert_eq!(head(&good).status, 200);
    for (at, _) in good.match_indices("\r\n") {
        let mut text = good.clone();
        text.remove(at);
        assert_refused(&head(&text), 400, &text);
    }
    assert_refused(&head(&good.replace("\r\n", "\n")), 400, "LF");
    assert_refused(&head(&good.replace("\r\n", "\r")), 400, "CR");
}

#[test]
fn rfc9112_2_2_empty_lines_before_a_request_are_skipped() {
    let request = format!("GET /hello.txt HTTP/1.1\r\n{HOST}\r\n");
    for count in 0..=4 {
        assert_eq!(
            head(&format!("{}{request}", "\r\n".repeat(count))).status,
            200,
            "{count}"
        );
    }
    assert_refused(
        &head(&format!("{}{request}", "\r\n".repeat(5))),
        400,
        "five",
    );
    assert_refused(&head(&format!("\n{request}")), 400, "LF");
    assert_refused(&head(&format!("\r\n\n{request}")), 400, "CRLF LF");
    assert_refused(&head(&format!("\r{request}")), 400, "CR");
}

#[test]
fn rfc6585_5_a_head_at_its_limit_and_one_past_it() {
    let sized = |length: usize| {
        let start = format!("GET /hello.txt HTTP/1.1\r\n{HOST}X: ");
        let fill = "v".repeat(length - start.len() - 4);
        format!("{start}{fill}\r\n\r\n")
    };
    assert_eq!(sized(HEAD_MAX).len(), HEAD_MAX);
    assert_eq!(head(&sized(HEAD_MAX)).status, 200);
    assert_refused(&head(&sized(HEAD_MAX + 1)), 431, "one past");
    assert_refused(&head(&sized(HEAD_MAX * 20)), 431, "far past");
}

#[test]
fn rfc6585_5_fields_at_their_limit_and_one_past_it() {
    let with = |count: usize| {
        let fields = "a: b\r\n".repeat(count - 1);
        format!("GET /hello.txt HTTP/1.1\r\n{HOST}{fields}\r\n")
    };
    assert_eq!(head(&with(FIELDS_MAX)).status, 200);
    assert_refused(&head(&with(FIELDS_MAX + 1)), 431, "one past");
}

#[test]
fn rfc9110_9_methods() {
    for method in ["POST", "PUT", "DELETE", "PATCH", "TRACE"] {
        let answer = ask(method, "/hello.txt", "");
        assert_eq!(
            (answer.status, answer.then),
            (405, Disposition::KeepAlive),
            "{method}"
        );
        assert_eq!(
            answer.field("Allow"),
            Some("GET, HEAD, OPTIONS"),
            "{method}"
        );
    }
    for method in ["FOO", "get", "Get", "GETS", "PRI"] {
        assert_eq!(ask(method, "/hello.txt", "").status, 501, "{method}");
    }
    assert_eq!(ask("CONNECT", "localhost:80", "").status, 405);
}

#[test]
fn rfc9110_9_3_7_options() {
    for (target, status) in [
        ("*", 200),
        ("/hello.txt", 200),
        ("/dir", 200),
        ("/nope", 404),
    ] {
        let answer = ask("OPTIONS", target, "If-Match: \"x\"\r\nRange: bytes=0-0\r\n");
        assert_eq!(answer.status, status, "{target}");
        if status == 200 {
            assert_eq!(answer.field("Allow"), Some("GET, HEAD, OPTIONS"));
            assert_eq!(
                (answer.field("Content-Length"), answer.body.len()),
                (Some("0"), 0)
            );
        }
    }
    assert_refused(&get("*", ""), 400, "GET *");
}

#[test]
fn rfc9112_3_2_host() {
    let with = |version: &str, fields: &str| head(&format!("GET / HTTP/{version}\r\n{fields}\r\n"));
    for fields in [
        "",
        "A: b\r\n",
        "Host:\r\n",
        "Host: a b\r\n",
        "Host: a\r\nHost: a\r\n",
    ] {
        assert_refused(&with("1.1", fields), 400, fields);
        assert_eq!(
            with("1.0", fields).status == 200,
            !fields.contains("Host"),
            "{fields}"
        );
    }
    for host in [
        "localhost",
        "LOCALHOST:80",
        "[::1]:8080",
        "x.",
        "a_b",
        " \tx \t",
    ] {
        assert_eq!(
            with("1.1", &format!("Host:{host}\r\n")).status,
            200,
            "{host}"
        );
    }
}

#[test]
fn rfc9110_10_1_1_expectations() {
    assert_eq!(get("/hello.txt", "Expect: 100-Continue\r\n").status, 200);
    for value in ["200-ok", "100-continue, x", "x, 100-continue"] {
        let answer = get("/hello.txt", &format!("Expect: {value}\r\n"));
        assert_eq!(
            (answer.status, answer.then),
            (417, Disposition::KeepAlive),
            "{value}"
        );
    }
    let old = format!("GET /hello.txt HTTP/1.0\r\n{HOST}Expect: x\r\n\r\n");
    assert_eq!(head(&old).status, 200);
}
