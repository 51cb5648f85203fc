// SPDX-License-Identifier: GPL-2.0-only

//! Sites with rules, and the configuration of nginx that asks for the same.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::differences::Differences;

/// A site at a host of its own.
pub(super) struct Site {
    pub(super) host: &'static str,
    /// Commands that make its files, in its directory.
    pub(super) files: &'static str,
    /// Its `.khttpd`.
    pub(super) rules: &'static str,
    /// What nginx needs in addition to the root.
    nginx: &'static str,
    /// Requests: method, target, and fields after a `|`.
    requests: &'static [&'static str],
}

/// Directory of the sites in the guest.
pub(super) const FOLDER: &str = "/tmp/sites";

pub(super) const SITES: &[Site] = &[
    Site {
        host: "clean.test",
        files: "mkdir -p docs; for f in index about docs/index docs/v1.2; do echo $f > $f.html; done; echo x > raw.txt",
        rules: "try-suffix .html\n",
        nginx: "location / { try_files $uri $uri.html $uri/ =404; }",
        requests: &[
            "GET /", "GET /about", "GET /about?x", "GET /about/", "GET /about.html", "GET /docs",
            "GET /docs/", "GET /docs/v1.2", "GET /docs/v1.2.html", "GET /raw", "GET /raw.txt",
            "GET /index", "GET /docs/index", "GET /ab%6fut", "GET //about", "HEAD /about",
            "GET /none",
        ],
    },
    Site {
        host: "app.test",
        files: "mkdir assets; echo app > index.html; echo js > assets/a.js",
        rules: "fallback * /index.html except /assets/*\n",
        nginx: "location /assets/ { } location / { try_files $uri $uri/ /index.html; }",
        requests: &[
            "GET /", "GET /login", "GET /user/7?tab=a", "GET /assets/a.js", "GET /assets/old.js",
            "GET /assets", "GET /assets/", "HEAD /login", "POST /login",
            "GET /login|If-None-Match: *", "GET /login|Range: bytes=0-1",
        ],
    },
    Site {
        host: "index.test",
        files: "mkdir -p old both none; echo htm > index.htm; echo d > old/default.htm; echo 1 > both/index.html; echo 2 > both/index.htm; echo x > none/x",
        rules: "index index.html index.htm default.htm\n",
        nginx: "index index.html index.htm default.htm;",
        requests: &[
            "GET /", "GET /old/", "GET /old", "GET /both/", "GET /none/", "GET /none",
            "GET /both/index.htm",
        ],
    },
    Site {
        host: "moved.test",
        files: "mkdir -p .well-known/acme-challenge; echo token > .well-known/acme-challenge/tok; echo x > file",
        rules: "redirect 301 /* https://$host/ except /.well-known/acme-challenge/*\n",
        nginx: "location /.well-known/acme-challenge/ { } location / { return 301 https://$host$request_uri; }",
        requests: &[
            "GET /", "GET /file", "GET /a/b?c=d", "GET /a%20b", "GET /caf%C3%A9", "GET /a+b;c=d@e!",
            "GET /.well-known/acme-challenge/tok", "GET /.well-known/acme-challenge/none",
            "HEAD /file", "POST /file", "GET /?", "GET /a?b?c",
        ],
    },
    Site {
        host: "fields.test",
        files: "mkdir dir; echo x > index.html; echo x > dir/index.html; echo missing > 404.html; echo x > a.txt",
        rules: "field * X-Plain: 1\nfield * always X-Always: 2\nredirect 302 /old /a.txt\n",
        nginx: "add_header X-Plain 1; add_header X-Always 2 always; error_page 404 /404.html; location = /old { return 302 /a.txt; }",
        requests: &[
            "GET /", "GET /a.txt", "HEAD /a.txt", "GET /dir", "GET /old", "GET /none",
            "POST /a.txt", "GET /a.txt|Range: bytes=0-0", "GET /a.txt|Range: bytes=9-",
            "GET /a.txt|If-None-Match: *", "GET /a.txt|If-Unmodified-Since: Thu, 02 Jan 2020 03:04:05 GMT",
        ],
    },
    Site {
        host: "coded.test",
        files: "echo both > both.js; yes both | head -c 1000 > both.js; gzip -k both.js; yes only | head -c 1000 | gzip > only.js.gz; echo '<svg/>' | gzip > logo.svgz",
        rules: "",
        nginx: "gzip_static on; gzip_vary on; location ~ \\.svgz$ { gzip_static off; add_header Content-Encoding gzip; }",
        requests: &[
            "GET /both.js", "GET /both.js|Accept-Encoding: gzip", "GET /both.js|Accept-Encoding: br",
            "GET /both.js|Accept-Encoding: gzip;q=0", "GET /both.js.gz",
            "GET /only.js", "GET /only.js|Accept-Encoding: gzip", "HEAD /only.js|Accept-Encoding: gzip",
            "GET /only.js.gz", "GET /logo.svgz", "GET /none.js|Accept-Encoding: gzip",
        ],
    },
    Site {
        host: "list.test",
        files: "mkdir -p pub/sub; echo x > 'pub/a b.txt'; echo x > pub/caf\u{e9}.txt; mkdir with; echo x > with/index.html",
        rules: "autoindex yes\n",
        nginx: "autoindex on;",
        requests: &[
            "GET /pub", "GET /with/", "GET /pub/a%20b.txt", "GET /pub/none", "GET /pub/none/",
            "POST /pub/",
        ],
    },
    Site {
        host: "private.test",
        files: "mkdir .git; echo secret > .git/config; echo x > .htaccess; echo x > index.html; echo x > a.html~; echo x > b.bak",
        rules: "exclude *~\nexclude *.bak\n",
        nginx: "location ~ (~|\\.bak)$ { return 404; }",
        requests: &[
            "GET /", "GET /a.html~", "GET /b.bak", "GET /.git/config", "GET /.htaccess", "GET /.khttpd",
        ],
    },
];

/// Returns the configuration of nginx for all sites, at a port.
pub(super) fn configuration(port: u16) -> String {
    SITES.iter().fold(String::new(), |mut text, site| {
        let Site { host, nginx, .. } = site;
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "server {{ listen {port}; server_name {host}; root {FOLDER}/{host}; \
             absolute_redirect off; {nginx} }}"
        );
        text
    })
}

/// Returns all requests by name.
pub(super) fn all() -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    for site in SITES {
        for request in site.requests {
            let (line, fields) = request.split_once('|').unwrap_or((request, ""));
            let fields = match fields {
                "" => String::new(),
                fields => format!("{fields}\r\n"),
            };
            let text = format!("{line} HTTP/1.1\r\nHost: {}\r\n{fields}\r\n", site.host);
            all.insert(format!("{} {request}", site.host), text);
        }
    }
    all
}

pub(super) const DIFFERENCES: Differences = &[
    (
        "RFC 9239 section 6: JavaScript is text/javascript; RFC 6713 section 3: gzip is application/gzip.",
        &[
            ("app.test GET /assets/a.js", "Content-Type: text/javascript; charset=utf-8, nginx application/javascript"),
            ("coded.test GET /both.js", "Content-Type: text/javascript; charset=utf-8, nginx application/javascript"),
            ("coded.test GET /both.js|Accept-Encoding: br", "Content-Type: text/javascript; charset=utf-8, nginx application/javascript"),
            ("coded.test GET /both.js|Accept-Encoding: gzip", "Content-Type: text/javascript; charset=utf-8, nginx application/javascript"),
            ("coded.test GET /both.js|Accept-Encoding: gzip;q=0", "Content-Type: text/javascript; charset=utf-8, nginx application/javascript"),
            ("coded.test GET /only.js|Accept-Encoding: gzip", "Content-Type: text/javascript; charset=utf-8, nginx application/javascript"),
            ("coded.test HEAD /only.js|Accept-Encoding: gzip", "Content-Type: text/javascript; charset=utf-8, nginx application/javascript"),
            ("coded.test GET /both.js.gz", "Content-Type: application/gzip, nginx application/octet-stream"),
            ("coded.test GET /only.js.gz", "Content-Type: application/gzip, nginx application/octet-stream"),
        ],
    ),
    (
        "RFC 9110 section 15.5.7: 406 for a file that is there in a coding alone, which the client does not accept.",
        &[
            ("coded.test GET /only.js", "status: 406, nginx 404"),
        ],
    ),
    (
        "A directory without an index is nothing, so that no response tells what there is.",
        &[
            ("app.test GET /assets", "status: 200, nginx 301"),
            ("app.test GET /assets/", "status: 404, nginx 403"),
            ("index.test GET /none", "status: 404, nginx 301"),
            ("index.test GET /none/", "status: 404, nginx 403"),
        ],
    ),
    (
        "Hidden files are not served unless a rule allows it, and rules never.",
        &[
            ("private.test GET /.git/config", "status: 404, nginx 200"),
            ("private.test GET /.htaccess", "status: 404, nginx 200"),
            ("private.test GET /.khttpd", "status: 404, nginx 200"),
        ],
    ),
    (
        "RFC 9110 section 15.5.6: a 405 must carry Allow, also for the page of a directory.",
        &[
            ("app.test POST /login", "Allow: GET, HEAD, OPTIONS, nginx none"),
            ("fields.test POST /a.txt", "Allow: GET, HEAD, OPTIONS, nginx none"),
            ("list.test POST /pub/", "status: 405, nginx 403"),
        ],
    ),
    (
        "RFC 9110 section 15.4.5: a 304 with an entity tag needs no Last-Modified.",
        &[
            ("app.test GET /login|If-None-Match: *", "Last-Modified: none, nginx Thu, 02 Jan 2020 03:04:05 GMT"),
            ("fields.test GET /a.txt|If-None-Match: *", "Last-Modified: none, nginx Thu, 02 Jan 2020 03:04:05 GMT"),
        ],
    ),
    (
        "RFC 9110 section 14.3: a server announces range support, in a 206 as well.",
        &[
            ("app.test GET /login|Range: bytes=0-1", "Accept-Ranges: bytes, nginx none"),
            ("fields.test GET /a.txt|Range: bytes=0-0", "Accept-Ranges: bytes, nginx none"),
        ],
    ),
    (
        "A 416 is an error; to nginx it is a 200 when fields are added.",
        &[
            ("fields.test GET /a.txt|Range: bytes=9-", "X-Plain: none, nginx 1"),
        ],
    ),
    (
        "The page of an error has the fields of its file; an entity tag of a 404 is of no use.",
        &[
            ("fields.test GET /none", "ETag: false, nginx true; X-Plain: 1, nginx none"),
        ],
    ),
];
