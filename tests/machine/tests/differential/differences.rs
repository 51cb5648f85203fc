// SPDX-License-Identifier: GPL-2.0-only

//! The differences between khttpd and nginx, with their reasons.

/// A reason with the differences that it explains: name of the request and difference.
pub(super) type Differences = &'static [(&'static str, &'static [(&'static str, &'static str)])];

pub(super) const DIFFERENCES: Differences = &[
    (
        "RFC 9112 section 3.2: a fragment is no part of a target, and an invalid request line is 400.",
        &[
            ("/hello.txt#f", "connection: ends, nginx persists; status: 400, nginx 200"),
        ],
    ),
    (
        "RFC 3986 section 5.2.4: dot segments are resolved, and the parent of the root is the root.",
        &[
            ("/../hello.txt", "connection: persists, nginx ends; status: 200, nginx 400"),
            ("/%2e%2e/hello.txt", "connection: persists, nginx ends; status: 200, nginx 400"),
        ],
    ),
    (
        "RFC 3986 section 2.2: an escaped slash is not a separator.",
        &[
            ("/dir%2findex.html", "status: 404, nginx 200"),
        ],
    ),
    (
        "RFC 3986 section 7.3: control bytes in a path are an attack.",
        &[
            ("/a%0d%0ab", "connection: ends, nginx persists; status: 400, nginx 404"),
        ],
    ),
    (
        "RFC 3986 section 6.2.3: an empty query is a query.",
        &[
            ("/dir?", "Location: /dir/?, nginx /dir/"),
        ],
    ),
    (
        "RFC 9110 section 7.4: 421 for a scheme for which this connection is not authoritative.",
        &[
            ("https://localhost/hello.txt", "status: 421, nginx 200"),
        ],
    ),
    (
        "RFC 9112 section 3.2.2: the absolute form names a resource, and this server has none of that scheme.",
        &[
            ("ftp://localhost/hello.txt", "connection: ends, nginx persists; status: 400, nginx 200"),
        ],
    ),
    (
        "RFC 9112 section 2.3: every request since HTTP/1.0 has a version, of one digit, a dot and one digit.",
        &[
            ("0.9", "connection: ends, nginx none; status: 400, nginx none"),
            ("GET /hello.txt HTTP/1.10", "connection: ends, nginx persists; status: 400, nginx 200"),
        ],
    ),
    (
        "RFC 9112 section 3: there is one space on each side of a target and nothing after the version.",
        &[
            ("GET  /hello.txt HTTP/1.1", "connection: ends, nginx persists; status: 400, nginx 200"),
            ("GET /hello.txt  HTTP/1.1", "connection: ends, nginx persists; status: 400, nginx 200"),
            ("GET /hello.txt HTTP/1.1 ", "connection: ends, nginx persists; status: 400, nginx 200"),
        ],
    ),
    (
        "RFC 9110 section 15.6.6: 505 for an unsupported version.",
        &[
            ("PRI * HTTP/2.0", "status: 505, nginx 400"),
        ],
    ),
    (
        "RFC 9112 section 2.2: a recipient may, but need not, accept a single LF as the end of a line; input that parsers understand differently is rejected.",
        &[
            ("LF ends lines", "connection: ends, nginx persists; status: 400, nginx 200"),
            ("LF ends one line", "connection: ends, nginx persists; status: 400, nginx 200"),
            ("LF in front", "connection: ends, nginx persists; status: 400, nginx 200"),
            ("chunk with LF", "connection: ends unannounced, nginx persists"),
        ],
    ),
    (
        "RFC 9112 section 3.2: 400 for a Host that is malformed, and a TCP port is at most 65535.",
        &[
            ("Host is no IPv6", "connection: ends, nginx persists; status: 400, nginx 200"),
            ("Host with a large port", "connection: ends, nginx persists; status: 400, nginx 200"),
            ("Host with a user", "connection: ends, nginx persists; status: 400, nginx 200"),
            ("Host with a wrong port", "connection: ends, nginx persists; status: 400, nginx 200"),
        ],
    ),
    (
        "RFC 9112 section 5, RFC 9110 sections 5.1 and 5.5: a field line has a colon, a name is a token, a value has no control bytes.",
        &[
            ("nocolon", "connection: ends, nginx persists; status: 400, nginx 200"),
            ("X(A): b", "connection: ends, nginx persists; status: 400, nginx 200"),
            ("X-A: a\u{1}b", "connection: ends, nginx persists; status: 400, nginx 200"),
            ("X-A: a\u{7f}b", "connection: ends, nginx persists; status: 400, nginx 200"),
        ],
    ),
    (
        "RFC 6585 section 5: 431 for a head that is too large.",
        &[
            ("65 fields", "connection: ends, nginx persists; status: 431, nginx 200"),
            ("a field too long", "status: 431, nginx 400"),
        ],
    ),
    (
        "RFC 9110 section 15.6.2: 501 for a method that the server does not know; section 9.1: names are case-sensitive.",
        &[
            ("FOO", "status: 501, nginx 405"),
            ("G-T", "status: 501, nginx 405"),
            ("PROPFIND", "status: 501, nginx 405"),
            ("get", "connection: persists, nginx ends; status: 501, nginx 400"),
        ],
    ),
    (
        "RFC 9110 section 9.3.7: OPTIONS lists the methods of a resource or of the server.",
        &[
            ("OPTIONS", "status: 200, nginx 405"),
            ("OPTIONS * HTTP/1.1", "connection: persists, nginx ends; status: 200, nginx 400"),
            ("OPTIONS /nope HTTP/1.1", "status: 404, nginx 405"),
        ],
    ),
    (
        "RFC 9110 section 15.5.6: a 405 must carry Allow; RFC 9112 section 9.3: the connection persists.",
        &[
            ("CONNECT", "Allow: GET, HEAD, OPTIONS, nginx none; connection: persists, nginx ends"),
            ("DELETE", "Allow: GET, HEAD, OPTIONS, nginx none"),
            ("PATCH", "Allow: GET, HEAD, OPTIONS, nginx none"),
            ("POST", "Allow: GET, HEAD, OPTIONS, nginx none"),
            ("PUT", "Allow: GET, HEAD, OPTIONS, nginx none"),
            ("TRACE", "Allow: GET, HEAD, OPTIONS, nginx none; connection: persists, nginx ends"),
            ("a body of known length", "Allow: GET, HEAD, OPTIONS, nginx none"),
            ("chunked POST", "Allow: GET, HEAD, OPTIONS, nginx none"),
        ],
    ),
    (
        "RFC 9110 section 15.5.6: no resource of this server supports the method, whether or not the target exists.",
        &[
            ("POST /nope HTTP/1.1", "status: 405, nginx 404"),
        ],
    ),
    (
        "RFC 9110 section 10.1.1: the client may or may not send the content, so the start of the next request is unknown; nginx reads a request as content.",
        &[
            ("Expect and a body", "Allow: GET, HEAD, OPTIONS, nginx none; connection: ends, nginx persists with 400"),
        ],
    ),
    (
        "RFC 9110 section 10.1.1: without content there is nothing to continue, and 100 may be omitted.",
        &[
            ("Expect: 100-continue", "connection: persists, nginx none; status: 200, nginx none"),
        ],
    ),
    (
        "RFC 9110 section 15.5.18: 417 for an unknown expectation.",
        &[
            ("Expect: x", "status: 417, nginx 200"),
        ],
    ),
    (
        "RFC 9110 section 12.5.3: identity is acceptable unless the client excludes it; section 15.5.7: otherwise 406.",
        &[
            ("Accept-Encoding: *;q=0", "status: 406, nginx 200"),
            ("Accept-Encoding: identity;q=0", "status: 406, nginx 200"),
        ],
    ),
    (
        "RFC 9112 section 9.3: the connection persists after a 412; nginx closes it unannounced.",
        &[
            ("If-Match:", "connection: persists, nginx ends unannounced"),
            ("If-Match: \"x\"", "connection: persists, nginx ends unannounced"),
            ("If-Match: W/TAG", "connection: persists, nginx ends unannounced"),
            ("If-Match: \"x\"|If-None-Match: TAG", "connection: persists, nginx ends unannounced"),
            ("If-Unmodified-Since: Thu, 02 Jan 2020 03:04:04 GMT", "connection: persists, nginx ends unannounced"),
        ],
    ),
    (
        "RFC 9110 section 13.1.4: an invalid date is ignored.",
        &[
            ("If-Unmodified-Since: yesterday", "connection: persists, nginx ends unannounced; status: 200, nginx 412"),
        ],
    ),
    (
        "RFC 9110 section 13.2.2: dates are ignored where entity tags are compared.",
        &[
            ("If-Match: TAG|If-Unmodified-Since: Thu, 02 Jan 2020 03:04:04 GMT", "connection: persists, nginx ends unannounced; status: 200, nginx 412"),
            ("If-None-Match: TAG|If-Modified-Since: Thu, 02 Jan 2020 03:04:04 GMT", "status: 304, nginx 200"),
        ],
    ),
    (
        "RFC 9110 section 15.4.5: a 304 with an entity tag needs no Last-Modified.",
        &[
            ("If-Match: *|If-None-Match: TAG", "Last-Modified: none, nginx Thu, 02 Jan 2020 03:04:05 GMT"),
            ("If-Modified-Since: Thu Jan  2 03:04:05 2020", "Last-Modified: none, nginx Thu, 02 Jan 2020 03:04:05 GMT"),
            ("If-Modified-Since: Thu, 02 Jan 2020 03:04:05 GMT", "Last-Modified: none, nginx Thu, 02 Jan 2020 03:04:05 GMT"),
            ("If-Modified-Since: Thursday, 02-Jan-20 03:04:05 GMT", "Last-Modified: none, nginx Thu, 02 Jan 2020 03:04:05 GMT"),
            ("If-None-Match: *", "Last-Modified: none, nginx Thu, 02 Jan 2020 03:04:05 GMT"),
            ("If-None-Match: TAG", "Last-Modified: none, nginx Thu, 02 Jan 2020 03:04:05 GMT"),
            ("If-None-Match: TAG|Range: bytes=0-9", "Last-Modified: none, nginx Thu, 02 Jan 2020 03:04:05 GMT"),
            ("If-None-Match: W/TAG", "Last-Modified: none, nginx Thu, 02 Jan 2020 03:04:05 GMT"),
            ("If-None-Match: \"x\", TAG", "Last-Modified: none, nginx Thu, 02 Jan 2020 03:04:05 GMT"),
        ],
    ),
    (
        "RFC 9110 section 5.3: several field lines of a list are one list.",
        &[
            ("If-None-Match: \"x\"|If-None-Match: TAG", "connection: persists, nginx ends; status: 304, nginx 400"),
        ],
    ),
    (
        "RFC 9110 section 8.8.3: an entity tag has quotes; with a malformed list, sending the file is always correct.",
        &[
            ("If-None-Match: x, TAG", "status: 200, nginx 304"),
        ],
    ),
    (
        "RFC 9110 section 14.3: a server announces range support, in a 206 as well.",
        &[
            ("Range: BYTES=0-5", "Accept-Ranges: bytes, nginx none"),
            ("Range: bytes=-2000", "Accept-Ranges: bytes, nginx none"),
            ("Range: bytes=-500", "Accept-Ranges: bytes, nginx none"),
            ("Range: bytes=0-0", "Accept-Ranges: bytes, nginx none"),
            ("Range: bytes=0-9 , 20-29", "Accept-Ranges: bytes, nginx none"),
            ("Range: bytes=0-9,20-29", "Accept-Ranges: bytes, nginx none"),
            ("Range: bytes=0-9,5000-", "Accept-Ranges: bytes, nginx none"),
            ("Range: bytes=0-999", "Accept-Ranges: bytes, nginx none"),
            ("Range: bytes=20-29,0-9", "Accept-Ranges: bytes, nginx none"),
            ("Range: bytes=500-", "Accept-Ranges: bytes, nginx none"),
            ("Range: bytes=990-2000", "Accept-Ranges: bytes, nginx none"),
        ],
    ),
    (
        "RFC 9110 section 5.6.1.2: empty elements of a list are ignored.",
        &[
            ("Range: bytes=,0-9,", "status: 206, nginx 416"),
        ],
    ),
    (
        "RFC 9110 section 14.1.2: a last position beyond the end means the end.",
        &[
            ("Range: bytes=0-18446744073709551615", "status: 206, nginx 416"),
            ("Range: bytes=0-18446744073709551616", "status: 206, nginx 416"),
        ],
    ),
    (
        "RFC 9110 section 15.3.7.2: overlapping ranges may be joined into one part.",
        &[
            ("Range: bytes=0-9,5-19", "Accept-Ranges: bytes, nginx none; Content-Length: 20, nginx 218; Content-Range: bytes 0-19/1000, nginx none; Content-Type: text/plain; charset=utf-8, nginx multipart/byteranges; body: 20 bytes, nginx 218 bytes"),
        ],
    ),
    (
        "RFC 9110 section 17.15: many small ranges should be ignored: more than eight that select fewer than 512 bytes for each further one are, here.",
        &[
            ("Range: bytes=0-0,2-2,4-4,6-6,8-8,10-10,12-12,14-14,16-16", "status: 200, nginx 206"),
        ],
    ),
    (
        "RFC 9110 section 14.2: a malformed Range is ignored; 416 is for a valid one that is not satisfiable.",
        &[
            ("Range: bytes=0-9,x", "status: 200, nginx 416"),
            ("Range: bytes=5-2", "status: 200, nginx 416"),
            ("Range: bytes=abc", "status: 200, nginx 416"),
            ("Range: bytes=0-9|Range: bytes=20-29", "status: 200, nginx 206"),
        ],
    ),
    (
        "RFC 9110 section 15.3.7: a client that sends If-Range has the other metadata.",
        &[
            ("Range: bytes=0-9|If-Range: TAG", "Content-Type: none, nginx text/plain; charset=utf-8; Last-Modified: none, nginx Thu, 02 Jan 2020 03:04:05 GMT"),
            ("Range: bytes=0-9|If-Range: Thu, 02 Jan 2020 03:04:05 GMT", "Content-Type: none, nginx text/plain; charset=utf-8; Last-Modified: none, nginx Thu, 02 Jan 2020 03:04:05 GMT"),
        ],
    ),
    (
        "RFC 9112 section 6.3: 400 where chunked is not the last coding, or (section 6.1) occurs twice: the end of the content is unknown.",
        &[
            ("chunked twice", "status: 400, nginx 501"),
            ("identity coding", "status: 400, nginx 501"),
            ("xchunked", "status: 400, nginx 501"),
        ],
    ),
    (
        "RFC 9110 section 9.3.1: the content of a GET has no meaning, so the response is sent before the content turns out to be malformed; RFC 9112 section 8: then the connection ends.",
        &[
            ("chunk beyond 64 bits", "connection: ends unannounced, nginx ends; status: 200, nginx 400"),
            ("chunk longer than it says", "connection: ends unannounced, nginx ends; status: 200, nginx 400"),
            ("chunk without a size", "connection: ends unannounced, nginx ends; status: 200, nginx 400"),
        ],
    ),
];
