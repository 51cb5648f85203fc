// SPDX-License-Identifier: GPL-2.0-only

//! Origins: a connection with TLS may have other files than one without.
//!
//! The tests are about the crate alone: a server in the environment has connections of one scheme.

mod fixture;

use fixture::{plain, receive, Memory, Received, MODIFIED, NOW};
use protocol::http::{Clock, Scheme, Scratch, Session, REQUESTS_MAX};

/// Sends a request on a connection of a scheme.
fn send(site: &Memory, scheme: Scheme, text: &str) -> Received {
    let clock = Clock::new(NOW);
    let mut scratch = Box::new(Scratch::new());
    let mut session = Session::new(REQUESTS_MAX).with_scheme(scheme);
    let step = session.receive(text.as_bytes(), site, &clock, &mut scratch.room());
    receive(site, &step.response.expect("a response"))
}

#[test]
fn files_and_error_pages_are_those_of_the_scheme_of_the_connection() {
    let mut site = Memory::default();
    for (host, content) in [
        ("http://a", "plain\n"),
        ("https://a", "secret\n"),
        ("a", "both\n"),
    ] {
        let content = plain(content.as_bytes());
        for path in [&b"/file"[..], b"/404.html"] {
            site.add(host, path, MODIFIED, &content);
        }
    }
    for (scheme, content) in [(Scheme::Http, "plain\n"), (Scheme::Https, "secret\n")] {
        for (target, host, status) in [
            ("/file".to_owned(), "A", 200),
            (format!("{scheme}A/file"), "other", 200),
            ("/none".to_owned(), "a", 404),
            (format!("{scheme}a/none"), "other", 404),
            ("/%2f".to_owned(), "a", 404),
        ] {
            let text = format!("GET {target} HTTP/1.1\r\nHost: {host}\r\n\r\n");
            let response = send(&site, scheme, &text);
            assert_eq!(
                (response.status, response.text()),
                (status, content.to_owned()),
                "{text}"
            );
        }
    }
}

#[test]
fn redirect_to_https_has_the_host_the_path_and_the_query() {
    let mut site = Memory::default();
    site.rules = "redirect 301 /* https://$host$path\n".to_owned();
    for (target, location) in [
        ("/", "https://example.org/"),
        ("/a/b%20c?d=e&f", "https://example.org/a/b%20c?d=e&f"),
        ("//evil.example/", "https://example.org/evil.example/"),
        ("http://other.example:8080/x?", "https://other.example/x?"),
    ] {
        let text = format!("GET {target} HTTP/1.1\r\nHost: example.org:80\r\n\r\n");
        let response = send(&site, Scheme::Http, &text);
        assert_eq!(
            (response.status, response.field("Location")),
            (301, Some(location))
        );
    }
    let response = send(&site, Scheme::Http, "GET / HTTP/1.0\r\n\r\n");
    assert_eq!((response.status, response.field("Location")), (400, None));
}
