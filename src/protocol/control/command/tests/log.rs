// SPDX-License-Identifier: GPL-2.0-only

//! Tests of the commands of the access log.

use super::{error, parse, Command};
use crate::{http::HostPattern, log::LogFormat};

#[test]
fn log_has_a_format_and_may_have_a_host() {
    for format in LogFormat::ALL {
        let word = format.word();
        for (host, pattern) in [
            ("", None),
            (" for a.org", Some(HostPattern::Exact("a.org"))),
            (" for *.a.org", Some(HostPattern::Below("a.org"))),
            (" for *", Some(HostPattern::Any)),
        ] {
            let text = format!("log {word}{host}");
            let parsed = parse(&text);
            assert!(
                matches!(parsed, Ok(Command::Log(found, host)) if (found, host) == (format, pattern)),
                "{text}: {parsed:?}"
            );
        }
    }
    for (text, word, reason) in [
        ("log", "log", "needs off, common, combined or json"),
        ("log JSON", "JSON", "must be off, common, combined or json"),
        (
            "log /var/log/x",
            "/var/log/x",
            "must be off, common, combined or json",
        ),
        ("log json a.org", "a.org", "must be for HOST"),
        ("log json for", "log", "needs a host"),
        ("log json for a b", "b", "unexpected word"),
        (
            "log json for a:80",
            "a:80",
            "must be a host without scheme and port, *.DOMAIN, or *",
        ),
        (
            "log json for https://a",
            "https://a",
            "must be a host without scheme and port, *.DOMAIN, or *",
        ),
    ] {
        assert_eq!(error(text), format!("line 1: \"{word}\": {reason}"));
    }
}

#[test]
fn log_buffer_is_64_kib_to_64_mib() {
    for bytes in [65_536, 67_108_864] {
        let text = format!("log-buffer {bytes}");
        assert!(
            matches!(parse(&text), Ok(Command::LogBuffer(n)) if n == bytes),
            "{text}"
        );
    }
    for text in ["0", "65535", "67108865", "1M", "-65536", "off"] {
        assert_eq!(
            error(&format!("log-buffer {text}")),
            format!("line 1: {text:?}: must be 65536 to 67108864")
        );
    }
    assert_eq!(
        error("log-buffer"),
        r#"line 1: "log-buffer": needs a number"#
    );
    assert_eq!(
        error("log-buffer 65536 now"),
        r#"line 1: "now": unexpected word"#
    );
}

#[test]
fn client_address_is_a_field_of_a_network_or_off() {
    for (text, name, network) in [
        (
            "client-address X-Forwarded-For from 10.0.0.0/8",
            "X-Forwarded-For",
            "10.0.0.0/8",
        ),
        ("client-address off from ::1", "off", "::1/128"),
    ] {
        let parsed = parse(text);
        let Ok(Command::ClientAddress(Some(proxy))) = parsed else {
            panic!("{text}: {parsed:?}");
        };
        assert_eq!(
            (proxy.name, proxy.network.to_string().as_str()),
            (name, network)
        );
    }
    assert!(matches!(
        parse("client-address off"),
        Ok(Command::ClientAddress(None))
    ));
    let long = format!("client-address {} from ::1", "a".repeat(65));
    for (text, word, reason) in [
        (
            "client-address",
            "client-address",
            "needs a field, such as X-Forwarded-For, or off",
        ),
        ("client-address A", "client-address", "needs from NETWORK"),
        ("client-address off now", "now", "must be from NETWORK"),
        ("client-address A ::1", "::1", "must be from NETWORK"),
        (
            "client-address A from",
            "client-address",
            "needs a network, such as 192.0.2.0/24",
        ),
        (
            "client-address A: from ::1",
            "A:",
            "must be the name of a field",
        ),
        (
            "client-address A from x",
            "x",
            "must be like 192.0.2.0/24, 2001:db8::/32 or 192.0.2.1",
        ),
        ("client-address A from ::1 ::2", "::2", "unexpected word"),
    ] {
        assert_eq!(error(text), format!("line 1: \"{word}\": {reason}"));
    }
    assert!(error(&long).ends_with("must be the name of a field"));
}
