// SPDX-License-Identifier: GPL-2.0-only

use super::{FilePattern, PolicyRule, Rule, VALUE_MAX};
use crate::control::line::Lines;
use proptest::prelude::*;

/// The rule of a line, or what is said of it.
fn parse(line: &[u8]) -> Result<Option<Rule<'_>>, String> {
    let line = Lines::new(line).next().expect("a line");
    Rule::parse(line).map_err(|error| error.to_string())
}

fn files(word: &str) -> FilePattern<'_> {
    FilePattern::parse(word.as_bytes()).unwrap()
}

#[test]
fn each_rule_is_shown_as_it_is_read() {
    for line in [
        "error 404 /404.html",
        "error 500 /caf%C3%A9/sorry.html",
        "fallback * /index.html",
        "fallback /app/* /app/index.html",
        "cache-control * no-cache",
        "cache-control *.css public, max-age=31536000, immutable",
        "field /private/* X-Robots-Tag: noindex, nofollow",
        "field /a%20b.html Content-Security-Policy: default-src 'self'",
        "media-type *.wasm application/wasm",
        "media-type /feed application/atom+xml; charset=utf-8",
        "redirect 301 /old.html /new.html",
        "redirect 302 /here http://there.example/?a=b#c",
        "redirect 307 /dir/* /other/",
        "redirect 308 /blog/* https://blog.example.org/",
        "trailing-slash redirect",
        "trailing-slash serve",
        "trailing-slash refuse",
        "status-page /status",
        "follow-links yes",
        "hidden-files no",
        "cross-mounts yes",
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
fn what_is_no_rule_is_somebody_elses() {
    for line in ["listen 80", "errors 404 /x", "ERROR 404 /x", "root /srv"] {
        assert_eq!(parse(line.as_bytes()), Ok(None), "{line}");
    }
}

#[test]
fn what_is_wrong_is_named() {
    let long = "x".repeat(VALUE_MAX + 1);
    let cases = [
        ("error", "error", "which status"),
        ("error 404", "error 404", "which page"),
        ("error 200 /x", "200", "not the status"),
        ("error 4040 /x", "4040", "not the status"),
        ("error 404 x", "x", "begins with a slash"),
        ("error 404 /x y", "y", "nothing may follow"),
        ("error 404 /a/../b", "/a/../b", "neither . nor .."),
        ("error 404 /a/%2e/b", "/a/%2e/b", "neither . nor .."),
        ("error 404 /%2f", "/%2f", "neither a slash"),
        ("error 404 /%00", "/%00", "control"),
        ("error 404 /%4", "/%4", "two hexadecimal digits"),
        ("error 404 /a?b", "/a?b", "no such character"),
        ("fallback /a*b /x", "/a*b", "a star stands only"),
        ("fallback .html /x", ".html", "neither a path"),
        ("fallback *.html /x", "*.html", "must be *, or a directory"),
        ("fallback /a /x", "/a", "must be *, or a directory"),
        ("fallback *a/b /x", "*a/b", "without a slash"),
        ("cache-control", "cache-control", "which files"),
        ("cache-control *", "cache-control *", "a value is missing"),
        ("cache-control * a\rb", "a\\rb", "no CR"),
        ("cache-control * a\u{0}b", "a\\x00b", "no CR"),
        (
            "cache-control * caf\u{e9}",
            "caf\\xc3\\xa9",
            "visible ASCII",
        ),
        ("field * X-A", "X-A", "NAME: VALUE"),
        ("field * X-A :b", "X-A", "NAME: VALUE"),
        ("field * :", ":", "not the name"),
        ("field * X(A): b", "X(A):", "not the name"),
        ("field * X-A:", "field * X-A:", "a value is missing"),
        (
            "field * Content-length: 3",
            "Content-length:",
            "khttpd itself",
        ),
        ("field * CONNECTION: close", "CONNECTION:", "khttpd itself"),
        ("media-type *.x text", "text", "TYPE/SUBTYPE"),
        ("media-type *.x /html", "/html", "TYPE/SUBTYPE"),
        ("media-type *.x a/b/c", "a/b/c", "TYPE/SUBTYPE"),
        ("redirect 303 /a /b", "303", "must be 301"),
        ("redirect 301 *.html /b", "*.html", "must be a path"),
        ("redirect 301 /a //b", "//b", "another host"),
        ("redirect 301 /a b", "b", "neither a path nor"),
        ("redirect 301 /a ftp://b/", "ftp://b/", "neither a path nor"),
        ("redirect 301 /a http://", "http://", "neither a path nor"),
        (
            "redirect 301 /a https:///b",
            "https:///b",
            "neither a path nor",
        ),
        ("redirect 301 /a /b\\c", "/b\\\\c", "no such character"),
        ("redirect 301 /a/* /b", "/b", "must end with a slash"),
        ("redirect 301 /a/* /b?c/", "/b?c/", "must end with a slash"),
        (
            "redirect 301 /a/* http://b",
            "http://b",
            "must end with a slash",
        ),
        ("status-page", "status-page", "where"),
        ("status-page status", "status", "begins with a slash"),
        ("trailing-slash", "trailing-slash", "must be redirect"),
        ("trailing-slash maybe", "maybe", "must be redirect"),
        ("follow-links true", "true", "must be yes or no"),
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
        let said = parse(line.as_bytes()).expect_err(line);
        assert!(said.contains(&format!("\"{word}\": ")), "{line}: {said}");
        assert!(said.contains(reason), "{line}: {said}");
    }
    let said = parse(format!("cache-control * {long}").as_bytes()).expect_err("too long");
    assert!(said.ends_with("longer than 1024 bytes"), "{said}");
}

#[test]
fn files_are_chosen_by_all_ending_directory_or_path() {
    for (word, path, contained) in [
        ("*", "/", true),
        ("*.css", "/a/b.css", true),
        ("*.css", "/a/b.CSS", false),
        ("*.css", "/a.css/b", false),
        ("*%20x", "/a x", true),
        ("/a/*", "/a/", true),
        ("/a/*", "/a/b/c", true),
        ("/a/*", "/a", false),
        ("/a/*", "/ab", false),
        ("/*", "/x", true),
        ("/a%20b/*", "/a b/c", true),
        ("/a", "/a", true),
        ("/a", "/a/", false),
        ("/caf%C3%A9", "/caf\u{e9}", true),
        ("/caf\u{e9}", "/caf\u{e9}", true),
        ("/%2A", "/*", true),
    ] {
        assert_eq!(
            files(word).contain(path.as_bytes()),
            contained,
            "{word} {path}"
        );
    }
}

/// Words of which many mean something in a rule.
fn word() -> impl Strategy<Value = String> {
    let known = [
        "error",
        "fallback",
        "cache-control",
        "field",
        "media-type",
        "redirect",
        "trailing-slash",
        "status-page",
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
    fn what_is_shown_of_any_rule_is_read_as_the_same_rule(
        words in prop::collection::vec(word(), 1..6),
    ) {
        let line = words.join(" ");
        let Some(parsed) = Lines::new(line.as_bytes()).next() else { return Ok(()) };
        match Rule::parse(parsed) {
            Ok(Some(rule)) => {
                let shown = rule.to_string();
                prop_assert_eq!(parse(shown.as_bytes()), Ok(Some(rule)));
                prop_assert!(!shown.chars().any(char::is_control), "{}", shown);
            }
            Ok(None) => {}
            Err(error) => prop_assert!(!error.reason.is_empty()),
        }
    }

    #[test]
    fn any_bytes_are_read_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..80)) {
        for line in Lines::new(&bytes) {
            if let Ok(Some(Rule::Policy(reading))) = Rule::parse(line) {
                prop_assert!(!matches!(reading, PolicyRule::MaxEntries(0)));
            }
        }
    }

    #[test]
    fn a_path_that_a_rule_names_is_one_that_can_be_asked_for(raw in "/[a-c%.24/E\u{e9}]{0,12}") {
        if let Ok(path) = super::EncodedPath::parse(raw.as_bytes()) {
            let decoded: Vec<u8> = path.decoded().collect();
            let mut encoded = vec![0; 3 * decoded.len()];
            let mut writer = crate::http::SliceWriter::new(&mut encoded);
            crate::http::encode_path(&decoded, &mut writer).unwrap();
            let length = writer.length();
            let mut buffer = crate::http::PathBuffer::new();
            let asked = crate::http::Path::parse(&encoded[..length], &mut buffer);
            prop_assert_eq!(asked.unwrap().unwrap().as_bytes(), &decoded[..]);
            prop_assert!(path.names(&decoded));
        }
    }
}
