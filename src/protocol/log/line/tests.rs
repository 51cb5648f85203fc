// SPDX-License-Identifier: GPL-2.0-only

//! Tests of lines.

use super::LINE_MAX;
use crate::log::{Ending, LogFormat, LogRecord, Moment, RequestHead};
use crate::tls::TlsParameters;
use proptest::prelude::*;
use std::net::Ipv4Addr;

/// Sun, 06 Nov 1994 08:49:37.012 GMT, two seconds after the beginning of the request.
const NOW: Moment = Moment {
    real_nanoseconds: 784_111_777_012_999_999,
    monotonic_nanoseconds: 7_034_999_999,
};

/// Renders the line of a response of 1000 bytes to this head.
fn line(head: &[u8], format: LogFormat) -> String {
    let mut record = LogRecord::EMPTY;
    record.begin(RequestHead::new(head), format);
    record.set_client("::ffff:192.0.2.1".parse().expect("an address"), 50_000);
    record.set_begin(5_000_000_000);
    record.set_response(200, 150, 1000);
    record.finish(Ending::Complete, record.end_offset(), NOW);
    record.to_string()
}

#[test]
fn each_format_tells_of_a_request() {
    let head = b"GET /a?b HTTP/1.1\r\nHost: a.org\r\nUser-Agent: curl/8\r\n\r\n";
    let common = "192.0.2.1 - - [06/Nov/1994:08:49:37 +0000] \"GET /a?b HTTP/1.1\" 200 1000";
    assert_eq!(line(head, LogFormat::Off), "");
    assert_eq!(line(head, LogFormat::Common), format!("{common}\n"));
    assert_eq!(
        line(head, LogFormat::Combined),
        format!("{common} \"-\" \"curl/8\"\n")
    );
    assert_eq!(
        line(head, LogFormat::Json),
        concat!(
            r#"{"time":"1994-11-06T08:49:37.012Z","client":"192.0.2.1","port":50000,"#,
            r#""method":"GET","target":"/a?b","protocol":"HTTP/1.1","host":"a.org","#,
            r#""status":200,"bytes":1000,"duration":2.034,"end":"complete","#,
            r#""referer":null,"user_agent":"curl/8"}"#,
            "\n"
        )
    );
}

#[test]
fn json_tells_of_tls() {
    let mut record = LogRecord::EMPTY;
    record.begin(RequestHead::new(b""), LogFormat::Json);
    for (version, cipher, end) in [
        (0x0303, 51, r#","tls":"1.2","cipher":"AES_128_GCM"}"#),
        (0x0304, 52, r#","tls":"1.3","cipher":"AES_256_GCM"}"#),
        (0x0304, 54, r#","tls":"1.3","cipher":"CHACHA20_POLY1305"}"#),
        (0x0305, 99, r#","tls":"other","cipher":"other"}"#),
    ] {
        record.set_tls(Some(TlsParameters::from_numbers(version, cipher)));
        assert!(
            record.to_string().ends_with(&format!("{end}\n")),
            "{record}"
        );
    }
    record.set_tls(None);
    assert!(!record.to_string().contains("tls"), "{record}");
}

#[test]
fn unknown_parts_are_hyphens_or_null() {
    let mut record = LogRecord::EMPTY;
    record.begin(RequestHead::new(b""), LogFormat::Combined);
    record.set_client(Ipv4Addr::new(192, 0, 2, 1).to_ipv6_mapped(), 1);
    record.finish(Ending::HandedOver, 0, NOW);
    assert_eq!(
        record.to_string(),
        "192.0.2.1 - - [06/Nov/1994:08:49:37 +0000] \"-\" - - \"-\" \"-\"\n"
    );
    record.begin(RequestHead::new(b""), LogFormat::Json);
    record.set_client("2001:db8::1".parse().expect("an address"), 1);
    record.finish(Ending::HandedOver, 0, NOW);
    assert_eq!(
        record.to_string(),
        concat!(
            r#"{"time":"1994-11-06T08:49:37.012Z","client":"2001:db8::1","port":1,"#,
            r#""method":null,"target":null,"protocol":null,"host":null,"#,
            r#""status":null,"bytes":0,"duration":null,"end":"handed-over","#,
            r#""referer":null,"user_agent":null}"#,
            "\n"
        )
    );
}

#[test]
fn bytes_that_could_end_a_string_are_escaped() {
    let head = b"GET /\"\\\t\x7f\xc3\xa9\xff\xc2\x85 HTTP/1.1\r\n\r\n";
    let common = line(head, LogFormat::Common);
    assert!(
        common.contains(r#"] "GET /\x22\x5C\x09\x7F\xC3\xA9\xFF\xC2\x85 HTTP/1.1" 200"#),
        "{common}"
    );
    let json = line(head, LogFormat::Json);
    let target = "\"/\\\"\\\\\\u0009\\u007f\u{e9}\u{fffd}\\u0085\"";
    assert!(json.contains(target), "{json}");
}

#[test]
fn truncated_texts_are_marked() {
    let long = format!("GET /{} HTTP/1.1\r\n\r\n", "\u{e9}".repeat(500));
    let common = line(long.as_bytes(), LogFormat::Common);
    assert!(common.ends_with("\\xC3...\" 200 1000\n"), "{common}");
    let json = line(long.as_bytes(), LogFormat::Json);
    // The character that was cut is left out.
    assert!(json.contains("\u{e9}\",\"protocol\":null,"), "{json}");
    assert!(!json.contains('\u{fffd}') && json.ends_with(",\"truncated\":true}\n"));
    let whole = line(b"GET / HTTP/1.1\r\n\r\n", LogFormat::Json);
    assert!(!whole.contains("truncated"), "{whole}");
}

#[test]
fn longest_line_has_the_maximum_length_at_most() {
    let long = "\u{1}".repeat(2000);
    let head =
        format!("{long} {long} HTTP/\nhost: {long}x\nreferer: {long}x\nuser-agent: {long}x\n");
    for format in LogFormat::ALL {
        let mut record = LogRecord::EMPTY;
        record.begin(RequestHead::new(head.as_bytes()), format);
        let longest = "1111:2222:3333:4444:5555:6666:7777:8888";
        record.set_client(longest.parse().expect("an address"), u16::MAX);
        record.set_begin(1);
        record.set_response(u16::MAX, 0, u64::MAX);
        let end = Moment {
            real_nanoseconds: u64::MAX,
            monotonic_nanoseconds: u64::MAX,
        };
        record.finish(Ending::HandedOver, u64::MAX, end);
        let length = record.to_string().len();
        assert!(length <= LINE_MAX, "{format:?}: {length}");
        if format == LogFormat::Json {
            assert!(length + 100 > LINE_MAX, "{length} is far below the maximum");
        }
    }
}

proptest! {
    #[test]
    fn arbitrary_bytes_make_one_line(
        bytes in prop::collection::vec(any::<u8>(), 0..700),
        format in prop::sample::select(LogFormat::ALL[1..].to_vec()),
    ) {
        let line = line(&bytes, format);
        let text = line.strip_suffix('\n').expect("a line feed");
        prop_assert!(!text.chars().any(char::is_control));
        prop_assert!(format == LogFormat::Json || text.is_ascii());
        prop_assert!(line.len() <= LINE_MAX);
    }
}
