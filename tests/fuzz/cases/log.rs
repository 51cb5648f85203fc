// SPDX-License-Identifier: GPL-2.0-only

//! Lines of the access log.

use protocol::log::{last_address, Ending, LogFormat, LogRecord, Moment, RequestHead, LINE_MAX};
use serde_json::Value;
use std::net::{IpAddr, Ipv6Addr};

/// Checks the line of a head in each format, preceded by a byte with the length of the response.
pub fn log(bytes: &[u8]) {
    let Some((sent, received)) = bytes.split_first() else {
        return;
    };
    let head = RequestHead::new(received);
    assert!(!head.line().contains(&b'\n'));
    assert!(head.method().len() + head.target().len() <= head.line().len());
    let address = match head.field(b"x-forwarded-for").and_then(last_address) {
        Some(IpAddr::V6(address)) => address,
        Some(IpAddr::V4(address)) => address.to_ipv6_mapped(),
        None => Ipv6Addr::LOCALHOST,
    };
    let mut record = LogRecord::EMPTY;
    for format in LogFormat::ALL {
        record.begin(head, format);
        record.set_client(address, 50_000);
        record.set_begin(1);
        record.set_response(200, 10, 100);
        let now = Moment {
            real_nanoseconds: 1_795_410_000_012_000_000,
            monotonic_nanoseconds: 12_000_001,
        };
        record.finish(Ending::Broken, u64::from(*sent), now);
        let line = record.to_string();
        assert!(line.len() <= LINE_MAX, "{line}");
        assert_eq!(format == LogFormat::Off, line.is_empty());
        assert!(line.ends_with('\n') || line.is_empty());
        assert!(
            !line.trim_end_matches('\n').contains(char::is_control),
            "{line}"
        );
        match format {
            LogFormat::Off => {}
            LogFormat::Common => assert_eq!(quotes(&line), 2, "{line}"),
            LogFormat::Combined => assert_eq!(quotes(&line), 6, "{line}"),
            LogFormat::Json => {
                let object: Value = serde_json::from_str(&line).expect(&line);
                let bytes = u64::from(*sent).saturating_sub(10).min(100);
                assert_eq!(object["bytes"], bytes);
                assert_eq!(object["duration"], 0.012);
            }
        }
    }
}

/// Counts the quotes of a line, which must be ASCII.
fn quotes(line: &str) -> usize {
    assert!(line.is_ascii(), "{line}");
    line.matches('"').count()
}
