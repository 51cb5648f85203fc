// SPDX-License-Identifier: GPL-2.0-only

//! Virtual hosts, and rules of roots and of the control node.

use crate::common::{self, assert_quiet, get, Client, Result, PYTHON};
use crate::{assert_old, command, commanded, tell};

#[test]
fn virtual_hosts_match_without_case_and_port() -> Result {
    let machine = commanded()?;
    machine.exec_ok(
        "for host in any exact below; do mkdir -p /tmp/$host; echo $host > /tmp/$host/index.html; done
         echo 'error 404 /index.html' > /tmp/exact/.khttpd",
    )?;
    command(
        &machine,
        "'root /tmp/any' 'root /tmp/exact for Example.org' 'root /tmp/any for *.example.org'",
    )?;
    // Spellings of a host name are the same virtual host.
    command(&machine, "'root /tmp/below for *.example.ORG.'")?;
    command(&machine, "'root /tmp/below for *.example.org'")?;
    let shown = machine.exec_ok("grep ^root /dev/khttpd")?;
    assert_eq!(
        shown,
        "root /tmp/any\nroot /tmp/exact for Example.org\nroot /tmp/below for *.example.org\n"
    );
    let mut client = Client::connect(machine.http_address()?)?;
    for (host, tree) in [
        ("localhost", "any\n"),
        ("example.org", "exact\n"),
        ("EXAMPLE.org:8080", "exact\n"),
        ("example.org.", "exact\n"),
        ("www.example.org", "below\n"),
        ("a.b.EXAMPLE.ORG:1", "below\n"),
        ("notexample.org", "any\n"),
        ("[::1]:8080", "any\n"),
    ] {
        client.send(format!("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n"))?;
        assert_eq!(client.response(false)?.body, tree.as_bytes(), "{host}");
    }
    for (host, page) in [
        ("example.org", "exact\n"),
        ("localhost", "404 Not Found\r\n"),
    ] {
        client.send(format!("GET /none HTTP/1.1\r\nHost: {host}\r\n\r\n"))?;
        let response = client.response(false)?;
        assert_eq!(
            (response.status, &response.body[..]),
            (404, page.as_bytes()),
            "{host}"
        );
    }
    client.send("GET / HTTP/1.0\r\n\r\n")?;
    assert_eq!(client.response(false)?.body, b"any\n");
    assert_quiet(&machine)
}

#[test]
fn rules_of_roots_and_of_the_node_apply() -> Result {
    let machine = commanded()?;
    machine.exec_ok(
        "mkdir -p /tmp/t/app /tmp/t/dir; cd /tmp/t
         echo root > index.html; echo app > app/index.html; echo dir > dir/index.html; echo x > a.wasm; echo old > old.html
         printf '%s\n' 'cache-control *.html max-age=60' 'redirect 308 /old.html /index.html' 'redirect 302 /docs/* https://docs.example/' \
             'fallback /app/* /app/index.html' 'media-type *.wasm application/wasm; v=1' 'field /dir/* X-Frame-Options: DENY' \
             'trailing-slash serve' > .khttpd
         # The longest file of rules.
         head -c $((65536 - $(stat -c %s .khttpd))) /dev/zero | tr '\\0' '#' >> .khttpd",
    )?;
    command(
        &machine,
        "'root /tmp/t' 'cache-control * no-store' 'error 404 /index.html'",
    )?;
    let mut client = Client::connect(machine.http_address()?)?;
    let mut ask = |path: &str| -> Result<common::Response> {
        client.send(get(path))?;
        client.response(false)
    };
    let page = ask("/index.html")?;
    assert_eq!(page.field("Cache-Control"), Some("max-age=60"));
    let program = ask("/a.wasm")?;
    assert_eq!(program.field("Cache-Control"), Some("no-store"));
    assert_eq!(program.field("Content-Type"), Some("application/wasm; v=1"));
    assert_eq!(ask("/dir")?.body, b"dir\n");
    assert_eq!(ask("/dir")?.field("X-Frame-Options"), Some("DENY"));
    let moved = ask("/old.html?q")?;
    assert_eq!(
        (moved.status, moved.field("Location")),
        (308, Some("/index.html?q"))
    );
    let moved = ask("/docs/a%20b/c?d")?;
    assert_eq!(
        (moved.status, moved.field("Location")),
        (302, Some("https://docs.example/a%20b/c?d"))
    );
    let page = ask("/app/some/where")?;
    assert_eq!((page.status, &page.body[..]), (200, &b"app\n"[..]));
    let missing = ask("/.khttpd")?;
    assert_eq!((missing.status, &missing.body[..]), (404, &b"root\n"[..]));

    command(&machine, "'metrics /status'")?;
    let status = ask("/status")?;
    let text = String::from_utf8(status.body.clone())?;
    assert_eq!(status.field("Cache-Control"), Some("no-store"));
    for line in [
        "# TYPE khttpd_accepted_connections_total counter",
        "khttpd_accepted_connections_total 1",
        "khttpd_site_entries 5",
    ] {
        assert!(text.lines().any(|shown| shown == line), "{line}: {text}");
    }

    // The commands that the node shows restore the site. Without rules their effects are gone.
    machine.exec_ok("cat /dev/khttpd > /tmp/shown; cat /tmp/shown > /dev/khttpd")?;
    assert_eq!(ask("/a.wasm")?.field("Cache-Control"), Some("no-store"));
    command(&machine, "clear 'root built-in'")?;
    assert!(ask("/")?.body.starts_with(b"<!"), "not the built-in site");
    assert_eq!(ask("/")?.field("Cache-Control"), None);
    command(&machine, "clear")?;
    assert_eq!(ask("/")?.status, 404);
    assert_quiet(&machine)
}

#[test]
fn rules_that_hand_over_are_shown_written_back_and_removed() -> Result {
    let machine = commanded()?;
    let shown = || machine.exec_ok("grep -E '^(hand-over|fallback)' /dev/khttpd || true");
    let rules = "fallback * /index.html\nhand-over /app/* 8000\nhand-over *.php 127.0.0.1:9000\n\
        hand-over /app/* [::1]:8001 always\n";
    command(
        &machine,
        "'fallback * /index.html' 'hand-over  /app/* 8000' 'hand-over *.php 127.0.0.1:9000' \
         'hand-over /app/* [::1]:8001 always'",
    )?;
    assert_eq!(shown()?, rules);
    machine.exec_ok("cat /dev/khttpd > /tmp/shown; cat /tmp/shown > /dev/khttpd")?;
    assert_eq!(shown()?, rules);
    for (line, refusal) in [
        (
            "hand-over * 0",
            "EINVAL\nline 1: \"0\": a port must be 1 to 65535\n",
        ),
        (
            "no-hand-over /app",
            "ENOENT\nline 1: \"no-hand-over /app\": no hand-over of these files \
             (see the output of the node)\n",
        ),
    ] {
        let said = tell(&machine, PYTHON, &format!("'{line}'"))?;
        assert_eq!(said, refusal, "{line}");
    }
    command(&machine, "'no-hand-over /app/*'")?;
    assert_eq!(
        shown()?,
        "fallback * /index.html\nhand-over *.php 127.0.0.1:9000\n"
    );
    command(&machine, "clear")?;
    assert_eq!(shown()?, "");
    assert_quiet(&machine)
}

#[test]
fn malformed_rules_are_refused_by_word_and_the_old_site_stays() -> Result {
    let machine = commanded()?;
    machine.exec_ok("mkdir /tmp/old /tmp/bad; echo old > /tmp/old/index.html")?;
    command(&machine, "'root /tmp/old'")?;
    for (rule, reason) in [
        ("index a/b", "\"a/b\": a name must not contain a slash"),
        (
            "index a b c d e f g h i",
            "\"i\": there can be 8 names at most",
        ),
        (
            "try-suffix html",
            "\"html\": must begin with a dot, such as .html",
        ),
        (
            "exclude bak",
            "\"bak\": must be *, *SUFFIX, /DIRECTORY/* or /FILE",
        ),
        (
            "fallback * /x assets",
            "\"assets\": must be except FILES, or nothing",
        ),
        (
            "redirect 301 /* /b/ except",
            "needs files, such as /assets/*",
        ),
        ("redirect 301 /a /$hots", "must be $host, $path or $query"),
        ("autoindex on", "\"on\": must be yes or no"),
        ("compress", "needs files, such as *.html"),
        ("field * always Age", "\"Age\": must be NAME: VALUE"),
        (
            "metrics metrics",
            "\"metrics\": a path must begin with a slash",
        ),
    ] {
        // The same line in the node and in the file of a root.
        let said = tell(&machine, PYTHON, &format!("'{rule}'"))?;
        assert!(
            said.starts_with("EINVAL\n") && said.contains(reason),
            "{rule}: {said}"
        );
        machine.put_file(
            "/tmp/bad/.khttpd",
            0o644,
            format!("# text\n{rule}\n").as_bytes(),
        )?;
        let said = tell(&machine, PYTHON, "'root /tmp/bad'")?;
        let place = "/tmp/bad/.khttpd: line 2: ";
        assert!(
            said.starts_with("EINVAL\n") && said.contains(reason),
            "{rule}: {said}"
        );
        assert!(said.contains(place), "{rule}: {said}");
        assert_old(&machine)?;
    }
    for rule in [
        "when-busy skip",
        "watch yes",
        "hidden-files yes",
        "hand-over * 9000",
    ] {
        machine.put_file("/tmp/bad/.khttpd", 0o644, format!("{rule}\n").as_bytes())?;
        let said = tell(&machine, PYTHON, "'root /tmp/bad'")?;
        let reason = "only the control node may set this, not the rules of a root";
        assert!(
            said.starts_with("EINVAL\n") && said.contains(reason),
            "{rule}: {said}"
        );
        assert_old(&machine)?;
    }
    for setting in [
        "when-busy maybe",
        "merge-slashes yes",
        "if-modified-since never",
    ] {
        let said = tell(&machine, PYTHON, &format!("'{setting}'"))?;
        assert!(
            said.starts_with("EINVAL\n") && said.contains("must be "),
            "{setting}: {said}"
        );
    }
    assert_quiet(&machine)
}
