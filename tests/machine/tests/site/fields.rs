// SPDX-License-Identifier: GPL-2.0-only

//! Fields that rules add to files, redirects and errors.

use crate::common::{assert_quiet, Client, Response, Result, PYTHON};
use crate::{command, commanded, tell};

/// A field that all responses of the site must have, as security audits ask for.
const SECURITY: (&str, &str) = ("Strict-Transport-Security", "max-age=63072000");

#[test]
fn redirects_have_fields_and_errors_those_that_are_for_always() -> Result {
    let machine = commanded()?;
    machine.exec_ok(
        "mkdir -p /tmp/t/dir /tmp/t/api; cd /tmp/t
         echo root > index.html; echo dir > dir/index.html; echo x > a.js; gzip -c a.js > api/b.js.gz
         printf '%s\n' 'redirect 301 /old /' 'redirect 302 /docs/* https://docs.example/' \
             'metrics /status' 'field * X-Frame-Options: DENY' 'field /api/* always Access-Control-Allow-Origin: *' \
             > .khttpd",
    )?;
    command(
        &machine,
        &format!(
            "'field * always {}: {}' 'root /tmp/t'",
            SECURITY.0, SECURITY.1
        ),
    )?;
    let ask = |request: &str, fields: &str| -> Result<Response> {
        let mut client = Client::connect(machine.http_address()?)?;
        client.send(format!(
            "{request} HTTP/1.1\r\nHost: khttpd\r\n{fields}\r\n"
        ))?;
        let response = client.response(request.starts_with("HEAD"))?;
        let values = response.head.matches(SECURITY.0).count();
        assert_eq!(response.field(SECURITY.0), Some(SECURITY.1), "{request}");
        assert_eq!(values, 1, "{request}: {}", response.head);
        Ok(response)
    };
    for (request, fields, status) in [
        ("GET /", "", 200),
        ("GET /old", "", 301),
        ("HEAD /dir?a", "", 301),
        ("GET /docs/a", "", 302),
        ("GET /status", "", 200),
        ("GET /a.js", "Range: bytes=0-0\r\n", 206),
        ("GET /a.js", "If-None-Match: *\r\n", 304),
    ] {
        let response = ask(request, fields)?;
        assert_eq!(
            (response.status, response.field("X-Frame-Options")),
            (status, Some("DENY")),
            "{request}"
        );
    }
    for (request, fields, status) in [
        ("GET /none", "", 404),
        ("GET /api/none", "", 404),
        ("DELETE /api/none", "", 405),
        ("GET /a.js", "Range: bytes=9-\r\n", 416),
        ("GET /a.js", "If-Match: \"1\"\r\n", 412),
        ("GET /api/b.js", "Accept-Encoding: identity\r\n", 406),
    ] {
        let response = ask(request, fields)?;
        assert_eq!(
            (response.status, response.field("X-Frame-Options")),
            (status, None),
            "{request}"
        );
        let origin = request.contains("/api/").then_some("*");
        assert_eq!(
            response.field("Access-Control-Allow-Origin"),
            origin,
            "{request}"
        );
    }
    // A page has the fields of its file, and the error those of its path beside them.
    machine.exec_ok("echo missing > /tmp/t/404.html")?;
    command(&machine, "reload")?;
    let response = ask("GET /api/none", "")?;
    assert_eq!(
        (response.status, &response.body[..]),
        (404, &b"missing\n"[..])
    );
    assert_eq!(response.field("X-Frame-Options"), Some("DENY"));
    assert_eq!(response.field("Access-Control-Allow-Origin"), Some("*"));

    // The longest location that fits without fields does not with them.
    let long = format!("GET /docs/{}", "a".repeat(7900));
    assert_eq!(ask(&long, "")?.status, 302);
    command(&machine, &format!("'field * X-Long: {}'", ".".repeat(1000)))?;
    assert_eq!(ask(&long, "")?.status, 414);
    assert_eq!(ask("GET /docs/a", "")?.status, 302);
    machine.exec_ok("cat /dev/khttpd > /tmp/shown; cat /tmp/shown > /dev/khttpd")?;
    assert_eq!(ask("GET /none", "")?.status, 404);
    assert_quiet(&machine)
}

#[test]
fn malformed_and_excessive_fields_are_refused() -> Result {
    let machine = commanded()?;
    machine.exec_ok("mkdir /tmp/t; echo root > /tmp/t/index.html")?;
    for (rule, reason) in [
        (
            "field * always",
            "needs a field, such as X-Frame-Options: DENY",
        ),
        ("field * always X-A", "must be NAME: VALUE"),
        ("field * always X-A:", "needs a value"),
        ("field * always always X-A: b", "must be NAME: VALUE"),
        (
            "field always * X-A: b",
            "must be *, *SUFFIX, /DIRECTORY/* or /FILE",
        ),
        ("field * always Server: b", "khttpd sets this field itself"),
    ] {
        let said = tell(&machine, PYTHON, &format!("'{rule}'"))?;
        assert!(
            said.contains("EINVAL") && said.contains(reason),
            "{rule}: {said}"
        );
    }
    let mut many = "begin 'root /tmp/t' commit".to_owned();
    for number in 0..65 {
        many = many.replace("commit", &format!("'field * X-{number}: a' commit"));
    }
    let said = tell(&machine, PYTHON, &many)?;
    assert!(
        said.contains("ENOSPC")
            && said.contains("/tmp/t: more than 64 names or 4096 bytes are fields of redirects"),
        "{said}"
    );
    assert_quiet(&machine)
}
