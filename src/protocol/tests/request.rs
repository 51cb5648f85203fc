// SPDX-License-Identifier: GPL-2.0-only

//! Request heads: syntax, limits, versions, methods, hosts.

mod fixture;

use fixture::{assert_rejected, converse, converse_in_memory, get, request, send, Memory};
use protocol::http::{Disposition, FIELDS_MAX, HEAD_MAX, HEAD_ROOM, REQUESTS_MAX};

const HOST: &str = "Host: localhost\r\n";

#[test]
fn rfc9112_3_malformed_request_lines_are_400() {
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
        assert_rejected(&send(&format!("{line}\r\n{HOST}\r\n")), 400, line);
    }
}

#[test]
fn rfc9112_2_3_other_versions_are_505_or_400() {
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
        let response = send(&format!("GET /hello.txt {version}\r\n{HOST}\r\n"));
        assert_eq!(response.status, status, "{version}");
        assert!(response.head.starts_with("HTTP/1.1 "), "{version}");
        assert_eq!(
            response.disposition == Disposition::KeepAlive,
            status == 200 && version != "HTTP/1.0"
        );
    }
}

#[test]
fn rfc9110_2_5_later_minor_version_is_1_1() {
    let conversation = converse(b"GET / HTTP/1.7\r\nHost: x\r\n\r\nHEAD / HTTP/1.2\r\n\r\n");
    assert_eq!(conversation.statuses(), [200, 400]);
    assert!(conversation.responses[1].body.is_empty());
    for fields in ["Host: x\nA: b\r\n", "Host : x\r\n", "Host: x\r\n B: c\r\n"] {
        assert_rejected(
            &send(&format!("GET / HTTP/1.2\r\n{fields}\r\n")),
            400,
            fields,
        );
    }
    let many = "a: b\r\n".repeat(FIELDS_MAX);
    assert_rejected(
        &send(&format!("GET / HTTP/1.2\r\n{HOST}{many}\r\n")),
        431,
        "fields",
    );
    assert_rejected(&send("GET / HTTP/1.2\nHost: x\r\n\r\n"), 400, "LF");
}

#[test]
fn rfc9113_3_4_http_2_preface_is_505() {
    assert_rejected(&send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), 505, "preface");
}

#[test]
fn rfc9112_5_malformed_fields_are_400() {
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
        assert_rejected(&send(&text), 400, line);
        let text = format!("GET /hello.txt HTTP/1.1\r\n{HOST}{line}\r\n\r\n");
        assert_rejected(&send(&text), 400, line);
    }
}

#[test]
fn rfc9110_5_well_formed_fields_are_accepted() {
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
    let valid = format!("GET /hello.txt HTTP/1.1\r\n{HOST}A: b\r\n\r\n");
    assert_eq!(send(&valid).status, 200);
    for (at, _) in valid.match_indices("\r\n") {
        let mut text = valid.clone();
        text.remove(at);
        assert_rejected(&send(&text), 400, &text);
    }
    assert_rejected(&send(&valid.replace("\r\n", "\n")), 400, "LF");
    assert_rejected(&send(&valid.replace("\r\n", "\r")), 400, "CR");
}

#[test]
fn rfc9112_2_2_empty_lines_before_a_request_are_skipped() {
    let request = format!("GET /hello.txt HTTP/1.1\r\n{HOST}\r\n");
    for count in 0..=4 {
        assert_eq!(
            send(&format!("{}{request}", "\r\n".repeat(count))).status,
            200,
            "{count}"
        );
    }
    assert_rejected(
        &send(&format!("{}{request}", "\r\n".repeat(5))),
        400,
        "five",
    );
    assert_rejected(&send(&format!("\n{request}")), 400, "LF");
    assert_rejected(&send(&format!("\r\n\n{request}")), 400, "CRLF LF");
    assert_rejected(&send(&format!("\r{request}")), 400, "CR");
}

#[test]
fn rfc6585_5_head_beyond_its_limit_is_431() {
    let sized = |length: usize| {
        let start = format!("GET /hello.txt HTTP/1.1\r\n{HOST}X: ");
        let fill = "v".repeat(length - start.len() - 4);
        format!("{start}{fill}\r\n\r\n")
    };
    assert_eq!(sized(HEAD_MAX).len(), HEAD_MAX);
    assert_eq!(send(&sized(HEAD_MAX)).status, 200);
    assert_rejected(&send(&sized(HEAD_MAX + 1)), 431, "one past");
    assert_rejected(&send(&sized(HEAD_MAX * 20)), 431, "far past");
}

/// The crate alone: the setting of a server is the default.
#[test]
fn head_of_the_configured_length_is_accepted_in_any_pieces() {
    let mut site = fixture::site();
    let head = |length: usize| {
        let start = format!("GET /hello.txt HTTP/1.1\r\n{HOST}Cookie: ");
        let filler = "v\r\nAuthorization: ".to_owned() + &"t".repeat(length);
        (start + &filler)[..length - 4].to_owned() + "\r\n\r\n"
    };
    let statuses = |site: &Memory, text: &str, piece: usize| {
        let pieces: Vec<_> = text.as_bytes().chunks(piece).collect();
        converse_in_memory(site, REQUESTS_MAX, &pieces).statuses()
    };
    for head_max in [HEAD_MAX, 12_288, HEAD_ROOM] {
        site.policy.head_max = head_max;
        for piece in [1000, 8192, usize::MAX] {
            for length in [HEAD_MAX - 1, HEAD_MAX, HEAD_MAX + 1, head_max] {
                let status = if length <= head_max { 200 } else { 431 };
                assert_eq!(statuses(&site, &head(length), piece), [status], "{length}");
            }
            assert_eq!(statuses(&site, &head(head_max + 1), piece), [431]);
            // Of a pipeline each head is as long.
            let pipeline = head(head_max) + &head(100) + &head(head_max);
            assert_eq!(statuses(&site, &pipeline, piece), [200, 200, 200]);
        }
    }
    let target = format!("GET /{} HTTP/1.1\r\n{HOST}\r\n", "a".repeat(8000));
    assert_eq!(statuses(&site, &target, usize::MAX), [414]);
}

#[test]
fn rfc6585_5_fields_beyond_their_limit_are_431() {
    let with = |count: usize| {
        let fields = "a: b\r\n".repeat(count - 1);
        format!("GET /hello.txt HTTP/1.1\r\n{HOST}{fields}\r\n")
    };
    assert_eq!(send(&with(FIELDS_MAX)).status, 200);
    assert_rejected(&send(&with(FIELDS_MAX + 1)), 431, "one past");
}

#[test]
fn rfc9110_9_other_methods_are_405_or_501() {
    for method in ["POST", "PUT", "DELETE", "PATCH", "TRACE"] {
        let response = request(method, "/hello.txt", "");
        assert_eq!(
            (response.status, response.disposition),
            (405, Disposition::KeepAlive),
            "{method}"
        );
        assert_eq!(
            response.field("Allow"),
            Some("GET, HEAD, OPTIONS"),
            "{method}"
        );
    }
    for method in ["FOO", "get", "Get", "GETS", "PRI"] {
        assert_eq!(request(method, "/hello.txt", "").status, 501, "{method}");
    }
    assert_eq!(request("CONNECT", "localhost:80", "").status, 405);
}

#[test]
fn rfc9112_3_2_exactly_one_host_is_required() {
    let with = |version: &str, fields: &str| send(&format!("GET / HTTP/{version}\r\n{fields}\r\n"));
    for fields in [
        "",
        "A: b\r\n",
        "Host:\r\n",
        "Host: a b\r\n",
        "Host: a\r\nHost: a\r\n",
    ] {
        assert_rejected(&with("1.1", fields), 400, fields);
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
fn rfc9110_10_1_1_unknown_expectation_is_417() {
    assert_eq!(get("/hello.txt", "Expect: 100-Continue\r\n").status, 200);
    for value in ["200-ok", "100-continue, x", "x, 100-continue"] {
        let response = get("/hello.txt", &format!("Expect: {value}\r\n"));
        assert_eq!(
            (response.status, response.disposition),
            (417, Disposition::KeepAlive),
            "{value}"
        );
    }
    let old = format!("GET /hello.txt HTTP/1.0\r\n{HOST}Expect: x\r\n\r\n");
    assert_eq!(send(&old).status, 200);
}
