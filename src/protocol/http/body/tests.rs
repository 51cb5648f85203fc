// SPDX-License-Identifier: GPL-2.0-only

//! Tests of framing and of the body parser.

use super::{BodyDrain, DrainProgress, Fields, Framing, Status, Version, BODY_MAX};

fn framing(version: Version, lines: &str) -> Result<Framing, Status> {
    let head = format!("POST / HTTP/1.1\r\n{lines}\r\n");
    let mut headers = [httparse::EMPTY_HEADER; 8];
    let mut request = httparse::Request::new(&mut headers);
    assert!(request.parse(head.as_bytes()).unwrap().is_complete());
    let mut fields = Fields::new();
    fields.gather(head.as_bytes(), request.headers).unwrap();
    Framing::parse(&fields, version)
}

fn framing_1_1(lines: &str) -> Result<Framing, Status> {
    framing(Version::Http11, lines)
}

/// Returns the end of a chunked body that more bytes follow, or [`None`] if it is malformed.
fn end(body: &str) -> Option<usize> {
    let bytes = [body.as_bytes(), b"GET / HTTP/1.1\r\n"].concat();
    let whole = match BodyDrain::new(Framing::Chunked).unwrap().take(&bytes) {
        DrainProgress::End(count) => Some(count),
        DrainProgress::Broken => None,
        DrainProgress::More => panic!("{body:?} has no end"),
    };
    let mut one_by_one = BodyDrain::new(Framing::Chunked).unwrap();
    let mut count = 0;
    let split = bytes.iter().find_map(|byte| {
        count += 1;
        match one_by_one.take(&[*byte]) {
            DrainProgress::More => None,
            DrainProgress::End(taken) => Some(Some(count - 1 + taken)),
            DrainProgress::Broken => Some(None),
        }
    });
    assert_eq!(split, Some(whole), "{body:?} in pieces");
    whole
}

#[test]
fn rfc9112_6_3_content_length_is_bounded_and_unique() {
    let too_large = format!("Content-Length: {}\r\n", BODY_MAX + 1);
    let largest = format!("Content-Length: {BODY_MAX}\r\n");
    for (lines, framing) in [
        ("", Ok(Framing::None)),
        ("Content-Length: 0\r\n", Ok(Framing::None)),
        ("Content-Length: 5\r\n", Ok(Framing::Length(5))),
        ("cONTENT-lENGTH:\t 0005 \r\n", Ok(Framing::Length(5))),
        (&largest, Ok(Framing::Length(BODY_MAX))),
        (&too_large, Ok(Framing::TooLong)),
        ("Content-Length: 4294967301\r\n", Ok(Framing::TooLong)),
        (
            "Content-Length: 18446744073709551615\r\n",
            Ok(Framing::TooLong),
        ),
        (
            "Content-Length: 18446744073709551616\r\n",
            Err(Status::BadRequest),
        ),
        (
            "Content-Length: 5\r\nContent-Length: 5\r\n",
            Err(Status::BadRequest),
        ),
        (
            "Content-Length: 5\r\nContent-Length: 6\r\n",
            Err(Status::BadRequest),
        ),
    ] {
        assert_eq!(framing_1_1(lines), framing, "{lines}");
    }
}

#[test]
fn rfc9112_6_3_malformed_content_length_is_400() {
    for value in [
        "", "-5", "+5", "0x5", "1 5", "5x", "5, 5", "5,6", "5.0", "\"5\"", "1_0", "5;q=1",
        "\u{ff15}",
    ] {
        assert_eq!(
            framing_1_1(&format!("Content-Length: {value}\r\n")),
            Err(Status::BadRequest),
            "{value}"
        );
    }
}

#[test]
fn rfc9112_6_1_only_chunked_is_accepted() {
    for (lines, framing) in [
        ("Transfer-Encoding: chunked\r\n", Ok(Framing::Chunked)),
        ("Transfer-Encoding: CHUNKED\r\n", Ok(Framing::Chunked)),
        ("Transfer-Encoding: ,chunked,\r\n", Ok(Framing::Chunked)),
        (
            "Transfer-Encoding: gzip, chunked\r\n",
            Err(Status::NotImplemented),
        ),
        (
            "Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n",
            Err(Status::NotImplemented),
        ),
        (
            "Transfer-Encoding: chunked, chunked\r\n",
            Err(Status::BadRequest),
        ),
        (
            "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n",
            Err(Status::BadRequest),
        ),
        (
            "Transfer-Encoding: chunked, gzip\r\n",
            Err(Status::BadRequest),
        ),
        ("Transfer-Encoding: identity\r\n", Err(Status::BadRequest)),
        ("Transfer-Encoding: xchunked\r\n", Err(Status::BadRequest)),
        (
            "Transfer-Encoding: chunked;a=b\r\n",
            Err(Status::BadRequest),
        ),
        (
            "Transfer-Encoding: \"chunked\"\r\n",
            Err(Status::BadRequest),
        ),
        ("Transfer-Encoding:\r\n", Err(Status::BadRequest)),
        ("Transfer-Encoding: ,\r\n", Err(Status::BadRequest)),
        (
            "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
            Err(Status::BadRequest),
        ),
        (
            "Content-Length: 0\r\nTransfer-Encoding: chunked\r\n",
            Err(Status::BadRequest),
        ),
    ] {
        assert_eq!(framing_1_1(lines), framing, "{lines}");
    }
    let chunked = "Transfer-Encoding: chunked\r\n";
    assert_eq!(framing(Version::Http10, chunked), Err(Status::BadRequest));
}

#[test]
fn rfc9112_7_1_chunked_body_ends_after_its_trailer() {
    for body in [
        "0\r\n\r\n",
        "000\r\n\r\n",
        "5\r\nhello\r\n0\r\n\r\n",
        "A\r\n0123456789\r\na\r\n0123456789\r\n0\r\n\r\n",
        "0005;a=b;c=\"d;\\\"e\"\r\nhello\r\n0;x\r\n\r\n",
        "5 \t;a\r\nhello\r\n0\r\n\r\n",
        "5\r\nhello\r\n0\r\nX-T: 1\r\nX-U:\r\n\r\n",
        "5\r\nhello\r\n0\r\nContent-Length: 999\r\n\r\n",
        "2\r\n\r\n\r\n0\r\n\r\n",
    ] {
        assert_eq!(end(body), Some(body.len()), "{body:?}");
    }
    assert_eq!(
        end(&format!("{}0\r\n\r\n", "1\r\nx\r\n".repeat(1000))),
        Some(6005)
    );
}

#[test]
fn rfc9112_7_1_malformed_chunks_are_rejected() {
    for body in [
        "0x5\r\nhello\r\n0\r\n\r\n",
        "-5\r\nhello\r\n0\r\n\r\n",
        "+5\r\nhello\r\n0\r\n\r\n",
        "0_5\r\nhello\r\n0\r\n\r\n",
        " 5\r\nhello\r\n0\r\n\r\n",
        "zz\r\nhello\r\n0\r\n\r\n",
        "\r\nhello\r\n0\r\n\r\n",
        ";5\r\nhello\r\n0\r\n\r\n",
        "5,5\r\nhello\r\n0\r\n\r\n",
        "5 a=b\r\nhello\r\n0\r\n\r\n",
        "5 \r\nhello\r\n0\r\n\r\n",
        "5\0\r\nhello\r\n0\r\n\r\n",
        "5;\0\r\nhello\r\n0\r\n\r\n",
        "10000000000000005\r\nhello\r\n0\r\n\r\n",
        "fffffffffffffffff\r\nhello\r\n0\r\n\r\n",
        "5\r\nhello0\r\n\r\n",
        "5\r\nhelloXX\r\n0\r\n\r\n",
        "7\r\nhello\r\n0\r\n\r\n",
        "5\rhello\r\n0\r\n\r\n",
        "5\nhello\r\n0\r\n\r\n",
        "5\r\nhello\n0\r\n\r\n",
        "5;a\nb\r\nhello\r\n0\r\n\r\n",
        "5;a\rb\r\nhello\r\n0\r\n\r\n",
        "5\r\nhello\r\n0\r\n\n",
        "5\r\nhello\r\n0\r\nnocolon\r\n\r\n",
        "5\r\nhello\r\n0\r\n: x\r\n\r\n",
        "5\r\nhello\r\n0\r\nA: b\r\n folded\r\n\r\n",
        "5\r\nhello\r\n0\r\nA : b\r\n\r\n",
    ] {
        assert_eq!(end(body), None, "{body:?}");
    }
}

#[test]
fn rfc9112_7_1_chunked_body_is_bounded() {
    let largest = BODY_MAX as usize;
    // The size line, the CRLF after the data and the last chunk take 13 bytes.
    let body = |length: usize| format!("{length:04x}\r\n{}\r\n0\r\n\r\n", "x".repeat(length));
    assert_eq!(end(&body(largest - 13)), Some(largest));
    assert_eq!(end(&body(largest - 12)), None);
    assert_eq!(end("10000\r\n"), None);
    assert_eq!(
        end(&format!("5;{}\r\nhello\r\n0\r\n\r\n", "a".repeat(largest))),
        None
    );
    assert_eq!(
        end(&format!("0\r\n{}\r\n", "A: b\r\n".repeat(largest / 6))),
        None
    );
}

#[test]
fn rfc9112_6_2_body_of_known_length_holds_any_bytes() {
    let mut drain = BodyDrain::new(Framing::Length(5)).unwrap();
    assert_eq!(drain.take(b"\r\nG"), DrainProgress::More);
    assert_eq!(drain.take(b""), DrainProgress::More);
    assert_eq!(drain.take(b"ETGET"), DrainProgress::End(2));
    assert_eq!(BodyDrain::new(Framing::None), None);
}
