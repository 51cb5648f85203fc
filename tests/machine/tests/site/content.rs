// SPDX-License-Identifier: GPL-2.0-only

//! Every file of a real site, and precompressed variants.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use crate::common::{assert_quiet, get, machine, number, put_guest, Client, Result, Shared};
use crate::{ask, command, files, report, REAL};

#[test]
fn every_file_of_a_real_site_is_served_unchanged() -> Result {
    let machine = Shared::take()?;
    machine.exec_ok(&format!("insmod khttpd.ko root={REAL}"))?;
    let files = files(Path::new(REAL))?;
    assert!(
        files.len() > 1000,
        "python3.13-doc has only {} files",
        files.len()
    );
    let beside = report(&machine, "python3.13-doc", &files)?;
    assert!(
        beside < 512,
        "{beside} bytes beside the content of an entry"
    );
    // A file in a content coding alone is an entry without the suffix, too.
    let stems = files.iter().filter_map(|(path, _)| {
        let (stem, suffix) = path.rsplit_once('.')?;
        ["gz", "br", "zst"].contains(&suffix).then_some(stem)
    });
    let coded_alone = stems.filter(|stem| !files.iter().any(|(path, _)| path == stem));
    assert_eq!(
        number(&machine, "entries")?,
        (files.len() + coded_alone.count()) as u64
    );

    let begin = Instant::now();
    let mut client = Client::connect(machine.http_address()?)?;
    for (path, file) in &files {
        let (coding, content) = ask(&mut client, path, "gzip, br, zstd")?;
        assert_eq!(coding, None, "{path}");
        assert!(content == fs::read(file)?, "{path} differs");
    }
    say!("all of them fetched and compared in {:?}", begin.elapsed());
    assert_eq!(
        ask(&mut client, "/library/", "")?.1,
        fs::read(format!("{REAL}/library/index.html"))?
    );
    client.send(get("/library"))?;
    assert_eq!(client.response(false)?.field("Location"), Some("/library/"));
    // A symbolic link is skipped.
    client.send(get("/_static/jquery.js"))?;
    assert_eq!(client.response(false)?.status, 404);
    assert_quiet(&machine)
}

/// Writes a part of the real site with variants in gzip, and files that pose as variants in two
/// other codings.
fn variants(folder: &Path) -> Result {
    fs::create_dir_all(folder)?;
    for part in ["library", "_static", "index.html"] {
        let status = Command::new("cp")
            .arg("-r")
            .arg(Path::new(REAL).join(part))
            .arg(folder)
            .status()?;
        assert!(status.success(), "cp {part}");
    }
    // Symbolic links are not compressed, because some are dangling.
    let find = Command::new("find")
        .arg(folder)
        .args(["-type", "f", "-exec", "gzip", "-1", "-k", "{}", "+"])
        .status()?;
    assert!(find.success(), "gzip");
    fs::write(folder.join("index.html.br"), b"not really br")?;
    fs::write(folder.join("index.html.zst"), vec![b'z'; 1 << 20])?;
    Ok(())
}

#[test]
fn precompressed_variants_are_negotiated() -> Result {
    let share = std::env::temp_dir().join(format!("khttpd-variants-{}", std::process::id()));
    variants(&share.join("site"))?;
    let machine = machine()?.share(&share).boot()?;
    machine.exec_ok("insmod khttpd.ko root=/share/site")?;
    let files = files(&share.join("site"))?;
    report(&machine, "a part of it with variants in gzip", &files)?;

    let mut client = Client::connect(machine.http_address()?)?;
    let (mut coded, mut plain) = (0, 0);
    for (path, file) in &files {
        let content = fs::read(file)?;
        assert!(
            ask(&mut client, path, "identity")?.1 == content,
            "{path} differs"
        );
        let beside = PathBuf::from(format!("{}.gz", file.display()));
        let form = fs::read(beside)
            .ok()
            .filter(|form| form.len() < content.len());
        let (coding, got) = ask(&mut client, path, "gzip")?;
        assert_eq!(coding.as_deref(), form.as_ref().map(|_| "gzip"), "{path}");
        match form {
            Some(form) => coded += usize::from(got == form),
            None => plain += usize::from(got == content),
        }
    }
    assert_eq!(coded + plain, files.len());
    assert!(coded > 300, "only {coded} have a variant in gzip");
    let (coding, content) = ask(&mut client, "/index.html", "gzip, br, zstd")?;
    assert_eq!(
        (coding.as_deref(), &content[..]),
        (Some("br"), &b"not really br"[..])
    );
    // A variant that is longer than the identity is not used.
    assert_eq!(ask(&mut client, "/index.html", "zstd")?.0, None);
    fs::remove_dir_all(&share)?;
    assert_quiet(&machine)
}

#[test]
fn clock_that_is_wrong_at_the_load_leaves_no_trace() -> Result {
    // Not one that other tests get with this clock.
    let machine = machine()?.boot()?;
    put_guest(&machine, &["command.py"])?;
    machine.exec_ok("insmod khttpd.ko")?;
    machine.exec_ok(
        "mkdir /tmp/board && echo page > /tmp/board/index.html && \
         touch -d @1577934245 /tmp/board/index.html && date -s @1000000000",
    )?;
    command(&machine, "'root /tmp/board'")?;
    let modified = || -> Result<String> {
        let mut client = Client::connect(machine.http_address()?)?;
        client.send(get("/"))?;
        let response = client.response(false)?;
        Ok(response
            .field("Last-Modified")
            .unwrap_or_default()
            .to_owned())
    };
    let shown = modified()?;
    assert!(shown.starts_with("Sun, 09 Sep 2001 01:"), "{shown}");
    machine.exec_ok("date -s @1795410000")?;
    assert_eq!(modified()?, "Thu, 02 Jan 2020 03:04:05 GMT");
    Ok(())
}
