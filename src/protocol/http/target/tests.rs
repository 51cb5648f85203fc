// SPDX-License-Identifier: GPL-2.0-only

//! Tests of targets and paths.

use super::{Path, PathBuffer, Scheme, Slashes, Status, TargetError, TargetForm};

/// Returns the decoded path; slashes are kept.
fn path(raw: &str) -> Result<Option<String>, TargetError> {
    path_with(raw, Slashes::Keep)
}

/// Returns the decoded path.
fn path_with(raw: &str, slashes: Slashes) -> Result<Option<String>, TargetError> {
    let mut buffer = PathBuffer::new();
    let path = Path::parse(raw.as_bytes(), &mut buffer, slashes)?;
    Ok(path.map(|path| String::from_utf8_lossy(path.as_bytes()).into_owned()))
}

fn found(text: &str) -> Result<Option<String>, TargetError> {
    Ok(Some(text.to_owned()))
}

#[test]
fn rfc9112_3_2_target_forms_are_split() {
    for (target, host, path, query) in [
        ("/", None, "/", None),
        ("/a/b?c?d=/..", None, "/a/b", Some("c?d=/..")),
        ("/a?", None, "/a", Some("")),
        ("//evil/x", None, "//evil/x", None),
        ("/a?x[]={}|^`\\%zz", None, "/a", Some("x[]={}|^`\\%zz")),
        ("http://h", Some("h"), "/", None),
        ("HTTP://h:80/a", Some("h"), "/a", None),
        ("http://h?q", Some("h"), "/", Some("q")),
        ("http://[::1]:8080//x", Some("[::1]"), "//x", None),
    ] {
        let Ok(TargetForm::Path(parsed)) = TargetForm::parse(target.as_bytes(), Scheme::Http)
        else {
            panic!("{target} is rejected");
        };
        assert_eq!(
            parsed.host.map(|host| host.as_bytes()),
            host.map(str::as_bytes),
            "{target}"
        );
        assert_eq!(parsed.path, path.as_bytes(), "{target}");
        assert_eq!(parsed.query, query.map(str::as_bytes), "{target}");
    }
    assert_eq!(
        TargetForm::parse(b"*", Scheme::Http),
        Ok(TargetForm::Asterisk)
    );
}

#[test]
fn rfc9112_3_2_malformed_targets_are_400() {
    for target in [
        "",
        "hello.txt",
        "?x",
        "**",
        "localhost:80",
        "http:/h/",
        "http:///x",
        "http://",
        "http://u:p@h/",
        "http://h:x/",
        "http://h#f",
        "ftp://h/",
        "/a?b#c",
        "/a?b c",
        "/a?\u{7f}",
    ] {
        assert_eq!(
            TargetForm::parse(target.as_bytes(), Scheme::Http),
            Err(Status::BadRequest),
            "{target}"
        );
    }
}

#[test]
fn rfc9110_7_4_other_scheme_is_misdirected() {
    for (target, right, other) in [
        (&b"http://h/a"[..], Scheme::Http, Scheme::Https),
        (b"HTTPS://h/a", Scheme::Https, Scheme::Http),
    ] {
        let form = TargetForm::parse(target, right);
        assert!(matches!(form, Ok(TargetForm::Path(target)) if target.path == b"/a"));
        let form = TargetForm::parse(target, other);
        assert_eq!(form, Err(Status::MisdirectedRequest));
    }
    for scheme in [Scheme::Http, Scheme::Https] {
        for target in [&b"ftp://h/"[..], b"https:/h", b"http:h"] {
            assert_eq!(TargetForm::parse(target, scheme), Err(Status::BadRequest));
        }
    }
}

#[test]
fn rfc3986_2_1_escapes_are_decoded_once() {
    for (raw, decoded) in [
        ("/hello.txt", "/hello.txt"),
        ("/%68ello%2Etxt", "/hello.txt"),
        ("/a%20b+c", "/a b+c"),
        ("/caf%C3%A9", "/caf\u{e9}"),
        ("/caf%c3%a9", "/caf\u{e9}"),
        ("/%252e%252e/x", "/%2e%2e/x"),
        ("/a%3Fb%23", "/a?b#"),
    ] {
        assert_eq!(path(raw), found(decoded), "{raw}");
    }
    let mut buffer = PathBuffer::new();
    assert_eq!(
        Path::parse(b"/%ff", &mut buffer, Slashes::Merge)
            .unwrap()
            .unwrap()
            .as_bytes(),
        b"/\xff"
    );
}

#[test]
fn rfc3986_5_2_4_dot_segments_are_removed() {
    for (raw, decoded) in [
        ("/.", "/"),
        ("/..", "/"),
        ("/../", "/"),
        ("/../../a", "/a"),
        ("/a/b/../c", "/a/c"),
        ("/a/b/..", "/a/"),
        ("/a/.", "/a/"),
        ("/a/./b", "/a/b"),
        ("/a/%2e%2E/b", "/b"),
        ("/a/.%2e/../b", "/b"),
        ("/a//../b", "/a/b"),
        ("/a/b/c/./../../g", "/a/g"),
        ("/.a/..b/c./d../...", "/.a/..b/c./d../..."),
        ("//", "//"),
    ] {
        assert_eq!(path(raw), found(decoded), "{raw}");
    }
}

#[test]
fn rfc3986_2_2_escaped_slash_is_no_separator() {
    for raw in [
        "/%2f",
        "/a%2Fb",
        "/..%2f..%2fetc",
        "/%2e%2e%2fx",
        "/a%2f../b",
    ] {
        assert_eq!(path(raw), Ok(None), "{raw}");
    }
}

#[test]
fn rfc3986_3_3_malformed_paths_are_errors() {
    for raw in [
        "",
        "a",
        "/%",
        "/%4",
        "/%zz",
        "/%+1",
        "/a%00",
        "/%0d%0aX:",
        "/%7f",
        "/a b",
        "/a#b",
        "/a?b",
        "/<x>%zz",
        "/a\u{7f}",
        "/a\tb",
    ] {
        assert_eq!(path(raw), Err(TargetError), "{raw:?}");
    }
}

#[test]
fn octets_that_clients_send_unescaped_stand_for_themselves() {
    for raw in [
        "/<x>",
        "/\"x\"",
        "/a\\b",
        "/a^b",
        "/{a}",
        "/a|b",
        "/[a]",
        "/`a",
        "/caf\u{e9}",
        "/'",
    ] {
        assert_eq!(path(raw), found(raw), "{raw}");
        let target = format!("/a?{}", &raw[1..]);
        let form = TargetForm::parse(target.as_bytes(), Scheme::Http);
        assert!(
            matches!(form, Ok(TargetForm::Path(target)) if target.query == Some(&raw.as_bytes()[1..])),
            "{target}"
        );
    }
    assert_eq!(path("/[a]/../b|%7c"), found("/b||"));
}

#[test]
fn rfc3986_3_3_several_slashes_are_one_by_default() {
    for (raw, merged) in [
        ("//", "/"),
        ("//host/x", "/host/x"),
        ("/a//b", "/a/b"),
        ("/a///b//", "/a/b/"),
        ("/a//../b", "/b"),
        ("//../a", "/a"),
        ("/a/b//..//../c", "/c"),
        ("/a/.//b", "/a/b"),
        ("/a//.", "/a/"),
        ("/a//..", "/"),
        ("/a//%2e%2e/b", "/b"),
        ("/a.//b.", "/a./b."),
    ] {
        assert_eq!(path_with(raw, Slashes::Merge), found(merged), "{raw}");
    }
    assert_eq!(path_with("/a/%2f/b", Slashes::Merge), Ok(None));
}

#[test]
fn rfc3986_3_3_slashes_are_kept_by_choice() {
    for (raw, kept) in [
        ("//host/x", "//host/x"),
        ("/a//b%20", "/a//b "),
        ("/a//../b", "/a/b"),
    ] {
        assert_eq!(path(raw), found(kept), "{raw}");
    }
}
