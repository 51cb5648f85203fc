// SPDX-License-Identifier: GPL-2.0-only

//! Variants that khttpd compresses while a site is loaded.

use std::io::Write;

use crate::common::{assert_quiet, number, put_guest, Client, Response, Result, Shared, PYTHON};
use crate::{assert_old, command, commanded, tell, REAL};

/// Content codings that khttpd makes, each with the function of the kernel that it needs.
const CODINGS: [(&str, &str); 2] = [("gzip", "zlib_deflate"), ("zstd", "zstd_compress_stream")];

/// Text of 9 MB that becomes smaller, in words that a pseudorandom generator picks.
const TEXT: &str = r#"
import random
rng = random.Random(7)
words = [''.join(rng.choices('etaoinshrdlu', k=rng.randint(2, 9))) for _ in range(5000)]
text = ' '.join(rng.choices(words, k=1_500_000)).encode()
for name, size in ('chunk', 65536), ('beyond', 65537), ('short', 400), ('large', 9_000_000), ('page', 5000), ('tiny', 20):
    assert len(text) >= size
    open(name + '.txt', 'wb').write(text[:size])
open('empty.txt', 'wb')
open('noise.txt', 'wb').write(rng.randbytes(300_000))
open('blank.txt', 'wb').write(bytes(3_000_000))
open('plain.css', 'wb').write(text[:5000])
"#;

/// Boots a machine that serves `www/`, and makes the files of [`TEXT`] in `/tmp/t`. Returns the
/// content codings that its kernel can make.
fn with_text() -> Result<(Shared, Vec<&'static str>)> {
    let machine = commanded()?;
    machine.exec_ok(&format!(
        "mkdir /tmp/t && cd /tmp/t && python3 -c \"{TEXT}\"; echo 'index.html' > index.html"
    ))?;
    let symbols = machine.exec_ok("awk '{ print $3 }' /proc/kallsyms")?;
    let has = |function: &str| symbols.lines().any(|symbol| symbol == function);
    let codings = CODINGS.iter().filter(|(_, function)| has(function));
    Ok((machine, codings.map(|(coding, _)| *coding).collect()))
}

/// Tells that a test needs another kernel, which has `CONFIG_ZLIB_DEFLATE` and
/// `CONFIG_ZSTD_COMPRESS`.
fn skipped() -> Result {
    say!("skipped: this kernel has neither zlib_deflate nor zstd_compress");
    Ok(())
}

/// Requests a file in a content coding.
fn ask(client: &mut Client, path: &str, coding: &str, fields: &str) -> Result<Response> {
    client.send(format!(
        "GET {path} HTTP/1.1\r\nHost: a\r\nAccept-Encoding: {coding}\r\n{fields}\r\n"
    ))?;
    client.response(false)
}

#[test]
fn rule_is_refused_by_a_kernel_that_cannot_compress() -> Result {
    let (machine, codings) = with_text()?;
    command(&machine, "'root /tmp/t'")?;
    if !codings.is_empty() {
        return command(&machine, "'compress *.txt'");
    }
    let reason = "the rule \"compress *.txt\" needs a kernel with CONFIG_ZLIB_DEFLATE or CONFIG_ZSTD_COMPRESS; precompressed files work without\n";
    machine.exec_ok("mkdir /tmp/r; echo 'compress *.txt' > /tmp/r/.khttpd")?;
    for (line, owner) in [
        ("compress *.txt", "rules of the control node"),
        ("root /tmp/r", "/tmp/r"),
    ] {
        let said = tell(&machine, PYTHON, &format!("'{line}'"))?;
        // Python has another name for EOPNOTSUPP.
        assert!(said.starts_with("ENOTSUP\nline 1: "), "{said}");
        assert!(said.ends_with(&format!("{owner}: {reason}")), "{said}");
    }
    // All else works.
    command(&machine, "'cache-control * no-cache'")?;
    let mut client = Client::connect(machine.http_address()?)?;
    let response = ask(&mut client, "/page.txt", "gzip, zstd", "")?;
    assert_eq!((response.status, response.body.len()), (200, 5000));
    assert_quiet(&machine)
}

#[test]
fn compressed_variant_decodes_to_the_content() -> Result {
    let (machine, codings) = with_text()?;
    if codings.is_empty() {
        return skipped();
    }
    machine.exec_ok("echo 'compress *.txt' > /tmp/t/.khttpd")?;
    command(&machine, "'root /tmp/t'")?;
    let mut client = Client::connect(machine.http_address()?)?;
    for coding in codings {
        for (name, is_coded) in [
            ("chunk", true),
            ("beyond", true),
            ("short", true),
            ("large", true),
            ("page", true),
            ("blank", true),
            ("tiny", false),
            ("empty", false),
            ("noise", false),
        ] {
            let path = format!("/{name}.txt");
            // curl and gzip are independent decoders.
            machine.exec_ok(&format!(
                "curl -sf --compressed -H 'Accept-Encoding: {coding}' http://127.0.0.1:8080{path} | cmp - /tmp/t{path}"
            ))?;
            let coded = ask(&mut client, &path, coding, "")?;
            let found = coded.field("Content-Encoding");
            assert_eq!(found, is_coded.then_some(coding), "{path}");
            if is_coded {
                assert_variant(&mut client, &path, coding, &coded)?;
            }
        }
        if coding == "gzip" {
            machine.exec_ok(
                "cd /tmp; curl -sf -H 'Accept-Encoding: gzip' http://127.0.0.1:8080/large.txt > l.gz; gzip -t l.gz; gzip -dc l.gz | cmp - t/large.txt"
            )?;
        }
        // No rule is about this file.
        let style = ask(&mut client, "/plain.css", coding, "")?;
        assert_eq!(
            (style.field("Content-Encoding"), style.field("Vary")),
            (None, None)
        );
    }
    assert_quiet(&machine)
}

/// Asserts what each variant has: a length of at most 90 %, a validator of its own, and ranges.
fn assert_variant(client: &mut Client, path: &str, coding: &str, coded: &Response) -> Result {
    let plain = ask(client, path, "identity", "")?;
    assert_eq!(plain.field("Content-Encoding"), None, "{path}");
    assert!(
        coded.body.len() * 10 <= plain.body.len() * 9,
        "{path}: {} of {}",
        coded.body.len(),
        plain.body.len()
    );
    assert_ne!(coded.field("ETag"), plain.field("ETag"), "{path}");
    for response in [coded, &plain] {
        assert_eq!(response.field("Vary"), Some("Accept-Encoding"), "{path}");
        assert_eq!(
            response.field("Last-Modified"),
            plain.field("Last-Modified"),
            "{path}"
        );
    }
    let etag = coded.field("ETag").ok_or("no ETag")?;
    let condition = format!("If-None-Match: {etag}\r\n");
    assert_eq!(ask(client, path, coding, &condition)?.status, 304, "{path}");
    let part = ask(client, path, coding, "Range: bytes=5-19\r\n")?;
    assert_eq!(
        (part.status, Some(&*part.body)),
        (206, coded.body.get(5..20)),
        "{path}"
    );
    Ok(())
}

#[test]
fn every_file_of_a_real_site_decodes_to_its_content() -> Result {
    let (machine, codings) = with_text()?;
    if codings.is_empty() {
        return skipped();
    }
    put_guest(&machine, &["decode.py"])?;
    let load = |lines: &str| -> Result<String> {
        command(&machine, lines)?;
        let numbers = ["entries", "memory", "load-milliseconds"].map(|key| number(&machine, key));
        let [entries, memory, took] = numbers;
        Ok(format!(
            "{} entries, {} bytes, {} ms",
            entries?, memory?, took?
        ))
    };
    say!("python3.13-doc: {}", load(&format!("'root {REAL}'"))?);
    let rules = "'compress *.html' 'compress *.js' 'compress *.css' 'compress *.txt'";
    say!("compressed: {}", load(rules)?);
    say!("loaded again: {}", load("reload")?);
    for coding in codings {
        let said = machine.exec_ok(&format!("{PYTHON} /tmp/decode.py {REAL} {coding}"))?;
        say!("{coding}: {} files", said.trim());
        assert!(said.trim().parse::<u32>()? > 500, "{coding}: {said}");
    }
    assert_quiet(&machine)
}

#[test]
fn precompressed_file_precedes_what_khttpd_would_make() -> Result {
    let (machine, codings) = with_text()?;
    if codings.is_empty() {
        return skipped();
    }
    machine.exec_ok(
        "cd /tmp/t; printf gz > page.txt.gz; head -c 100000 large.txt > large.txt.zst; cp large.txt same.txt
         mkdir list; cd list; seq -f entry-%g 500 | xargs touch",
    )?;
    command(
        &machine,
        "'root /tmp/t' 'compress *' 'autoindex yes' 'error 404 /chunk.txt'",
    )?;
    let mut client = Client::connect(machine.http_address()?)?;
    assert_eq!(ask(&mut client, "/page.txt", "gzip", "")?.body, b"gz");
    // A variant is not compressed again, a page of a directory is.
    let variant = ask(&mut client, "/large.txt.zst", "gzip, zstd", "")?;
    assert_eq!(variant.field("Content-Encoding"), None);
    for coding in codings {
        let page = ask(&mut client, "/list/", coding, "")?;
        assert_eq!(page.field("Content-Encoding"), Some(coding));
        let large = ask(&mut client, "/large.txt", coding, "")?;
        let same = ask(&mut client, "/same.txt", coding, "")?;
        assert_eq!(large.field("Content-Encoding"), Some(coding));
        assert_eq!(large.body == same.body, coding == "gzip");
        // An error page is sent as it is.
        let missing = ask(&mut client, "/none", coding, "")?;
        assert_eq!(
            (missing.status, missing.field("Content-Encoding")),
            (404, None)
        );
    }
    // What the node shows can be written back.
    machine.exec_ok(
        "cat /dev/khttpd > /tmp/saved; grep -qx 'compress \\*' /tmp/saved; echo clear > /dev/khttpd; cat /tmp/saved > /dev/khttpd"
    )?;
    assert_quiet(&machine)
}

#[test]
fn variants_count_as_memory_and_are_kept_by_a_reload() -> Result {
    let (machine, codings) = with_text()?;
    if codings.is_empty() {
        return skipped();
    }
    machine.exec_ok(
        "mkdir /tmp/old /tmp/l; echo old > /tmp/old/index.html; cp /tmp/t/large.txt /tmp/l",
    )?;
    command(&machine, "'root /tmp/old'")?;
    let said = tell(
        &machine,
        PYTHON,
        "'root /tmp/l' 'max-site-bytes 9200000' 'compress *.txt'",
    )?;
    let reason = "/tmp/l/large.txt: the site takes more memory than max-site-bytes 9200000\n";
    assert!(
        said.starts_with("ENOSPC\n") && said.ends_with(reason),
        "{said}"
    );
    assert_old(&machine)?;
    command(&machine, "'root /tmp/l' 'max-site-bytes 20000000'")?;
    let without = number(&machine, "memory")?;
    command(&machine, "'compress *.txt'")?;
    let (with, took) = (
        number(&machine, "memory")?,
        number(&machine, "load-milliseconds")?,
    );
    let mut client = Client::connect(machine.http_address()?)?;
    let first = ask(&mut client, "/large.txt", codings[0], "")?;
    machine.exec_ok("echo new > /tmp/l/new.txt")?;
    command(&machine, "reload")?;
    let again = number(&machine, "load-milliseconds")?;
    say!(
        "{codings:?} of 9 MB: {took} ms, again {again} ms; {without} bytes of memory, then {with}"
    );
    assert!(with > without + 1_000_000, "{with} {without}");
    let second = ask(&mut client, "/large.txt", codings[0], "")?;
    assert!(first.body == second.body && first.field("ETag") == second.field("ETag"));
    // Compressing the large file takes most of the time of the first load.
    assert_quiet(&machine)
}
