// SPDX-License-Identifier: GPL-2.0-only

//! Tests of records.

use super::{LogRecord, RecordText, TEXT_ROOM};
use crate::log::{Ending, LogFormat, Moment, RequestHead};
use std::net::Ipv4Addr;

const HEAD: &[u8] = b"GET /a HTTP/1.1\r\nUser-Agent: old\r\nHOST: a.org\r\nRefere: no\r\n\
    X-Host: no\r\nReferer:\thttp://a.org/ \r\nUser-agent: new\r\n\r\nHost: body\r\n";

fn texts(record: &LogRecord) -> [&str; 4] {
    [
        RecordText::Line,
        RecordText::Host,
        RecordText::Referer,
        RecordText::UserAgent,
    ]
    .map(|text| std::str::from_utf8(record.text(text)).expect("UTF-8"))
}

#[test]
fn texts_are_found_in_the_head() {
    let mut record = LogRecord::EMPTY;
    record.begin(RequestHead::new(HEAD), LogFormat::Combined);
    let all = ["GET /a HTTP/1.1", "a.org", "http://a.org/", "new"];
    assert_eq!(texts(&record), all);
    assert!(!record.is_truncated(RecordText::UserAgent));
}

#[test]
fn of_a_long_head_a_record_has_what_its_format_needs() {
    let long = [HEAD.trim_ascii_end(), b"\r\n", &[b'a'; TEXT_ROOM]].concat();
    let mut record = LogRecord::EMPTY;
    for format in LogFormat::ALL {
        record.begin(RequestHead::new(&long), format);
        let fields = match format {
            LogFormat::Off | LogFormat::Common => ["", "", ""],
            LogFormat::Combined | LogFormat::Json => ["a.org", "http://a.org/", "new"],
        };
        assert_eq!(texts(&record)[0], "GET /a HTTP/1.1");
        assert_eq!(texts(&record)[1..], fields, "{format:?}");
        assert_eq!(record.format(), format);
    }
}

#[test]
fn begin_forgets_the_line_before() {
    let mut record = LogRecord::EMPTY;
    let now = Moment {
        real_nanoseconds: 3,
        monotonic_nanoseconds: 4,
    };
    record.begin(RequestHead::new(HEAD), LogFormat::Json);
    record.set_client(Ipv4Addr::new(192, 0, 2, 1).to_ipv6_mapped(), 1);
    record.set_begin(2);
    record.set_response(200, 100, 50);
    record.finish(Ending::Complete, 150, now);
    assert_eq!((record.end_offset(), record.end()), (150, 4));

    let mut fresh = LogRecord::EMPTY;
    for record in [&mut record, &mut fresh] {
        record.begin(RequestHead::new(b"x"), LogFormat::Json);
    }
    assert_eq!(record.to_string(), fresh.to_string());
    assert_eq!(record.end_offset(), 0);
}

#[test]
fn each_text_of_a_long_head_is_truncated_at_its_room() {
    let rest = format!("\r\n{}", "a".repeat(TEXT_ROOM));
    for (text, room) in [
        (RecordText::Line, 480),
        (RecordText::Host, 80),
        (RecordText::Referer, 160),
        (RecordText::UserAgent, 200),
    ] {
        for (length, is_truncated) in [(room, false), (room + 1, true)] {
            let long = "a".repeat(length);
            let head = match text {
                RecordText::Line => format!("{long}\r\n"),
                RecordText::Host => format!("x\r\nhost: {long}\r\n"),
                RecordText::Referer => format!("x\r\nreferer: {long}\r\n"),
                RecordText::UserAgent => format!("x\r\nuser-agent: {long}\r\n"),
            };
            let head = head + &rest;
            let mut record = LogRecord::EMPTY;
            record.begin(RequestHead::new(head.as_bytes()), LogFormat::Combined);
            assert_eq!(record.text(text), &long.as_bytes()[..room]);
            assert_eq!(record.is_truncated(text), is_truncated, "{length}");
            record.begin(RequestHead::new(b"x"), LogFormat::Combined);
            assert!(!record.is_truncated(text));
        }
    }
}

#[test]
fn bytes_are_those_of_the_body_that_were_sent() {
    let mut record = LogRecord::EMPTY;
    record.set_response(200, 100, 50);
    let now = Moment {
        real_nanoseconds: 0,
        monotonic_nanoseconds: 0,
    };
    for (sent, body) in [(0, 0), (100, 0), (101, 1), (150, 50), (u64::MAX, 50)] {
        record.finish(Ending::Broken, sent, now);
        assert_eq!(record.body_sent(), body, "{sent}");
    }
    record.set_response(200, u64::MAX, u64::MAX);
    assert_eq!(record.end_offset(), u64::MAX);
}
