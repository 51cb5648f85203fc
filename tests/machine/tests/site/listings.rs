// SPDX-License-Identifier: GPL-2.0-only

//! Pages that list directories.

use std::io::Write;

use crate::common::{assert_quiet, get, number, put_guest, Client, Response, Result, PYTHON};
use crate::{assert_old, command, commanded, tell};

/// Names that mean something in a URI, in HTML, to a browser or to nothing.
const NAMES: &str = r#"
for name in plain.txt 'a b' '<i>&"' "it's" '100%' '%41' '&copy;' 'x?y#z' 'javascript:alert(1)' '//host' 'tab\\' é '~' a+b; do
    printf %s "$name" > "${name#//}"
done
printf x > "$(printf 'latin-\351')"; printf x > "$(printf 'x\302\2332J')"; : > empty; head -c 3000000 /dev/zero > large
mkdir -p 'd <&>"/deep/deeper' none; echo x > 'd <&>"/deep/deeper/file'; echo x > 'd <&>"/it'
touch -d @784111777 plain.txt; touch -d @951782400 none"#;

#[test]
fn page_of_a_directory_has_every_name_and_each_link_leads_to_its_content() -> Result {
    let machine = commanded()?;
    put_guest(&machine, &["crawl.py"])?;
    machine.exec_ok(&format!(
        "mkdir /tmp/t; cd /tmp/t; {NAMES}
         echo x > .hidden; mkdir .git; echo x > .git/config; echo x > private; chmod 600 private; echo x > a.bak
         ln -s plain.txt link; mkfifo fifo; echo 'autoindex yes' > .khttpd; echo 'exclude *.bak' >> .khttpd"
    ))?;
    command(&machine, "'root /tmp/t'")?;
    let skipped = ".hidden .git private a.bak link fifo .khttpd";
    say!(
        "{}",
        machine.exec_ok(&format!("{PYTHON} /tmp/crawl.py /tmp/t {skipped}"))?
    );
    // The directory `.git` has a page, too, and `.khttpd` never has a row.
    command(&machine, "'hidden-files yes' 'follow-links yes'")?;
    let skipped = "private a.bak fifo .khttpd";
    machine.exec_ok(&format!("{PYTHON} /tmp/crawl.py /tmp/t {skipped}"))?;
    assert_quiet(&machine)
}

#[test]
fn page_is_content_like_any_other() -> Result {
    let machine = commanded()?;
    machine.exec_ok(
        "mkdir -p /tmp/t/d/sub; cd /tmp/t; echo x > d/a; echo br > d/.br; echo gz > d/.gz
         touch -d @784111777 d/a d/sub d/.br d/.gz; touch -d @700000000 d",
    )?;
    let rules = "'autoindex yes' 'cache-control /d/* no-cache' 'hidden-files yes'";
    command(&machine, &format!("'root /tmp/t' {rules}"))?;
    let mut client = Client::connect(machine.http_address()?)?;
    let mut ask = |request: &str| -> Result<Response> {
        client.send(format!("{request}Host: a\r\n\r\n"))?;
        client.response(request.starts_with("HEAD"))
    };
    let page = ask("GET /d/ HTTP/1.1\r\nAccept-Encoding: br, gzip\r\n")?;
    let etag = page.field("ETag").ok_or("no ETag")?.to_owned();
    let date = page.field("Last-Modified").ok_or("no date")?.to_owned();
    assert_eq!(date, "Sun, 06 Nov 1994 08:49:37 GMT");
    assert_eq!(page.field("Cache-Control"), Some("no-cache"));
    assert_eq!(
        (page.field("Vary"), page.field("Content-Encoding")),
        (None, None)
    );
    let head = ask("HEAD /d/ HTTP/1.1\r\n")?;
    assert_eq!(head.field("ETag"), Some(&*etag));
    assert_eq!(head.field("Content-Length"), page.field("Content-Length"));
    let part = ask("GET /d/ HTTP/1.1\r\nRange: bytes=0-14\r\n")?;
    assert_eq!((part.status, &*part.body), (206, &b"<!DOCTYPE html>"[..]));
    for condition in [
        format!("If-None-Match: {etag}"),
        format!("If-Modified-Since: {date}"),
    ] {
        let status = ask(&format!("GET /d/ HTTP/1.1\r\n{condition}\r\n"))?.status;
        assert_eq!(status, 304, "{condition}");
    }
    // The same directory makes the same page; another name makes another.
    command(&machine, "reload")?;
    assert_eq!(ask("GET /d/ HTTP/1.1\r\n")?.field("ETag"), Some(&*etag));
    machine.exec_ok("echo x > /tmp/t/d/b; touch -d @784111777 /tmp/t/d/b /tmp/t/d")?;
    command(&machine, "reload")?;
    assert_ne!(ask("GET /d/ HTTP/1.1\r\n")?.field("ETag"), Some(&*etag));
    assert_quiet(&machine)
}

#[test]
fn page_yields_to_files_and_redirects_and_precedes_fallbacks() -> Result {
    let machine = commanded()?;
    machine.exec_ok(
        "mkdir -p /tmp/t/index /tmp/t/clean /tmp/t/moved/below /tmp/t/listed; cd /tmp/t; echo index > index/index.html
         echo clean > clean.html; echo app > app.html; echo x > listed/x",
    )?;
    let rules = "'autoindex yes' 'try-suffix .html' 'fallback * /app.html' 'redirect 301 /moved/* /listed/'";
    command(&machine, &format!("'root /tmp/t' {rules}"))?;
    let mut client = Client::connect(machine.http_address()?)?;
    let mut serves = |path: &str| -> Result<(u16, String)> {
        client.send(get(path))?;
        let response = client.response(false)?;
        let first = String::from_utf8_lossy(&response.body);
        Ok((response.status, first.lines().next().unwrap_or("").into()))
    };
    let page = "<!DOCTYPE html>".to_owned();
    assert_eq!(serves("/")?, (200, page.clone()));
    assert_eq!(serves("/index/")?, (200, "index".into()));
    assert_eq!(serves("/clean")?, (200, "clean".into()));
    assert_eq!(serves("/clean/")?, (200, page.clone()));
    assert_eq!(serves("/listed")?.0, 301);
    assert_eq!(serves("/listed/")?, (200, page.clone()));
    assert_eq!(serves("/moved/")?.0, 301);
    assert_eq!(serves("/moved/below/")?.0, 301);
    assert_eq!(serves("/listed/none")?, (200, "app".into()));
    command(&machine, "'trailing-slash serve'")?;
    assert_eq!(serves("/listed")?, (200, page));
    // The last rule counts, and the rules of a root follow those of the node.
    command(&machine, "'autoindex no'")?;
    assert_eq!(serves("/listed/")?, (200, "app".into()));
    assert_eq!(
        machine.exec_ok("grep ^autoindex /dev/khttpd")?,
        "autoindex no\n"
    );
    machine.exec_ok("echo 'autoindex yes' > /tmp/t/.khttpd")?;
    command(&machine, "reload")?;
    assert_eq!(serves("/listed/")?.1, "<!DOCTYPE html>");
    // The built-in files have pages, too, and what the node shows can be written back.
    command(
        &machine,
        "clear 'root built-in' 'index none' 'autoindex yes'",
    )?;
    machine.exec_ok(
        "cat /dev/khttpd > /tmp/saved; echo clear > /dev/khttpd; cat /tmp/saved > /dev/khttpd",
    )?;
    client.send(get("/"))?;
    let body = client.response(false)?.body;
    assert!(String::from_utf8_lossy(&body).contains("<a href=\"index.html\">index.html</a>"));
    assert_quiet(&machine)
}

#[test]
fn pages_count_as_memory_of_the_site() -> Result {
    let machine = commanded()?;
    machine.exec_ok(
        "mkdir -p /tmp/old /tmp/t/d; echo old > /tmp/old/index.html; cd /tmp/t/d
         seq -f %0100.0f 2000 | xargs touch",
    )?;
    command(&machine, "'root /tmp/old'")?;
    // 2,000 rows take more than 500 KB.
    let bound = "'max-site-bytes 1200000'";
    let said = tell(
        &machine,
        PYTHON,
        &format!("'root /tmp/t' 'autoindex yes' {bound}"),
    )?;
    let reason = "/tmp/t/d/: the site takes more memory than max-site-bytes 1200000\n";
    assert!(
        said.starts_with("ENOSPC\n") && said.ends_with(reason),
        "{said}"
    );
    assert_old(&machine)?;
    command(&machine, &format!("'root /tmp/t' {bound}"))?;
    let without = number(&machine, "memory")?;
    command(&machine, "'max-site-bytes 10000000' 'autoindex yes'")?;
    let with = number(&machine, "memory")?;
    say!("2,000 empty files take {without} bytes, with their page {with}");
    assert!(with > without + 500_000, "{with} {without}");
    for line in ["autoindex", "autoindex on", "autoindex yes no"] {
        let said = tell(&machine, PYTHON, &format!("'{line}'"))?;
        assert!(said.starts_with("EINVAL\nline 1: "), "{said}");
    }
    assert_quiet(&machine)
}
