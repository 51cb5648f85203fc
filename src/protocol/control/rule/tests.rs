// SPDX-License-Identifier: GPL-2.0-only

//! Tests of the rules.

use super::{PolicyRule, Rule, VALUE_MAX};
use crate::control::line::Lines;
use proptest::prelude::*;

/// Returns the rule of a line, or the message about it.
fn parse(line: &[u8]) -> Result<Option<Rule<'_>>, String> {
    let line = Lines::new(line).next().expect("a line");
    Rule::parse(line).map_err(|error| error.to_string())
}

#[test]
fn displayed_rule_equals_its_line() {
    for line in [
        "error 404 /404.html",
        "error 500 /caf%C3%A9/sorry.html",
        "fallback * /index.html",
        "fallback /app/* /app/index.html",
        "fallback * /index.html except /assets/* *.map /r.git/*",
        "cache-control * no-cache",
        "cache-control *.css public, max-age=31536000, immutable",
        "field /private/* X-Robots-Tag: noindex, nofollow",
        "field * always X-Frame-Options: DENY",
        "field /a%20b.html Content-Security-Policy: default-src 'self'",
        "media-type *.wasm application/wasm",
        "media-type /feed application/atom+xml; charset=utf-8",
        "redirect 301 /old.html /new.html",
        "redirect 302 /here http://there.example/?a=b#c",
        "redirect 307 /dir/* /other/",
        "redirect 308 /blog/* https://blog.example.org/",
        "redirect 301 /* https://$host/ except /.well-known/acme-challenge/*",
        "redirect 302 /* https://www.$host$path?from=$host&$query",
        "redirect 302 /old/* /new$path",
        "redirect 301 /a /b$path",
        "index index.html",
        "index default.htm index.php%20x caf%C3%A9.html",
        "try-suffix .html .htm",
        "autoindex yes",
        "autoindex no",
        "exclude *.bak",
        "exclude /private/*",
        "compress *.css",
        "compress /docs/*",
        "trailing-slash redirect",
        "trailing-slash serve",
        "trailing-slash refuse",
        "metrics /metrics",
        "hand-over * 8080",
        "hand-over *.php 127.0.0.1:9000",
        "hand-over /app/* [2001:db8::1]:65535 always",
        "hand-over /a%20b 1 always",
        "hand-over * 8080 uid 0",
        "hand-over *.php [::1]:9000 always uid 4294967294",
        "follow-links yes",
        "hidden-files no",
        "cross-mounts yes",
        "when-busy skip",
        "when-busy fail",
        "watch yes",
        "watch no",
        "perm-required 0004",
        "perm-forbid 7777",
        "max-site-bytes 18446744073709551615",
        "max-file-bytes 1",
        "max-entries 16777216",
    ] {
        let rule = parse(line.as_bytes()).unwrap().expect("a rule");
        assert_eq!(rule.to_string(), line);
    }
    let latin = parse(b"error 404 /caf\xe9.html").unwrap().expect("a rule");
    assert_eq!(latin.to_string(), "error 404 /caf%E9.html");
    let control = parse("error 404 /\u{9b}2J".as_bytes())
        .unwrap()
        .expect("a rule");
    assert_eq!(control.to_string(), "error 404 /%C2%9B2J");
}

#[test]
fn line_of_another_command_is_no_rule() {
    for line in ["listen 80", "errors 404 /x", "ERROR 404 /x", "root /srv"] {
        assert_eq!(parse(line.as_bytes()), Ok(None), "{line}");
    }
}

#[test]
fn malformed_rules_are_errors_with_word_and_reason() {
    let long = "x".repeat(VALUE_MAX + 1);
    let cases = [
        ("error", "error", "needs a status"),
        ("error 404", "error 404", "needs a path"),
        ("error 200 /x", "200", "must be an error status"),
        ("error 4040 /x", "4040", "must be an error status"),
        ("error 404 x", "x", "must begin with a slash"),
        ("error 404 /x y", "y", "unexpected word"),
        ("error 404 /a/../b", "/a/../b", "must not contain . or .."),
        ("error 404 /a/%2e/b", "/a/%2e/b", "must not contain . or .."),
        ("error 404 /%2f", "/%2f", "must not contain a slash"),
        ("error 404 /%00", "/%00", "control"),
        ("error 404 /%4", "/%4", "two hexadecimal digits"),
        ("error 404 /a?b", "/a?b", "must not contain this character"),
        ("fallback /a*b /x", "/a*b", "a * is a pattern only"),
        ("fallback .html /x", ".html", "must be *, *SUFFIX"),
        ("fallback *.html /x", "*.html", "must be * or /DIRECTORY/*"),
        ("fallback /a /x", "/a", "must be * or /DIRECTORY/*"),
        ("fallback *a/b /x", "*a/b", "must not contain a slash"),
        ("cache-control", "cache-control", "needs files"),
        ("cache-control *", "cache-control *", "needs a value"),
        ("cache-control * a\rb", "a\\rb", "without CR"),
        ("cache-control * a\u{0}b", "a\\x00b", "without CR"),
        (
            "cache-control * caf\u{e9}",
            "caf\\xc3\\xa9",
            "visible ASCII",
        ),
        ("field * X-A", "X-A", "must be NAME: VALUE"),
        ("field * always X-A", "X-A", "must be NAME: VALUE"),
        ("field * X-A :b", "X-A", "must be NAME: VALUE"),
        ("field * :", ":", "must be the name"),
        ("field * X(A): b", "X(A):", "must be the name"),
        ("field * X-A:", "field * X-A:", "needs a value"),
        (
            "field * Content-length: 3",
            "Content-length:",
            "khttpd sets this field",
        ),
        (
            "field * CONNECTION: close",
            "CONNECTION:",
            "khttpd sets this field",
        ),
        ("media-type *.x text", "text", "must be TYPE/SUBTYPE"),
        ("media-type *.x /html", "/html", "must be TYPE/SUBTYPE"),
        ("media-type *.x a/b/c", "a/b/c", "must be TYPE/SUBTYPE"),
        ("redirect 303 /a /b", "303", "must be 301"),
        ("redirect 301 *.html /b", "*.html", "must be /FILE or"),
        ("redirect 301 /a //b", "//b", "another host"),
        ("redirect 301 /a b", "b", "must be a path, or"),
        ("redirect 301 /a ftp://b/", "ftp://b/", "must be a path, or"),
        ("redirect 301 /a http://", "http://", "must be a path, or"),
        (
            "redirect 301 /a https:///b",
            "https:///b",
            "must be a path, or",
        ),
        (
            "redirect 301 /a /b\\c",
            "/b\\\\c",
            "must not contain this character",
        ),
        ("redirect 301 /a/* /b", "/b", "must end with a slash"),
        ("redirect 301 /a /b except /c", "except", "unexpected word"),
        ("redirect 301 /* /b/ c", "c", "must be except FILES"),
        ("redirect 301 /* /b/ except", "except", "needs files"),
        ("redirect 301 /* /b/ except c", "c", "must be *, *SUFFIX"),
        ("redirect 301 /* /b/ except 1", "1", "must be *, *SUFFIX"),
        ("redirect 301 /a /$price", "/$price", "use %24 for a dollar"),
        ("redirect 301 /a /b$", "/b$", "use %24 for a dollar"),
        (
            "redirect 301 /a /$hosts",
            "/$hosts",
            "must be $host, $path or",
        ),
        ("redirect 301 /a /$path", "/$path", "another host"),
        (
            "redirect 301 /a https://$path",
            "https://$path",
            "begins with a slash",
        ),
        (
            "redirect 301 /a https://a.example$query",
            "https://a.example$query",
            "behind a question mark",
        ),
        (
            "redirect 301 /a /$query",
            "/$query",
            "behind a question mark",
        ),
        (
            "redirect 301 /a/* https://$host",
            "https://$host",
            "must end with a slash",
        ),
        ("fallback * /x y", "y", "must be except FILES"),
        (
            "fallback * /x except *a *b *c *d *e *f *g *h *i",
            "*i",
            "8 exceptions at most",
        ),
        ("index", "index", "needs names"),
        ("index a/b", "a/b", "must not contain a slash"),
        ("index a%2fb", "a%2fb", "must not contain a slash"),
        ("index ..", "..", "must not contain . or .."),
        ("index *", "*", "a * is a pattern only"),
        ("index a b c d e f g h i", "i", "8 names at most"),
        ("try-suffix", "try-suffix", "needs a suffix"),
        ("try-suffix html", "html", "must begin with a dot"),
        ("autoindex", "autoindex", "must be yes or no"),
        ("autoindex on", "on", "must be yes or no"),
        ("autoindex yes /a/*", "/a/*", "unexpected word"),
        ("exclude", "exclude", "needs files"),
        ("exclude bak", "bak", "must be *, *SUFFIX"),
        ("exclude *.bak *.old", "*.old", "unexpected word"),
        ("compress", "compress", "needs files"),
        ("compress css", "css", "must be *, *SUFFIX"),
        ("compress *.css *.js", "*.js", "unexpected word"),
        ("redirect 301 /a/* /b?c/", "/b?c/", "must end with a slash"),
        (
            "redirect 301 /a/* http://b",
            "http://b",
            "must end with a slash",
        ),
        ("metrics", "metrics", "needs a path"),
        ("metrics metrics", "metrics", "must begin with a slash"),
        ("hand-over", "hand-over", "needs files"),
        ("hand-over *", "hand-over *", "needs the port of a process"),
        ("hand-over x 80", "x", "must be *, *SUFFIX"),
        ("hand-over * 0", "0", "must be 1 to 65535"),
        ("hand-over * 65536", "65536", "must be 1 to 65535"),
        ("hand-over * 1.2.3.4:0", "1.2.3.4:0", "must be 1 to 65535"),
        ("hand-over * 1.2.3.4", "1.2.3.4", "must be a port, or like"),
        ("hand-over * ::1:80", "::1:80", "must be a port, or like"),
        (
            "hand-over * [fe80::1%2]:80",
            "[fe80::1%2]:80",
            "must be a port, or like",
        ),
        (
            "hand-over * localhost:80",
            "localhost:80",
            "must be a port, or like",
        ),
        ("hand-over * 80 never", "never", "must be always"),
        ("hand-over * 80 uid 33 always", "always", "unexpected word"),
        (
            "hand-over * 80 uid",
            "hand-over * 80 uid",
            "needs the number of a user",
        ),
        (
            "hand-over * 80 uid root",
            "root",
            "must be the number of a user",
        ),
        (
            "hand-over * 80 uid -1",
            "-1",
            "must be the number of a user",
        ),
        (
            "hand-over * 80 uid 4294967295",
            "4294967295",
            "must be the number of a user",
        ),
        ("hand-over * 80 always x", "x", "must be uid, or nothing"),
        ("trailing-slash", "trailing-slash", "must be redirect"),
        ("trailing-slash maybe", "maybe", "must be redirect"),
        ("follow-links true", "true", "must be yes or no"),
        ("when-busy", "when-busy", "must be skip or fail"),
        ("when-busy yes", "yes", "must be skip or fail"),
        ("watch", "watch", "must be yes or no"),
        ("watch on", "on", "must be yes or no"),
        ("perm-required 8", "8", "octal"),
        ("perm-forbid 10000", "10000", "octal"),
        ("max-site-bytes 0", "0", "1 or more"),
        ("max-file-bytes -1", "-1", "1 or more"),
        (
            "max-file-bytes 18446744073709551616",
            "18446744073709551616",
            "1 or more",
        ),
        ("max-entries 16777217", "16777217", "1 to 16777216"),
    ];
    for (line, word, reason) in cases {
        let message = parse(line.as_bytes()).expect_err(line);
        assert!(
            message.contains(&format!("\"{word}\": ")),
            "{line}: {message}"
        );
        assert!(message.contains(reason), "{line}: {message}");
    }
    let message = parse(format!("cache-control * {long}").as_bytes()).expect_err("too long");
    assert!(
        message.ends_with("must have at most 1024 bytes"),
        "{message}"
    );
}

/// Generates words, most of which have a meaning in a rule.
fn word() -> impl Strategy<Value = String> {
    let known = [
        "error",
        "fallback",
        "cache-control",
        "field",
        "media-type",
        "redirect",
        "trailing-slash",
        "metrics",
        "hand-over",
        "always",
        "8080",
        "[::1]:80",
        "max-entries",
        "perm-forbid",
        "404",
        "301",
        "308",
        "*",
        "*.css",
        "/a/*",
        "/a",
        "/b/",
        "X:",
        "X-A:",
        "text/html",
        "no-cache",
        "serve",
        "http://a/",
        "/%41",
        "/%2F",
        "/..",
        "07",
        "9",
    ];
    prop_oneof![
        4 => prop::sample::select(known.to_vec()).prop_map(str::to_owned),
        1 => "[!-~\u{a0}-\u{ff}\r\u{1}]{1,8}",
    ]
}

proptest! {
    #[test]
    fn displayed_rule_is_parsed_to_the_same_rule(
        words in prop::collection::vec(word(), 1..6),
    ) {
        let line = words.join(" ");
        let Some(parsed) = Lines::new(line.as_bytes()).next() else { return Ok(()) };
        match Rule::parse(parsed) {
            Ok(Some(rule)) => {
                let displayed = rule.to_string();
                prop_assert_eq!(parse(displayed.as_bytes()), Ok(Some(rule)));
                prop_assert!(!displayed.chars().any(char::is_control), "{}", displayed);
            }
            Ok(None) => {}
            Err(error) => prop_assert!(!error.reason.is_empty()),
        }
    }

    #[test]
    fn arbitrary_bytes_do_not_panic(bytes in prop::collection::vec(any::<u8>(), 0..80)) {
        for line in Lines::new(&bytes) {
            if let Ok(Some(Rule::Policy(rule))) = Rule::parse(line) {
                prop_assert!(!matches!(rule, PolicyRule::MaxEntries(0)));
            }
        }
    }

    #[test]
    fn path_of_a_rule_equals_the_path_of_a_request(raw in "/[a-c%.24/E\u{e9}]{0,12}") {
        if let Ok(path) = super::EncodedPath::parse(raw.as_bytes()) {
            let decoded: Vec<u8> = path.decoded().collect();
            let mut encoded = vec![0; 3 * decoded.len()];
            let mut writer = crate::http::SliceWriter::new(&mut encoded);
            crate::http::encode_path(&decoded, &mut writer).unwrap();
            let length = writer.length();
            let mut buffer = crate::http::PathBuffer::new();
            let parsed = crate::http::Path::parse(&encoded[..length], &mut buffer, crate::http::Slashes::Keep);
            prop_assert_eq!(parsed.unwrap().unwrap().as_bytes(), &decoded[..]);
            prop_assert!(path.matches(&decoded));
        }
    }
}
