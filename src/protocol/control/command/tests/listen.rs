// SPDX-License-Identifier: GPL-2.0-only

//! Tests of the commands of listeners.

use super::{error, parse};
use crate::control::command::Command;
use std::net::SocketAddr;

pub(super) fn addresses(text: &str) -> Vec<SocketAddr> {
    match parse(text).expect("a command") {
        Command::Listen {
            addresses,
            is_tls: false,
        }
        | Command::Unlisten(addresses) => addresses.map(|(_, address)| address).collect(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn address_is_a_port_or_an_address_with_a_port() {
    for (text, expected) in [
        ("listen 80", vec!["[::]:80"]),
        ("listen 0.0.0.0:80", vec!["0.0.0.0:80"]),
        (
            "listen [::]:80 127.0.0.1:8080\t443",
            vec!["[::]:80", "127.0.0.1:8080", "[::]:443"],
        ),
        ("listen [fe80::1%2]:65535", vec!["[fe80::1%2]:65535"]),
        ("unlisten", vec![]),
        ("unlisten 80 [::1]:81", vec!["[::]:80", "[::1]:81"]),
    ] {
        let expected: Vec<SocketAddr> = expected.iter().map(|a| a.parse().unwrap()).collect();
        assert_eq!(addresses(text), expected, "{text}");
    }
}

#[test]
fn malformed_addresses_are_errors_with_a_reason() {
    for (text, word) in [
        ("listen 80 0", "0"),
        ("listen 65536", "65536"),
        ("listen +80", "+80"),
        ("listen 127.0.0.1", "127.0.0.1"),
        ("listen 127.0.0.1:0", "127.0.0.1:0"),
        ("listen 127.0.0.1:", "127.0.0.1:"),
        ("listen 127.1:80", "127.1:80"),
        ("listen localhost:80", "localhost:80"),
        ("listen ::1:80", "::1:80"),
        ("listen [::1]", "[::1]"),
        ("listen 80 *:80", "*:80"),
        ("unlisten 80x", "80x"),
        ("relay 2001", "2001"),
        ("send [::1]x text", "[::1]x"),
    ] {
        let message = error(text);
        assert!(
            message.starts_with(&format!("line 1: {word:?}: ")),
            "{text}: {message}"
        );
        assert!(
            message.contains("a port must be 1 to 65535") || message.contains("must be like"),
            "{message}"
        );
    }
    assert_eq!(
        error("listen"),
        r#"line 1: "listen": needs a port, or an address and a port"#
    );
}

#[test]
pub(super) fn addresses_before_the_word_tls_are_for_the_agent() {
    for (text, expected) in [
        ("listen 443 tls", vec!["[::]:443"]),
        (
            "listen 443\t[::1]:8443  tls ",
            vec!["[::]:443", "[::1]:8443"],
        ),
    ] {
        let Ok(Command::Listen {
            addresses,
            is_tls: true,
        }) = parse(text)
        else {
            panic!("{text}");
        };
        let expected: Vec<SocketAddr> = expected.iter().map(|a| a.parse().unwrap()).collect();
        let found: Vec<_> = addresses.map(|(_, address)| address).collect();
        assert_eq!(found, expected, "{text}");
    }
    for (text, message) in [
        (
            "listen tls",
            "\"listen\": needs a port, or an address and a port",
        ),
        (
            "listen tls 443",
            "\"listen\": needs a port, or an address and a port",
        ),
        ("listen 443 tls tls", "\"tls\": unexpected word"),
        ("listen 443 tls 80", "\"80\": unexpected word"),
        ("unlisten 443 tls", "\"tls\": unexpected word"),
        ("unlisten tls", "\"tls\": unexpected word"),
    ] {
        assert_eq!(error(text), format!("line 1: {message}"), "{text}");
    }
    assert!(error("listen 443 TLS").contains("must be like"));
}

#[test]
fn agent_listens_at_a_port_and_may_have_an_address_and_a_user() {
    for (text, shown, uid) in [
        ("tls-agent 8443", "8443", None),
        ("tls-agent 127.0.0.1:8443", "127.0.0.1:8443", None),
        ("tls-agent [::1]:8443 uid 0", "[::1]:8443", Some(0)),
        ("tls-agent 8443 uid 4294967294", "8443", Some(u32::MAX - 1)),
    ] {
        let Ok(Command::TlsAgent(Some(agent))) = parse(text) else {
            panic!("{text}");
        };
        assert_eq!((agent.to_string().as_str(), agent.uid), (shown, uid));
    }
    assert!(matches!(
        parse("tls-agent off"),
        Ok(Command::TlsAgent(None))
    ));
    for (text, word) in [
        ("tls-agent", "tls-agent"),
        ("tls-agent 0", "0"),
        ("tls-agent on", "on"),
        ("tls-agent off 8443", "8443"),
        ("tls-agent 8443 8444", "8444"),
        ("tls-agent 8443 uid", "tls-agent"),
        ("tls-agent 8443 uid 4294967295", "4294967295"),
        ("tls-agent 8443 uid root", "root"),
        ("tls-agent 8443 uid 0 0", "0"),
        ("tls-agent localhost:8443", "localhost:8443"),
    ] {
        let message = error(text);
        assert!(
            message.starts_with(&format!("line 1: {word:?}: ")),
            "{text}: {message}"
        );
    }
}
