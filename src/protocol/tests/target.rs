// SPDX-License-Identifier: GPL-2.0-only

//! Targets: forms, limits, redirects, errors.

mod fixture;

use fixture::{absolute, assert_rejected, get, lacks, request, scheme, send, Feature};
use protocol::http::{Disposition, Scheme, Slashes, TARGET_MAX};

#[test]
fn rfc9110_15_5_15_target_beyond_its_limit_is_414() {
    let sized = |length: usize| format!("/{}", "a".repeat(length - 1));
    assert_eq!(get(&sized(TARGET_MAX), "").status, 404);
    assert_rejected(&get(&sized(TARGET_MAX + 1), ""), 414, "one past");
    assert_eq!(
        get(&format!("/hello.txt?{}", "q".repeat(TARGET_MAX - 11)), "").status,
        200
    );
    assert_rejected(&get(&sized(100_000), ""), 414, "far past");
    assert_rejected(&send(&"A".repeat(100_000)), 414, "no line");
}

#[test]
fn rfc9112_3_2_2_authority_of_the_target_overrides_host() {
    let own = absolute("localhost/");
    assert_eq!(get(&absolute("localhost"), "").status, 200);
    assert_rejected(
        &send(&format!("GET {own} HTTP/1.1\r\n\r\n")),
        400,
        "no Host",
    );
    assert_rejected(
        &send(&format!("GET {own} HTTP/1.1\r\nHost: a b\r\n\r\n")),
        400,
        "bad Host",
    );
    let other = match scheme() {
        Scheme::Http => "https://localhost/",
        Scheme::Https => "http://localhost/",
    };
    assert_eq!(get(other, "").status, 421);
    if lacks(Feature::Hosts) {
        return;
    }
    for target in [
        absolute("other.example/hello.txt"),
        absolute("OTHER.example:80/hello.txt?x").replacen("http", "HTTP", 1),
    ] {
        assert_eq!(get(&target, "").text(), "other\n", "{target}");
    }
}

#[test]
fn rfc9110_15_4_2_directory_redirects_to_its_slash() {
    for (target, location) in [
        ("/dir", "/dir/"),
        ("/dir?a=b&c", "/dir/?a=b&c"),
        ("/dir?", "/dir/?"),
        ("/x/../dir?[1]", "/dir/?%5B1%5D"),
        ("/%64ir", "/dir/"),
        (&absolute("anywhere.example/dir"), "/dir/"),
        ("//dir", "/dir/"),
    ] {
        let response = get(target, "");
        assert_eq!(
            (response.status, response.field("Location")),
            (301, Some(location)),
            "{target}"
        );
    }
    let long = format!("/dir?{}", "[".repeat(TARGET_MAX - 5));
    assert_rejected(&get(&long, ""), 414, "a location that outgrows the limit");
    let long = format!("/dir?{}", "q".repeat(TARGET_MAX - 5));
    assert_eq!(get(&long, "").status, 301);
}

#[test]
fn rfc3986_4_2_kept_slashes_never_name_another_host() {
    let mut site = fixture::site();
    site.policy.slashes = Slashes::Keep;
    let response = fixture::get_from(&site, "//evil", "");
    assert_eq!(
        (response.status, response.field("Location")),
        (301, Some("/evil/"))
    );
    assert_eq!(fixture::get_from(&site, "//hello.txt", "").status, 404);
}

#[test]
fn rfc3986_3_3_merged_and_unescaped_paths_name_files() {
    for target in ["//hello.txt", "/dir//../hello.txt", "//x//../hello.txt?<"] {
        assert_eq!(get(target, "").status, 200, "{target}");
    }
    assert_eq!(get("/dir/caf\u{e9}.txt", "").text(), "utf8\n");
    for target in ["/dir//?a|b", "/moved//?[1]"] {
        assert!(get(target, "").status < 400, "{target}");
    }
}

#[test]
fn rfc9110_15_4_redirect_rule_sends_location() {
    if lacks(Feature::Rules) {
        return;
    }
    for (target, status, location) in [
        ("/old.txt", 308, "/hello.txt"),
        ("/old.txt?a=b", 308, "/hello.txt?a=b"),
        ("/%6fld.txt", 308, "/hello.txt"),
        ("/search?a=b", 307, "http://other.example/?q=1"),
        ("/moved/", 302, "/dir/"),
        ("/moved/a%20b.txt?c", 302, "/dir/a%20b.txt?c"),
        ("/away/x", 301, "https://other.example/x"),
        (
            "/away//evil.example/",
            301,
            "https://other.example/evil.example/",
        ),
        ("/away/%0Ax", 400, ""),
    ] {
        let response = get(target, "");
        let found = response.field("Location").unwrap_or_default();
        assert_eq!((response.status, found), (status, location), "{target}");
    }
    for (target, location) in [
        ("/any/a%20b?c", "https://www.localhost/any/a%20b?c"),
        ("/login/x?a=b", "/in?host=localhost&to=/login/x&a=b"),
        ("/login/x", "/in?host=localhost&to=/login/x&"),
    ] {
        assert_eq!(
            get(target, "").field("Location"),
            Some(location),
            "{target}"
        );
    }
    assert_eq!(get("/moved", "").status, 404);
    assert_eq!(get("/old.txt/", "").status, 404);
    assert_eq!(request("HEAD", "/old.txt", "").body, b"");
    assert_eq!(request("OPTIONS", "/old.txt", "").status, 200);
    assert_eq!(request("POST", "/old.txt", "").status, 308);
    let long = format!("/away/{}", "%5B".repeat(2600));
    assert_eq!(get(&long, "").status, 301);
    let long = format!("/away/{}?{}", "%5B".repeat(2000), "[".repeat(1900));
    assert_rejected(&get(&long, ""), 414, "a location that outgrows the limit");
}

#[test]
fn rfc9110_15_4_9_redirect_holds_for_every_method() {
    if lacks(Feature::Rules) {
        return;
    }
    for (method, rest) in [
        ("POST", "Content-Length: 5\r\n\r\nhello"),
        ("PUT", "Expect: 100-continue\r\nContent-Length: 5\r\n\r\n"),
        ("POST", "Content-Length: 1000000\r\n\r\n"),
        ("DELETE", "\r\n"),
        ("PROPFIND", "\r\n"),
    ] {
        let response = send(&format!("{method} /old.txt HTTP/1.1\r\nHost: x\r\n{rest}"));
        assert_eq!(response.status, 308, "{method} {rest}");
        assert_eq!(response.field("Location"), Some("/hello.txt"), "{method}");
        let persists = matches!(rest, "\r\n" | "Content-Length: 5\r\n\r\nhello");
        let disposition = if persists {
            Disposition::KeepAlive
        } else {
            Disposition::Linger
        };
        assert_eq!(response.disposition, disposition, "{method} {rest}");
    }
    assert_eq!(request("POST", "/dir", "").status, 405);
}

#[test]
fn rfc9110_15_5_5_path_without_resource_is_404() {
    for target in [
        "/nope",
        "/hello.txt/",
        "/hello.txt/x",
        "/HELLO.TXT",
        "/hello.txt%20",
        "/%2fhello.txt",
        "/%ff",
        "/<x>",
        "/x|y?\"[z]",
    ] {
        let response = get(target, "");
        assert_eq!(
            (response.status, response.disposition),
            (404, Disposition::KeepAlive),
            "{target}"
        );
        assert_eq!(response.text(), "404 Not Found\r\n");
    }
    for target in ["/a%00", "/%zz", "/%", "/%0d%0aX-Injected:%20y", "/a#b"] {
        assert_rejected(&get(target, ""), 400, target);
    }
}

#[test]
fn rfc9110_15_5_error_page_of_the_site_is_sent() {
    if lacks(Feature::Hosts) {
        return;
    }
    let response = get(&absolute("other.example/nope"), "");
    assert_eq!(
        (response.status, response.text().as_str()),
        (404, "<p>not here\n")
    );
    assert_eq!(
        response.field("Content-Type"),
        Some("text/html; charset=utf-8")
    );
    assert_eq!(response.field("Content-Length"), Some("12"));
    // The validators of the page are not those of the requested resource.
    assert!(response.field("ETag").is_none() && response.field("Last-Modified").is_none());
    // Nor is the time for which a cache keeps the page: the error may be over by then.
    assert_eq!(response.field("Cache-Control"), None);
    let head = request("HEAD", &absolute("other.example/nope"), "");
    assert_eq!((head.head, head.body.len()), (response.head, 0));
}
