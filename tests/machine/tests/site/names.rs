// SPDX-License-Identifier: GPL-2.0-only

//! Names in paths: indexes, clean URLs, names that are left out, files in one coding alone, and the
//! exceptions of fallbacks and redirects.

use crate::common::{assert_quiet, get, Client, Response, Result, PYTHON};
use crate::{command, commanded, tell};

/// Requests a path with some further field lines.
fn ask(client: &mut Client, path: &str, fields: &str) -> Result<Response> {
    client.send(format!(
        "GET {path} HTTP/1.1\r\nHost: a.example:8080\r\n{fields}\r\n"
    ))?;
    client.response(false)
}

/// Asserts the status and the body of each path.
fn assert_served(client: &mut Client, cases: &[(&str, u16, &str)]) -> Result {
    for (path, status, body) in cases {
        let response = ask(client, path, "")?;
        assert_eq!(response.status, *status, "{path}");
        if *status == 200 {
            assert_eq!(String::from_utf8_lossy(&response.body), *body, "{path}");
        }
    }
    Ok(())
}

#[test]
fn directory_has_the_first_index_of_the_list() -> Result {
    let machine = commanded()?;
    machine.exec_ok(
        "mkdir -p /tmp/t/old /tmp/t/both /tmp/t/none; cd /tmp/t
         for f in index.htm old/default.htm both/index.html both/index.htm none/index.php; do echo $f > $f; done",
    )?;
    command(&machine, "'root /tmp/t'")?;
    let mut client = Client::connect(machine.http_address()?)?;
    assert_served(&mut client, &[("/", 404, ""), ("/old/", 404, "")])?;
    command(&machine, "'index index.htm default.htm index.html'")?;
    let served = [
        ("/", 200, "index.htm\n"),
        ("/index.htm", 200, "index.htm\n"),
        ("/old/", 200, "old/default.htm\n"),
        ("/old", 301, ""),
        ("/both/", 200, "both/index.htm\n"),
        ("/both/index.html", 200, "both/index.html\n"),
        ("/none/", 404, ""),
    ];
    assert_served(&mut client, &served)?;
    // The rule of the tree counts, and the node shows its own.
    machine.exec_ok("echo 'index index.html index.htm' > /tmp/t/.khttpd")?;
    command(&machine, "reload")?;
    assert_served(&mut client, &[("/both/", 200, "both/index.html\n")])?;
    assert_eq!(
        machine.exec_ok("grep ^index /dev/khttpd")?,
        "index index.htm default.htm index.html\n"
    );
    machine.exec_ok("echo 'index a/b' > /tmp/t/.khttpd")?;
    assert_eq!(
        tell(&machine, PYTHON, "reload")?,
        "EINVAL\nline 1: \"reload\": /tmp/t/.khttpd: line 1: \"a/b\": a name must not contain a slash\n"
    );
    assert_quiet(&machine)
}

#[test]
fn clean_url_leads_to_its_page_unless_a_file_has_it() -> Result {
    let machine = commanded()?;
    machine.exec_ok(
        "mkdir -p /tmp/t/dir /tmp/t/guide /tmp/t/sub; cd /tmp/t
         for f in index.html about.html v1.2.html file file.html dir.html dir/index.html guide/index.html sub/.html \
             style.css style.css.html moved.html only.htm; do echo $f > $f; done
         gzip -k about.html; echo 'redirect 301 /moved /about' > .khttpd",
    )?;
    command(&machine, "'root /tmp/t' 'try-suffix .html .htm'")?;
    let mut client = Client::connect(machine.http_address()?)?;
    let served = [
        ("/about", 200, "about.html\n"),
        ("/about?x", 200, "about.html\n"),
        ("/about.html", 200, "about.html\n"),
        ("/v1.2", 200, "v1.2.html\n"),
        ("/v1.2.html", 200, "v1.2.html\n"),
        ("/index", 200, "index.html\n"),
        ("/file", 200, "file\n"),
        ("/dir", 200, "dir.html\n"),
        ("/dir/", 200, "dir/index.html\n"),
        ("/guide", 301, ""),
        ("/guide/index", 200, "guide/index.html\n"),
        ("/sub/", 404, ""),
        ("/style.css", 200, "style.css\n"),
        ("/only", 200, "only.htm\n"),
        ("/moved", 301, ""),
        ("/about/", 404, ""),
        ("/v1", 404, ""),
    ];
    assert_served(&mut client, &served)?;
    let page = ask(&mut client, "/about", "")?;
    assert_eq!(page.field("Content-Type"), Some("text/html; charset=utf-8"));
    assert_eq!(
        tell(&machine, PYTHON, "'try-suffix html'")?,
        "EINVAL\nline 1: \"html\": must begin with a dot, such as .html\n"
    );
    command(&machine, "clear 'root /tmp/t'")?;
    assert_served(
        &mut client,
        &[("/about", 404, ""), ("/about.html", 200, "about.html\n")],
    )?;
    assert_quiet(&machine)
}

#[test]
fn excluded_names_are_left_out_wherever_they_are() -> Result {
    let machine = commanded()?;
    machine.exec_ok(
        "mkdir -p /tmp/t/private/deep /tmp/t/old.bak /tmp/t/keep; cd /tmp/t
         for f in a.html a.html.bak private/x private/deep/x old.bak/x keep/x 'keep/page.html~' secret secrets; do echo $f > \"$f\"; done
         ln -s keep/x link; ln -s secret to-secret; ln -s private to-private; ln -s old.bak/x to-old
         printf '%s\n' 'exclude *~' 'exclude /secret' > .khttpd",
    )?;
    command(
        &machine,
        "'root /tmp/t' 'exclude *.bak' 'exclude /private/*' 'follow-links yes'",
    )?;
    let mut client = Client::connect(machine.http_address()?)?;
    let served = [
        ("/a.html", 200, "a.html\n"),
        ("/a.html.bak", 404, ""),
        ("/private/x", 404, ""),
        ("/private/deep/x", 404, ""),
        ("/old.bak/x", 404, ""),
        ("/keep/x", 200, "keep/x\n"),
        ("/keep/page.html~", 404, ""),
        ("/secret", 404, ""),
        ("/secrets", 200, "secrets\n"),
        ("/link", 200, "keep/x\n"),
        ("/to-secret", 404, ""),
        ("/to-private/x", 404, ""),
        ("/to-old", 404, ""),
    ];
    assert_served(&mut client, &served)?;
    let skipped = machine.exec_ok("grep '# skipped' /dev/khttpd")?;
    assert!(!skipped.ends_with(" 0\n"), "{skipped}");
    command(&machine, "clear 'root built-in' 'exclude *.css'")?;
    assert_served(&mut client, &[("/style.css", 404, "")])?;
    assert_eq!(ask(&mut client, "/", "")?.status, 200);
    assert_quiet(&machine)
}

#[test]
fn rules_of_a_root_are_never_served() -> Result {
    let machine = commanded()?;
    machine.exec_ok(
        "mkdir -p /tmp/t/sub; cd /tmp/t; echo 'try-suffix .html' > .khttpd; echo x > sub/.khttpd
         echo x > .hidden; ln -s .khttpd rules; gzip -k .khttpd; cp .hidden .khttpd.html",
    )?;
    command(
        &machine,
        "'root /tmp/t' 'hidden-files yes' 'follow-links yes' 'perm-required 0'",
    )?;
    let mut client = Client::connect(machine.http_address()?)?;
    let served = [
        ("/.hidden", 200, "x\n"),
        ("/.khttpd", 404, ""),
        ("/.%6bhttpd", 404, ""),
        ("/sub/.khttpd", 404, ""),
        ("/rules", 404, ""),
    ];
    assert_served(&mut client, &served)?;
    assert_quiet(&machine)
}

#[test]
fn volume_of_kubernetes_needs_links_alone_and_hides_its_generations() -> Result {
    let machine = commanded()?;
    machine.exec_ok(
        "mkdir -p /tmp/t/..2026_11_28/sub /tmp/t/.git; cd /tmp/t; echo page > ..2026_11_28/index.html; echo below > ..2026_11_28/sub/x
         echo 'cache-control * no-cache' > ..2026_11_28/.khttpd; echo secret > .git/config
         ln -s ..2026_11_28 ..data; ln -s .git/config config
         for f in index.html sub .khttpd; do ln -s ..data/$f $f; done",
    )?;
    for rules in [
        "'follow-links yes'",
        "'follow-links yes' 'hidden-files yes'",
    ] {
        command(&machine, &format!("clear 'root /tmp/t' {rules}"))?;
        let mut client = Client::connect(machine.http_address()?)?;
        let served = [
            ("/", 200, "page\n"),
            ("/index.html", 200, "page\n"),
            ("/sub/x", 200, "below\n"),
            ("/..data/index.html", 404, ""),
            ("/..2026_11_28/index.html", 404, ""),
            ("/.khttpd", 404, ""),
        ];
        assert_served(&mut client, &served)?;
        let page = ask(&mut client, "/", "")?;
        assert_eq!(page.field("Cache-Control"), Some("no-cache"));
        let git = ask(&mut client, "/config", "")?;
        assert_eq!(git.status == 200, rules.contains("hidden"), "{rules}");
    }
    assert_quiet(&machine)
}

#[test]
fn file_in_a_coding_alone_is_served_coded_or_not_acceptable() -> Result {
    let machine = commanded()?;
    machine.exec_ok(
        "mkdir -p /tmp/t/dir; cd /tmp/t; printf gz > app.js.gz; printf br > app.js.br; printf svgz > logo.svgz; printf br > logo.svgz.br
         printf index > dir/index.html.gz; printf plain > both; printf 'a longer variant' > both.gz; printf x > .gz; printf x > dir/.br
         printf x > none.js.gz; echo 'exclude *none.js' > .khttpd",
    )?;
    command(&machine, "'root /tmp/t' 'cache-control *.js no-cache'")?;
    let mut client = Client::connect(machine.http_address()?)?;
    for (path, accepted, status, coding, body) in [
        ("/app.js", "gzip", 200, Some("gzip"), "gz"),
        ("/app.js", "gzip, br", 200, Some("br"), "br"),
        ("/app.js", "identity", 406, None, ""),
        ("/app.js", "gzip;q=0", 406, None, ""),
        ("/app.js.gz", "identity", 200, None, "gz"),
        ("/logo.svgz", "gzip", 200, Some("gzip"), "svgz"),
        ("/logo.svgz", "gzip, br", 200, Some("gzip"), "svgz"),
        ("/logo.svgz", "identity", 200, Some("gzip"), "svgz"),
        ("/dir/", "gzip", 200, Some("gzip"), "index"),
        ("/dir/index.html", "gzip", 200, Some("gzip"), "index"),
        ("/both", "gzip", 200, None, "plain"),
        ("/none.js", "gzip", 404, None, ""),
        ("/", "gzip", 404, None, ""),
    ] {
        let fields = format!("Accept-Encoding: {accepted}\r\n");
        let response = ask(&mut client, path, &fields)?;
        assert_eq!(response.status, status, "{path} {accepted}");
        assert_eq!(
            response.field("Content-Encoding"),
            coding,
            "{path} {accepted}"
        );
        if status == 200 {
            assert_eq!(response.body, body.as_bytes(), "{path} {accepted}");
        }
        let varies = path == "/app.js" || path.starts_with("/dir/");
        assert_eq!(
            response.field("Vary"),
            varies.then_some("Accept-Encoding"),
            "{path} {accepted}"
        );
    }
    // A client that does not say that it can decode would save what it can't read.
    assert_eq!(ask(&mut client, "/app.js", "")?.status, 406);
    let script = ask(&mut client, "/app.js", "Accept-Encoding: gzip\r\n")?;
    assert_eq!(
        (script.field("Content-Type"), script.field("Cache-Control")),
        (Some("text/javascript; charset=utf-8"), Some("no-cache"))
    );
    assert_eq!(
        ask(&mut client, "/logo.svgz", "")?.field("Content-Type"),
        Some("image/svg+xml")
    );
    assert_quiet(&machine)
}

#[test]
fn exceptions_of_fallbacks_stay_404_and_those_of_redirects_are_served() -> Result {
    let machine = commanded()?;
    machine.exec_ok(
        "mkdir -p /tmp/app/assets /tmp/acme/.well-known/acme-challenge; echo page > /tmp/app/index.html; echo js > /tmp/app/assets/a.js
         echo 'fallback * /index.html except /assets/* *.map' > /tmp/app/.khttpd
         echo page > /tmp/acme/index.html; echo token > /tmp/acme/.well-known/acme-challenge/tok
         echo 'redirect 301 /* https://$host/ except /.well-known/acme-challenge/*' > /tmp/acme/.khttpd",
    )?;
    command(&machine, "'root /tmp/app'")?;
    let mut client = Client::connect(machine.http_address()?)?;
    let served = [
        ("/assets/a.js", 200, "js\n"),
        ("/assets/old-hash.js", 404, ""),
        ("/app.js.map", 404, ""),
        ("/users/7", 200, "page\n"),
        ("/assets", 200, "page\n"),
    ];
    assert_served(&mut client, &served)?;
    command(&machine, "'root /tmp/acme'")?;
    let served = [
        ("/.well-known/acme-challenge/tok", 200, "token\n"),
        ("/.well-known/acme-challenge/none", 404, ""),
        ("/", 301, ""),
        ("/index.html", 301, ""),
        ("/.well-known/other", 301, ""),
    ];
    assert_served(&mut client, &served)?;
    let moved = ask(&mut client, "/a%20b/c?d=e", "")?;
    assert_eq!(
        moved.field("Location"),
        Some("https://a.example/a%20b/c?d=e")
    );
    assert_quiet(&machine)
}

#[test]
fn location_has_host_path_and_query_of_the_request() -> Result {
    let machine = commanded()?;
    machine.exec_ok(
        "mkdir /tmp/t; printf '%s\n' 'redirect 302 /whole/* https://www.$host$path' \
             'redirect 302 /login/* https://id.example/?host=$host&to=$path&$query' \
             'redirect 308 /one /other$path?$query&x=1' > /tmp/t/.khttpd",
    )?;
    command(&machine, "'root /tmp/t'")?;
    let mut client = Client::connect(machine.http_address()?)?;
    for (path, location) in [
        ("/whole/a%20b?q", "https://www.a.example/whole/a%20b?q"),
        ("/whole/", "https://www.a.example/whole/"),
        (
            "/login/x?a=b",
            "https://id.example/?host=a.example&to=/login/x&a=b",
        ),
        (
            "/login/x",
            "https://id.example/?host=a.example&to=/login/x&",
        ),
        ("/one?y", "/other/one?y&x=1"),
    ] {
        let moved = ask(&mut client, path, "")?;
        assert_eq!(moved.field("Location"), Some(location), "{path}");
    }
    // Without a host there is no such location.
    client.send("GET /whole/x HTTP/1.0\r\n\r\n")?;
    assert_eq!(client.response(false)?.status, 400);
    for (line, reason) in [
        (
            "redirect 301 /* https://$hosts/",
            "\"https://$hosts/\": must be $host, $path or $query; use %24 for a dollar sign",
        ),
        (
            "redirect 301 /* https://a.example$query",
            "\"https://a.example$query\": $query must stand behind a question mark",
        ),
        (
            "redirect 301 /a /$path",
            "\"/$path\": two slashes would name another host",
        ),
        (
            "fallback * /a except",
            "\"except\": needs files, such as /assets/*",
        ),
    ] {
        assert_eq!(
            tell(&machine, PYTHON, &format!("'{line}'"))?,
            format!("EINVAL\nline 1: {reason}\n")
        );
    }
    let mut client = Client::connect(machine.http_address()?)?;
    client.send(get("/whole/x"))?;
    assert_eq!(client.response(false)?.status, 302);
    assert_quiet(&machine)
}
