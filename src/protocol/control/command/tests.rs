// SPDX-License-Identifier: GPL-2.0-only

//! Tests of the commands.

mod choices;
mod listen;
mod log;
mod numbers;

use self::listen::addresses;
use super::{Command, Timeout, HELP};
use crate::{
    control::{
        line::{Error, Lines},
        rule::Rule,
    },
    http::OriginPattern,
};
use proptest::prelude::*;
use std::net::SocketAddr;

fn parse(text: &str) -> Result<Command<'_>, Error<'_>> {
    Command::parse(Lines::new(text.as_bytes()).next().expect("a line"))
}

/// Returns the message about a malformed line.
fn error(text: &str) -> String {
    match parse(text) {
        Ok(command) => panic!("{text:?} is {command:?}"),
        Err(error) => error.to_string(),
    }
}

#[test]
fn numbers_are_bounded() {
    for (text, max) in [
        ("max-connections 1", 1),
        ("max-connections 1048576", 1 << 20),
    ] {
        assert!(
            matches!(parse(text), Ok(Command::MaxConnections(n)) if n == max),
            "{text}"
        );
    }
    for text in [
        "0",
        "1048577",
        "-1",
        "+1",
        "1.5",
        "4294967297",
        "99999999999999999999",
        "many",
    ] {
        let message = error(&format!("max-connections {text}"));
        assert_eq!(message, format!("line 1: {text:?}: must be 1 to 1048576"));
    }
    for (text, rate) in [("min-rate 1", 1), ("min-rate 1000000000", 1_000_000_000)] {
        assert!(
            matches!(parse(text), Ok(Command::MinRate(n)) if n == rate),
            "{text}"
        );
    }
    for text in ["0", "1000000001", "1.5", "fast"] {
        let message = error(&format!("min-rate {text}"));
        assert_eq!(
            message,
            format!("line 1: {text:?}: must be 1 to 1000000000")
        );
    }
    for max in [0, 2, 64] {
        let text = format!("max-old-sites {max}");
        assert!(
            matches!(parse(&text), Ok(Command::MaxOldSites(n)) if n == max),
            "{text}"
        );
    }
    for text in ["65", "-1", "4294967296", "all"] {
        let message = error(&format!("max-old-sites {text}"));
        assert_eq!(message, format!("line 1: {text:?}: must be 0 to 64"));
    }
    for timeout in Timeout::ALL {
        let word = timeout.word();
        for seconds in [1, 86_400] {
            let text = format!("timeout {word} {seconds}");
            let parsed = parse(&text);
            assert!(
                matches!(parsed, Ok(Command::Timeout(t, s)) if (t, s) == (timeout, seconds)),
                "{text}: {parsed:?}"
            );
        }
        for seconds in ["0", "86401", "-1", "ten"] {
            let message = error(&format!("timeout {word} {seconds}"));
            assert_eq!(
                message,
                format!("line 1: {seconds:?}: must be 1 to 86400 seconds")
            );
        }
    }
    assert_eq!(
        error("timeout Idle 5"),
        r#"line 1: "Idle": must be idle, head, send, stop or adopted"#
    );
}

#[test]
fn text_to_send_is_the_rest_of_the_line() {
    let Ok(Command::Send(peer, text)) = parse("send 127.0.0.1:2001  two  words\t \r\n") else {
        panic!("malformed");
    };
    assert_eq!(peer, "127.0.0.1:2001".parse().unwrap());
    assert_eq!(text, b"two  words");
    assert_eq!(
        error("send 127.0.0.1:2001"),
        r#"line 1: "send": needs a text to send"#
    );
}

#[test]
fn root_is_an_absolute_path_with_optional_hosts_and_schemes() {
    for (text, expected, origins) in [
        ("root /srv/www", "/srv/www", "*"),
        ("root built-in", "built-in", "*"),
        ("root /a for *", "/a", "*"),
        ("root / for a.org", "/", "a.org"),
        ("root /\u{e9} for *.a.org", "/\u{e9}", "*.a.org"),
        ("root /a for http://*", "/a", "http://*"),
        (
            "root built-in for HTTPS://*.a.org",
            "built-in",
            "https://*.a.org",
        ),
    ] {
        let parsed = parse(text);
        let Ok(Command::Root(directory, found)) = parsed else {
            panic!("{text}: {parsed:?}");
        };
        assert_eq!(directory, expected.as_bytes(), "{text}");
        assert_eq!(
            OriginPattern::parse(origins.as_bytes()),
            Ok(found),
            "{text}"
        );
    }
    for (text, word, reason) in [
        ("root", "root", "needs a directory"),
        ("root srv", "srv", "must be an absolute path, or built-in"),
        (
            "root /a\0b",
            "/a\\x00b",
            "must be an absolute path, or built-in",
        ),
        ("root /a /b", "/b", "must be for HOST"),
        ("root /a for", "root", "needs a host"),
        ("root /a for h h", "h", "unexpected word"),
    ] {
        assert_eq!(error(text), format!("line 1: \"{word}\": {reason}"));
    }
    for word in ["h:80", "http://h:80", "https://h/", "ftp://h", "http://"] {
        assert_eq!(
            error(&format!("root /a for {word}")),
            format!(
                "line 1: {word:?}: must be a host without a port, *.DOMAIN or *, \
                 with or without http:// or https:// in front"
            )
        );
    }
}

#[test]
fn rules_of_a_site_are_commands() {
    let parsed = parse("error 404 /404.html");
    assert!(
        matches!(parsed, Ok(Command::Rule(Rule::ErrorPage { .. }))),
        "{parsed:?}"
    );
    assert!(matches!(parse("reload"), Ok(Command::Reload)));
    assert!(matches!(parse("clear"), Ok(Command::Clear)));
    assert!(error("error 200 /").starts_with("line 1: \"200\": "));
}

#[test]
fn rules_that_hand_over_are_removed_by_their_files() {
    for (text, expected) in [
        ("no-hand-over *", "*"),
        ("no-hand-over *.php", "*.php"),
        ("no-hand-over /app/*", "/app/*"),
    ] {
        let parsed = parse(text);
        let Ok(Command::NoHandOver(files)) = parsed else {
            panic!("{text}: {parsed:?}");
        };
        assert_eq!(files.to_string(), expected);
    }
    for (text, word, reason) in [
        ("no-hand-over", "no-hand-over", "needs files, such as *.php"),
        ("no-hand-over * 8080", "8080", "unexpected word"),
        (
            "no-hand-over php",
            "php",
            "must be *, *SUFFIX, /DIRECTORY/* or /FILE",
        ),
    ] {
        assert_eq!(error(text), format!("line 1: \"{word}\": {reason}"));
    }
}

#[test]
fn each_command_has_one_spelling_and_no_extra_words() {
    assert!(matches!(parse("start"), Ok(Command::Start)));
    assert!(matches!(parse("stop"), Ok(Command::Stop)));
    assert!(matches!(parse("help"), Ok(Command::Help)));
    assert!(matches!(
        parse("reset counters"),
        Ok(Command::ResetCounters)
    ));
    assert!(matches!(parse("relay [::1]:2001"), Ok(Command::Relay(_))));
    for name in ["Start", "star", "starts", "listne", "-", "\u{0}", "help?"] {
        let message = error(name);
        assert!(
            message.ends_with("no such command; \"help\" lists them"),
            "{message}"
        );
    }
    for text in [
        "start now",
        "stop now",
        "help now",
        "reset counters now",
        "relay 127.0.0.1:1 now",
        "max-connections 5 now",
        "min-rate 5 now",
        "max-head-bytes 8192 now",
        "max-old-sites 5 now",
        "if-modified-since exact now",
        "merge-slashes on now",
        "timeout idle 5 now",
    ] {
        assert_eq!(error(text), r#"line 1: "now": unexpected word"#, "{text}");
    }
    assert_eq!(error("reset all"), r#"line 1: "all": must be counters"#);
    for text in [
        "max-connections",
        "min-rate",
        "max-head-bytes",
        "max-old-sites",
        "if-modified-since",
        "merge-slashes",
        "timeout",
        "timeout idle",
        "relay",
        "send",
        "reset",
    ] {
        let name = text.split(' ').next().unwrap();
        assert!(
            error(text).starts_with(&format!("line 1: \"{name}\": needs ")),
            "{text}"
        );
    }
}

#[test]
fn begin_and_commit_are_no_commands_of_a_transaction() {
    for (text, word) in [
        ("begin", "begin"),
        ("commit", "commit"),
        ("begin now", "now"),
    ] {
        assert!(
            error(text).starts_with(&format!("line 1: \"{word}\": ")),
            "{text}"
        );
    }
}

#[test]
fn help_lists_existing_commands() {
    for line in HELP.lines() {
        assert!(line.len() <= 100, "{line}");
        let name = line.split_whitespace().nth(1).expect("a name");
        if let Err(error) = parse(name) {
            assert_ne!(
                error.reason, "no such command; \"help\" lists them",
                "{line}"
            );
        }
    }
    assert_eq!(
        Lines::new(HELP.as_bytes()).count(),
        0,
        "the help can be written to the node"
    );
}

#[test]
fn help_and_manual_page_have_the_same_commands() {
    let manual = include_str!("../../../../man/khttpd.4");
    let mut documented: Vec<_> = manual
        .lines()
        .filter_map(|line| line.strip_prefix(".It Ic ")?.split(' ').next())
        .collect();
    let mut listed: Vec<_> = HELP
        .lines()
        .filter_map(|line| line.split_whitespace().nth(1))
        .collect();
    documented.sort_unstable();
    listed.sort_unstable();
    assert_eq!(listed, documented);
}

proptest! {
    #[test]
    fn displayed_address_is_parsed_again(
        v6 in any::<bool>(), octets in any::<[u8; 16]>(), port in 1..=u16::MAX,
    ) {
        let address = if v6 {
            SocketAddr::from((octets, port))
        } else {
            SocketAddr::from(([octets[0], octets[1], octets[2], octets[3]], port))
        };
        prop_assert_eq!(addresses(&format!("listen {address}")), [address]);
        let text = format!("relay {address}");
        let relay = parse(&text);
        prop_assert!(matches!(relay, Ok(Command::Relay(to)) if to == address));
    }

    #[test]
    fn arbitrary_words_are_a_command_or_an_error(
        words in prop::collection::vec(
            prop_oneof![
                prop::sample::select(vec![
                    "listen", "unlisten", "start", "stop", "max-connections", "min-rate",
                    "max-old-sites", "max-head-bytes", "if-modified-since", "exact",
                    "merge-slashes", "off",
                    "timeout", "idle", "log", "json", "for", "client-address", "from",
                    "relay", "send", "reset", "counters", "help", "80", "127.0.0.1:80", "[::1]:80",
                    "1000000000", "hand-over", "no-hand-over", "*", "always", "root", "http://*",
                ]).prop_map(str::to_owned),
                "[ -~]{0,9}",
            ],
            1..6,
        ),
    ) {
        let text = words.join(" ");
        for line in Lines::new(text.as_bytes()) {
            if let Err(error) = Command::parse(line) {
                prop_assert!(!error.reason.is_empty());
                let mut words = text.as_bytes().windows(error.word.len());
                prop_assert!(words.any(|word| word == error.word));
            }
        }
    }
}
