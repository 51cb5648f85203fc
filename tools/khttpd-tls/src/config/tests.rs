// SPDX-License-Identifier: GPL-2.0-only

//! Tests of the configuration.

use super::*;

const FILE: &str = "/etc/khttpd-tls.conf";
const LEAST: &str = "listen 8443\ncertificate a.pem a.key\n";

fn parse(text: &str) -> Result<Config, String> {
    Config::parse(text, Path::new(FILE)).map_err(|error| error.to_string())
}

/// Parses lines behind the least configuration.
fn with(lines: &str) -> Result<Config, String> {
    parse(&format!("{LEAST}{lines}"))
}

#[test]
fn port_alone_means_the_loopback_of_both_families() {
    let config = parse(LEAST).unwrap();
    let addresses: Vec<_> = config
        .listen
        .iter()
        .map(|listen| (listen.address.to_string(), listen.optional))
        .collect();
    let expected = [("127.0.0.1:8443", false), ("[::1]:8443", true)];
    assert_eq!(addresses, expected.map(|(text, is)| (text.to_owned(), is)));
}

#[test]
fn every_command_sets_its_value() {
    let config = with(
        "# comment\n\nlisten 127.0.0.2:1 [::1]:2\ncertificate b c\nnode /n\n\
         client-certificates ca required\nthreads 3\nbacklog 4\nmax-handshakes 5\nmax-relays 0\n\
         timeout handshake 6\ntimeout relay 7\ntimeout stop 8\nmin-version 1.3\ntickets no\n\
         relay-proxy-protocol yes\nlog-lines 9\n",
    )
    .unwrap();
    assert_eq!(config.listen.len(), 4);
    assert_eq!(config.certificates.len(), 2);
    assert_eq!(config.certificates[1].key, Path::new("c"));
    let clients = config.client_certificates.unwrap();
    assert!(clients.required && clients.authorities == Path::new("ca"));
    assert_eq!(config.node, Path::new("/n"));
    assert_eq!((config.threads, config.backlog), (3, 4));
    assert_eq!((config.max_handshakes, config.max_relays), (5, 0));
    let seconds = [
        config.handshake_timeout,
        config.relay_timeout,
        config.stop_timeout,
    ];
    assert_eq!(seconds.map(|limit| limit.as_secs()), [6, 7, 8]);
    assert!(!config.tls_1_2 && !config.tickets && config.proxy_protocol);
    assert_eq!(config.log_lines, 9);
}

#[test]
fn error_names_file_line_and_word() {
    for (lines, message) in [
        ("frobnicate", "3: frobnicate: no such command"),
        ("listen", "3: listen: `PORT` or `ADDRESS:PORT` must follow"),
        ("listen here", "3: here: neither `PORT` nor `ADDRESS:PORT`"),
        ("listen 0", "3: 0: port 0"),
        ("listen 8443", "3: 8443: given twice"),
        ("certificate x", "3: x: the file of the key must follow"),
        ("\ntickets maybe", "4: maybe: not `yes` or `no`"),
        ("tickets yes no", "3: no: one word too many"),
        ("threads 0", "3: 0: not a number from 1 to 1024"),
        ("threads 1\nthreads 2", "4: threads: given twice"),
        ("timeout write 1", "3: write: no such timeout"),
        (
            "timeout stop 1\ntimeout stop 2",
            "4: timeout stop: given twice",
        ),
    ] {
        assert_eq!(with(lines), Err(format!("{FILE}:{message}")), "{lines}");
    }
}

#[test]
fn listener_and_certificate_are_required() {
    let missing = |what| Err(format!("{FILE}: no `{what}`"));
    assert_eq!(parse("certificate a b"), missing("listen"));
    assert_eq!(parse("listen 1"), missing("certificate"));
}
