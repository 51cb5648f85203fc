// SPDX-License-Identifier: GPL-2.0-only

//! The requests that both servers get.

use std::collections::BTreeMap;

/// Returns all requests by name.
pub(super) fn all() -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    let mut add = |name: &str, request: String| {
        assert!(
            all.insert(name.to_owned(), request).is_none(),
            "{name:?} twice"
        );
    };
    for target in TARGETS {
        add(
            target,
            format!("GET {target} HTTP/1.1\r\nHost: localhost\r\n\r\n"),
        );
    }
    for method in METHODS {
        add(
            method,
            format!("{method} /hello.txt HTTP/1.1\r\nHost: localhost\r\n\r\n"),
        );
    }
    for line in LINES {
        add(line, format!("{line}\r\nHost: localhost\r\n\r\n"));
    }
    for fields in FIELDS {
        let lines = fields.replace('|', "\r\n");
        add(
            fields,
            format!("GET /range.txt HTTP/1.1\r\nHost: localhost\r\n{lines}\r\n\r\n"),
        );
    }
    for (name, request) in WHOLE {
        add(name, (*request).to_owned());
    }
    let long = |length: usize| "x".repeat(length);
    add(
        "a long target",
        format!("GET /{} HTTP/1.1\r\nHost: a\r\n\r\n", long(7000)),
    );
    add(
        "a target too long",
        format!("GET /{} HTTP/1.1\r\nHost: a\r\n\r\n", long(9000)),
    );
    add(
        "a field too long",
        format!("GET / HTTP/1.1\r\nHost: a\r\nX: {}\r\n\r\n", long(9000)),
    );
    let lines = "X: y\r\n".repeat(64);
    add(
        "65 fields",
        format!("GET / HTTP/1.1\r\nHost: a\r\n{lines}\r\n"),
    );
    all
}

/// Targets of GET requests.
const TARGETS: &[&str] = &[
    "/",
    "/index.html",
    "/hello.txt",
    "/empty.txt",
    "/style.css",
    "/dir",
    "/dir/",
    "/dir?a=b",
    "/dir?",
    "/dir/index.html",
    "/dir/a%20b.txt",
    "/dir/caf%c3%a9.txt",
    "/dir/caf%C3%A9.txt",
    "/./hello.txt",
    "/x/../hello.txt",
    "/dir/..",
    "/dir/.",
    "/../hello.txt",
    "/%2e%2e/hello.txt",
    "/%2e/hello.txt",
    "/x/%2E%2E/hello.txt",
    "/dir%2findex.html",
    "/%68ello.txt",
    "/hello.txt?x=y",
    "/hello.txt?",
    "/hello.txt%3fx",
    "/hello.txt#f",
    "/hello.txt;x",
    "//hello.txt",
    "/dir//index.html",
    "//evil.example/%2e%2e",
    "/nope",
    "/HELLO.TXT",
    "/hello.txt/",
    "/hello.txt/x",
    "/a%00",
    "/hello.txt%00",
    "/%zz",
    "/%",
    "/a%0d%0ab",
    "/<x>",
    "/\"x\"",
    "/\\x",
    "/caf\u{e9}",
    "/%ff",
    "hello.txt",
    "?x",
    "*",
    "http://localhost/hello.txt",
    "HTTP://localhost/hello.txt",
    "http://localhost",
    "http://localhost?x",
    "http:///hello.txt",
    "http://a@localhost/hello.txt",
    "https://localhost/hello.txt",
    "ftp://localhost/hello.txt",
    "localhost:80",
];

/// Methods, applied to a file.
const METHODS: &[&str] = &[
    "GET", "HEAD", "OPTIONS", "POST", "PUT", "DELETE", "PATCH", "TRACE", "CONNECT", "PROPFIND",
    "FOO", "get", "G-T",
];

/// Request lines.
const LINES: &[&str] = &[
    "GET /hello.txt HTTP/1.0",
    "GET /hello.txt HTTP/1.2",
    "GET /hello.txt HTTP/1.9",
    "GET /hello.txt HTTP/1.10",
    "GET /hello.txt HTTP/2.0",
    "GET /hello.txt HTTP/3.0",
    "GET /hello.txt HTTP/0.9",
    "GET /hello.txt HTTP/1",
    "GET /hello.txt HTTP/1.",
    "GET /hello.txt http/1.1",
    "GET /hello.txt HTTP/1.1 ",
    "GET /hello.txt  HTTP/1.1",
    "GET  /hello.txt HTTP/1.1",
    "GET\t/hello.txt\tHTTP/1.1",
    " GET /hello.txt HTTP/1.1",
    "GET /hel lo.txt HTTP/1.1",
    "GET /hel\tlo.txt HTTP/1.1",
    "G(T /hello.txt HTTP/1.1",
    "GET /hello.txt ICY/1.1",
    "OPTIONS * HTTP/1.1",
    "OPTIONS /nope HTTP/1.1",
    "HEAD /nope HTTP/1.1",
    "HEAD /dir HTTP/1.1",
    "HEAD /dir/ HTTP/1.1",
    "POST /nope HTTP/1.1",
    "PRI * HTTP/2.0",
];

/// Field lines after `Host`, separated by `|`, in a GET of a file of 1000 bytes. `TAG` is its
/// entity tag.
const FIELDS: &[&str] = &[
    "Connection: close",
    "connection: CLOSE",
    "Connection: x, close",
    "Connection: keep-alive",
    "X-A:",
    "X-A: caf\u{e9}",
    "X_A: b",
    "X-A: a\tb",
    "X-A : b",
    "X A: b",
    "nocolon",
    ": b",
    "X(A): b",
    "X-A: a\0b",
    "X-A: a\u{1}b",
    "X-A: a\u{7f}b",
    "X-A: a\rb",
    "X-A: b| c",
    "X\0A: b",
    "Expect: 100-continue",
    "Expect: x",
    "Accept-Encoding: identity",
    "Accept-Encoding: identity;q=0",
    "Accept-Encoding: *;q=0",
    "If-None-Match: TAG",
    "If-None-Match: W/TAG",
    "If-None-Match: \"x\", TAG",
    "If-None-Match: \"x\"|If-None-Match: TAG",
    "If-None-Match: *",
    "If-None-Match: \"x\"",
    "If-None-Match: x, TAG",
    "If-None-Match:",
    "If-Match: TAG",
    "If-Match: *",
    "If-Match: \"x\"",
    "If-Match: W/TAG",
    "If-Match: \"x\", TAG",
    "If-Match:",
    "If-Modified-Since: Thu, 02 Jan 2020 03:04:05 GMT",
    "If-Modified-Since: Thu, 02 Jan 2020 03:04:06 GMT",
    "If-Modified-Since: Thu, 02 Jan 2020 03:04:04 GMT",
    "If-Modified-Since: Thursday, 02-Jan-20 03:04:05 GMT",
    "If-Modified-Since: Thu Jan  2 03:04:05 2020",
    "If-Modified-Since: yesterday",
    "If-Unmodified-Since: Thu, 02 Jan 2020 03:04:05 GMT",
    "If-Unmodified-Since: Thu, 02 Jan 2020 03:04:04 GMT",
    "If-Unmodified-Since: yesterday",
    "If-None-Match: \"x\"|If-Modified-Since: Thu, 02 Jan 2020 03:04:05 GMT",
    "If-None-Match: TAG|If-Modified-Since: Thu, 02 Jan 2020 03:04:04 GMT",
    "If-Match: TAG|If-Unmodified-Since: Thu, 02 Jan 2020 03:04:04 GMT",
    "If-Match: *|If-None-Match: TAG",
    "If-Match: \"x\"|If-None-Match: TAG",
    "If-None-Match: TAG|Range: bytes=0-9",
    "Range: bytes=0-0",
    "Range: bytes=0-999",
    "Range: bytes=500-",
    "Range: bytes=-500",
    "Range: bytes=-2000",
    "Range: bytes=990-2000",
    "Range: bytes=1000-",
    "Range: bytes=-0",
    "Range: bytes=5-2",
    "Range: bytes=abc",
    "Range: bytes=",
    "Range: items=0-5",
    "Range: BYTES=0-5",
    "Range: bytes=0-18446744073709551615",
    "Range: bytes=0-18446744073709551616",
    "Range: bytes=18446744073709551616-",
    "Range: bytes=0-9,20-29",
    "Range: bytes=0-9 , 20-29",
    "Range: bytes=,0-9,",
    "Range: bytes=0-9,5-19",
    "Range: bytes=20-29,0-9",
    "Range: bytes=0-9,5000-",
    "Range: bytes=5000-,6000-",
    "Range: bytes=0-9,x",
    "Range: bytes=0-,0-,0-,0-,0-,0-,0-,0-,0-,0-",
    "Range: bytes=0-0,2-2,4-4,6-6,8-8,10-10,12-12,14-14,16-16",
    "Range: bytes=0-9|Range: bytes=20-29",
    "Range: bytes=0-9|If-Range: TAG",
    "Range: bytes=0-9|If-Range: W/TAG",
    "Range: bytes=0-9|If-Range: \"x\"",
    "Range: bytes=0-9|If-Range: Thu, 02 Jan 2020 03:04:05 GMT",
    "Range: bytes=0-9|If-Range: Thu, 02 Jan 2020 03:04:06 GMT",
    "Range: bytes=5000-|If-Range: \"x\"",
];

/// Complete requests with a name.
const WHOLE: &[(&str, &str)] = &[
    ("1.1 without Host", "GET /hello.txt HTTP/1.1\r\n\r\n"),
    ("1.0 with keep-alive", "GET /hello.txt HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"),
    ("1.0 with a bad Host", "GET /hello.txt HTTP/1.0\r\nHost: a b\r\n\r\n"),
    ("empty Host", "GET /hello.txt HTTP/1.1\r\nHost:\r\n\r\n"),
    ("two Hosts", "GET /hello.txt HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n"),
    ("Host with a space", "GET /hello.txt HTTP/1.1\r\nHost: a b\r\n\r\n"),
    ("Host with a user", "GET /hello.txt HTTP/1.1\r\nHost: u@a\r\n\r\n"),
    ("Host with a path", "GET /hello.txt HTTP/1.1\r\nHost: a/b\r\n\r\n"),
    ("Host with a wrong port", "GET /hello.txt HTTP/1.1\r\nHost: a:x\r\n\r\n"),
    ("Host with a large port", "GET /hello.txt HTTP/1.1\r\nHost: a:65536\r\n\r\n"),
    ("Host is IPv6", "GET /hello.txt HTTP/1.1\r\nHost: [::1]:8080\r\n\r\n"),
    ("Host is no IPv6", "GET /hello.txt HTTP/1.1\r\nHost: [zz]\r\n\r\n"),
    ("absolute form without Host", "GET http://a/hello.txt HTTP/1.1\r\n\r\n"),
    ("LF ends lines", "GET /hello.txt HTTP/1.1\nHost: a\n\n"),
    ("LF ends one line", "GET /hello.txt HTTP/1.1\r\nHost: a\nX-A: b\r\n\r\n"),
    ("one empty line in front", "\r\nGET /hello.txt HTTP/1.1\r\nHost: a\r\n\r\n"),
    ("two empty lines in front", "\r\n\r\nGET /hello.txt HTTP/1.1\r\nHost: a\r\n\r\n"),
    ("LF in front", "\nGET /hello.txt HTTP/1.1\r\nHost: a\r\n\r\n"),
    ("0.9", "GET /hello.txt\r\n\r\n"),
    ("a body of known length", "POST /hello.txt HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello"),
    ("a GET with a body", "GET /hello.txt HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello"),
    ("length 0", "GET /hello.txt HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n"),
    ("length 05", "GET /hello.txt HTTP/1.1\r\nHost: a\r\nContent-Length: 05\r\n\r\nhello"),
    ("length twice", "GET /hello.txt HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\nhello"),
    ("two lengths", "GET /hello.txt HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello"),
    ("length 5, 5", "GET /hello.txt HTTP/1.1\r\nHost: a\r\nContent-Length: 5, 5\r\n\r\nhello"),
    ("length +5", "GET /hello.txt HTTP/1.1\r\nHost: a\r\nContent-Length: +5\r\n\r\nhello"),
    ("length -1", "GET /hello.txt HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n"),
    ("length 0x5", "GET /hello.txt HTTP/1.1\r\nHost: a\r\nContent-Length: 0x5\r\n\r\nhello"),
    ("no length", "GET /hello.txt HTTP/1.1\r\nHost: a\r\nContent-Length:\r\n\r\n"),
    ("length beyond 64 bits", "GET /hello.txt HTTP/1.1\r\nHost: a\r\nContent-Length: 18446744073709551621\r\n\r\nhello"),
    ("length too large", "POST /hello.txt HTTP/1.1\r\nHost: a\r\nContent-Length: 9000000\r\n\r\n"),
    ("chunked", "GET /hello.txt HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"),
    ("chunked POST", "POST /hello.txt HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"),
    ("chunked with extension and trailer", "GET /hello.txt HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5;a=\"b\"\r\nhello\r\n0\r\nX: y\r\n\r\n"),
    ("chunked and a length", "GET /hello.txt HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    ("gzip, chunked", "GET /hello.txt HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"),
    ("chunked twice", "GET /hello.txt HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n"),
    ("two codings", "GET /hello.txt HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n"),
    ("identity coding", "GET /hello.txt HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: identity\r\n\r\n"),
    ("xchunked", "GET /hello.txt HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n"),
    ("chunked before a colon", "GET /hello.txt HTTP/1.1\r\nHost: a\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n"),
    ("chunked in 1.0", "GET /hello.txt HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    ("chunk with LF", "GET /hello.txt HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\nhello\n0\n\n"),
    ("chunk without a size", "GET /hello.txt HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n;x\r\n\r\n"),
    ("chunk beyond 64 bits", "GET /hello.txt HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n10000000000000005\r\nhello\r\n0\r\n\r\n"),
    ("chunk longer than it says", "GET /hello.txt HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhello\r\n0\r\n\r\n"),
    ("Expect and a body", "POST /hello.txt HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n"),
];
