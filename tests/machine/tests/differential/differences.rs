// SPDX-License-Identifier: GPL-2.0-only

//! Where khttpd differs from nginx, and why it is right.

/// A reason, and what differs for it: the name of the request and the difference.
type Differences = &'static [(&'static str, &'static [(&'static str, &'static str)])];

pub(super) const DIFFERENCES: Differences = &[
    (
        "RFC 3986 section 3.3: a URI has no such bytes; RFC 9112 section 3: an invalid request line is 400.",
        &[
            ("/\"x\"", "connection: ends, nginx goes on; status: 400, nginx 404"),
            ("/<x>", "connection: ends, nginx goes on; status: 400, nginx 404"),
            ("/\\x", "connection: ends, nginx goes on; status: 400, nginx 404"),
            ("/café", "connection: ends, nginx goes on; status: 400, nginx 404"),
            ("/hello.txt#f", "connection: ends, nginx goes on; status: 400, nginx 200"),
        ],
    ),
    (
        "RFC 3986 section 5.2.4: dot segments are resolved, and above the root is the root.",
        &[
            ("/../hello.txt", "connection: goes on, nginx ends; status: 200, nginx 400"),
            ("/%2e%2e/hello.txt", "connection: goes on, nginx ends; status: 200, nginx 400"),
        ],
    ),
    (
        "RFC 3986 section 3.3: an empty segment is a segment, so this is the path of another resource.",
        &[
            ("//hello.txt", "status: 404, nginx 200"),
            ("/dir//index.html", "status: 404, nginx 200"),
            ("//evil.example/%2e%2e", "status: 404, nginx 200"),
        ],
    ),
    (
        "RFC 3986 section 2.2: an escaped slash separates nothing.",
        &[
            ("/dir%2findex.html", "status: 404, nginx 200"),
        ],
    ),
    (
        "RFC 3986 section 7.3: control bytes in a path are no name but an attack.",
        &[
            ("/a%0d%0ab", "connection: ends, nginx goes on; status: 400, nginx 404"),
        ],
    ),
    (
        "RFC 3986 section 6.2.3: a query that is empty is a query.",
        &[
            ("/dir?", "Location: /dir/?, nginx /dir/"),
        ],
    ),
    (
        "RFC 9110 section 7.4: 421 for a scheme for which this connection does not stand.",
        &[
            ("https://localhost/hello.txt", "status: 421, nginx 200"),
        ],
    ),
    (
        "RFC 9112 section 3.2.2: the absolute form names a resource, and this server has none of that scheme.",
        &[
            ("ftp://localhost/hello.txt", "connection: ends, nginx goes on; status: 400, nginx 200"),
        ],
    ),
    (
        "RFC 9112 section 2.3: every request since HTTP/1.0 has a version, of one digit, a dot and one digit.",
        &[
            ("0.9", "connection: ends, nginx none; status: 400, nginx none"),
            ("GET /hello.txt HTTP/1.10", "connection: ends, nginx goes on; status: 400, nginx 200"),
        ],
    ),
    (
        "RFC 9112 section 3: there is one space on each side of a target and nothing behind the version.",
        &[
            ("GET  /hello.txt HTTP/1.1", "connection: ends, nginx goes on; status: 400, nginx 200"),
            ("GET /hello.txt  HTTP/1.1", "connection: ends, nginx goes on; status: 400, nginx 200"),
            ("GET /hello.txt HTTP/1.1 ", "connection: ends, nginx goes on; status: 400, nginx 200"),
        ],
    ),
    (
        "RFC 9110 section 15.6.6: 505 for a version that is not served.",
        &[
            ("PRI * HTTP/2.0", "status: 505, nginx 400"),
        ],
    ),
    (
        "RFC 9112 section 2.2: a recipient may take LF for the end of a line, and need not; what two parsers read in two ways is refused.",
        &[
            ("LF ends lines", "connection: ends, nginx goes on; status: 400, nginx 200"),
            ("LF ends one line", "connection: ends, nginx goes on; status: 400, nginx 200"),
            ("LF in front", "connection: ends, nginx goes on; status: 400, nginx 200"),
            ("chunk with LF", "connection: ends without a word, nginx goes on"),
        ],
    ),
    (
        "RFC 9112 section 3.2: 400 for a Host that is malformed, and no TCP port is beyond 65535.",
        &[
            ("Host is no IPv6", "connection: ends, nginx goes on; status: 400, nginx 200"),
            ("Host with a large port", "connection: ends, nginx goes on; status: 400, nginx 200"),
            ("Host with a user", "connection: ends, nginx goes on; status: 400, nginx 200"),
            ("Host with a wrong port", "connection: ends, nginx goes on; status: 400, nginx 200"),
        ],
    ),
    (
        "RFC 9112 section 5, RFC 9110 sections 5.1 and 5.5: a field line has a colon, a name is a token, a value has no control bytes.",
        &[
            ("nocolon", "connection: ends, nginx goes on; status: 400, nginx 200"),
            ("X(A): b", "connection: ends, nginx goes on; status: 400, nginx 200"),
            ("X-A: a\u{1}b", "connection: ends, nginx goes on; status: 400, nginx 200"),
            ("X-A: a\u{7f}b", "connection: ends, nginx goes on; status: 400, nginx 200"),
        ],
    ),
    (
        "RFC 6585 section 5: 431 for a head that is too large.",
        &[
            ("65 fields", "connection: ends, nginx goes on; status: 431, nginx 200"),
            ("a field too long", "status: 431, nginx 400"),
        ],
    ),
    (
        "RFC 9110 section 15.6.2: 501 for a method that the server does not know; section 9.1: names are case-sensitive.",
        &[
            ("FOO", "status: 501, nginx 405"),
            ("G-T", "status: 501, nginx 405"),
            ("PROPFIND", "status: 501, nginx 405"),
            ("get", "connection: goes on, nginx ends; status: 501, nginx 400"),
        ],
    ),
    (
        "RFC 9110 section 9.3.7: OPTIONS tells what can be done, to a resource or to the server.",
        &[
            ("OPTIONS", "status: 200, nginx 405"),
            ("OPTIONS * HTTP/1.1", "connection: goes on, nginx ends; status: 200, nginx 400"),
            ("OPTIONS /nope HTTP/1.1", "status: 404, nginx 405"),
        ],
    ),
    (
        "RFC 9110 section 15.5.6: a 405 must carry Allow; RFC 9112 section 9.3: the connection persists.",
        &[
            ("CONNECT", "Allow: GET, HEAD, OPTIONS, nginx none; connection: goes on, nginx ends"),
            ("DELETE", "Allow: GET, HEAD, OPTIONS, nginx none"),
            ("PATCH", "Allow: GET, HEAD, OPTIONS, nginx none"),
            ("POST", "Allow: GET, HEAD, OPTIONS, nginx none"),
            ("PUT", "Allow: GET, HEAD, OPTIONS, nginx none"),
            ("TRACE", "Allow: GET, HEAD, OPTIONS, nginx none; connection: goes on, nginx ends"),
            ("a body of known length", "Allow: GET, HEAD, OPTIONS, nginx none"),
            ("chunked POST", "Allow: GET, HEAD, OPTIONS, nginx none"),
        ],
    ),
    (
        "RFC 9110 section 15.5.6: no resource here knows the method, whether it exists or not.",
        &[
            ("POST /nope HTTP/1.1", "status: 405, nginx 404"),
        ],
    ),
    (
        "RFC 9110 section 10.1.1: the client may send its body or not, so that nobody knows what comes next; nginx takes a request for the body.",
        &[
            ("Expect and a body", "Allow: GET, HEAD, OPTIONS, nginx none; connection: ends, nginx goes on with 400"),
        ],
    ),
    (
        "RFC 9110 section 10.1.1: without a body there is nothing to go on with, and 100 may be left out.",
        &[
            ("Expect: 100-continue", "connection: goes on, nginx none; status: 200, nginx none"),
        ],
    ),
    (
        "RFC 9110 section 15.5.18: 417 for an expectation that is not met.",
        &[
            ("Expect: x", "status: 417, nginx 200"),
        ],
    ),
    (
        "RFC 9110 section 12.5.3: without a coding only if the client has not excluded that; section 15.5.7: else 406.",
        &[
            ("Accept-Encoding: *;q=0", "status: 406, nginx 200"),
            ("Accept-Encoding: identity;q=0", "status: 406, nginx 200"),
        ],
    ),
    (
        "RFC 9112 section 9.3: the connection persists after a 412; nginx closes it and does not say so.",
        &[
            ("If-Match:", "connection: goes on, nginx ends without a word"),
            ("If-Match: \"x\"", "connection: goes on, nginx ends without a word"),
            ("If-Match: W/TAG", "connection: goes on, nginx ends without a word"),
            ("If-Match: \"x\"|If-None-Match: TAG", "connection: goes on, nginx ends without a word"),
            ("If-Unmodified-Since: Thu, 02 Jan 2020 03:04:04 GMT", "connection: goes on, nginx ends without a word"),
        ],
    ),
    (
        "RFC 9110 section 13.1.4: a date that is none is ignored.",
        &[
            ("If-Unmodified-Since: yesterday", "connection: goes on, nginx ends without a word; status: 200, nginx 412"),
        ],
    ),
    (
        "RFC 9110 section 13.2.2: dates count for nothing where tags are compared.",
        &[
            ("If-Match: TAG|If-Unmodified-Since: Thu, 02 Jan 2020 03:04:04 GMT", "connection: goes on, nginx ends without a word; status: 200, nginx 412"),
            ("If-None-Match: TAG|If-Modified-Since: Thu, 02 Jan 2020 03:04:04 GMT", "status: 304, nginx 200"),
        ],
    ),
    (
        "RFC 9110 section 15.4.5: a 304 with an entity tag has no use for Last-Modified.",
        &[
            ("If-Match: *|If-None-Match: TAG", "Last-Modified: none, nginx Thu, 02 Jan 2020 03:04:05 GMT"),
            ("If-Modified-Since: Thu Jan  2 03:04:05 2020", "Last-Modified: none, nginx Thu, 02 Jan 2020 03:04:05 GMT"),
            ("If-Modified-Since: Thu, 02 Jan 2020 03:04:05 GMT", "Last-Modified: none, nginx Thu, 02 Jan 2020 03:04:05 GMT"),
            ("If-Modified-Since: Thu, 02 Jan 2020 03:04:06 GMT", "Last-Modified: none, nginx Thu, 02 Jan 2020 03:04:05 GMT"),
            ("If-Modified-Since: Thursday, 02-Jan-20 03:04:05 GMT", "Last-Modified: none, nginx Thu, 02 Jan 2020 03:04:05 GMT"),
            ("If-None-Match: *", "Last-Modified: none, nginx Thu, 02 Jan 2020 03:04:05 GMT"),
            ("If-None-Match: TAG", "Last-Modified: none, nginx Thu, 02 Jan 2020 03:04:05 GMT"),
            ("If-None-Match: TAG|Range: bytes=0-9", "Last-Modified: none, nginx Thu, 02 Jan 2020 03:04:05 GMT"),
            ("If-None-Match: W/TAG", "Last-Modified: none, nginx Thu, 02 Jan 2020 03:04:05 GMT"),
            ("If-None-Match: \"x\", TAG", "Last-Modified: none, nginx Thu, 02 Jan 2020 03:04:05 GMT"),
        ],
    ),
    (
        "RFC 9110 section 5.3: several lines of a list are one list.",
        &[
            ("If-None-Match: \"x\"|If-None-Match: TAG", "connection: goes on, nginx ends; status: 304, nginx 400"),
        ],
    ),
    (
        "RFC 9110 section 8.8.3: a tag has quotes; where a list is malformed, to send the file is never wrong.",
        &[
            ("If-None-Match: x, TAG", "status: 200, nginx 304"),
        ],
    ),
    (
        "RFC 9110 section 14.3: a server says that it has ranges; a 206 is no exception.",
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
        "RFC 9110 section 15.3.7.2: ranges that overlap may be joined, and then there is one part.",
        &[
            ("Range: bytes=0-9,5-19", "Accept-Ranges: bytes, nginx none; Content-Length: 20, nginx 218; Content-Range: bytes 0-19/1000, nginx none; Content-Type: text/plain; charset=utf-8, nginx multipart/byteranges; body: 20 bytes, nginx 218 bytes"),
            ("Range: bytes=0-,0-,0-,0-,0-,0-,0-,0-,0-,0-", "status: 206, nginx 200"),
        ],
    ),
    (
        "RFC 9110 section 17.15: many small ranges are to be ignored; the bound here is 8.",
        &[
            ("Range: bytes=0-0,2-2,4-4,6-6,8-8,10-10,12-12,14-14,16-16", "status: 200, nginx 206"),
        ],
    ),
    (
        "RFC 9110 section 14.2: a Range that is malformed is ignored; 416 is for one that is well-formed and outside.",
        &[
            ("Range: bytes=0-9,x", "status: 200, nginx 416"),
            ("Range: bytes=5-2", "status: 200, nginx 416"),
            ("Range: bytes=abc", "status: 200, nginx 416"),
            ("Range: bytes=0-9|Range: bytes=20-29", "status: 200, nginx 206"),
        ],
    ),
    (
        "RFC 9110 section 15.3.7: who sends If-Range has the rest of the metadata.",
        &[
            ("Range: bytes=0-9|If-Range: TAG", "Content-Type: none, nginx text/plain; charset=utf-8; Last-Modified: none, nginx Thu, 02 Jan 2020 03:04:05 GMT"),
            ("Range: bytes=0-9|If-Range: Thu, 02 Jan 2020 03:04:05 GMT", "Content-Type: none, nginx text/plain; charset=utf-8; Last-Modified: none, nginx Thu, 02 Jan 2020 03:04:05 GMT"),
        ],
    ),
    (
        "RFC 9112 section 6.3: 400 where chunked is not the last coding, or (section 6.1) comes twice: the end of the body is unknown.",
        &[
            ("chunked twice", "status: 400, nginx 501"),
            ("identity coding", "status: 400, nginx 501"),
            ("xchunked", "status: 400, nginx 501"),
        ],
    ),
    (
        "RFC 9110 section 9.3.1: the body of a GET means nothing, so that it was answered before the body was found to be broken; RFC 9112 section 8: then the connection ends.",
        &[
            ("chunk beyond 64 bits", "connection: ends without a word, nginx ends; status: 200, nginx 400"),
            ("chunk longer than it says", "connection: ends without a word, nginx ends; status: 200, nginx 400"),
            ("chunk without a size", "connection: ends without a word, nginx ends; status: 200, nginx 400"),
        ],
    ),
];
