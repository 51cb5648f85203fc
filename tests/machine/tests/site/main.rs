// SPDX-License-Identifier: GPL-2.0-only

//! Sites from directories: their files over TCP, their rules, and loads that fail, are interrupted
//! or meet changes.

#[path = "../common/mod.rs"]
mod common;

/// Prints a figure that is shown even if the test passes, unlike the output of `println!`.
macro_rules! say {
    ($($words:tt)*) => {
        writeln!(std::io::stdout(), $($words)*)?
    };
}

mod changes;
mod compression;
mod content;
mod failures;
mod fields;
mod interrupts;
mod listings;
mod media_types;
mod memory;
mod names;
mod policy;
mod rules;
mod schemes;

use std::fs;
use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use common::{get, number, put_guest, serving, Client, Result, Shared, PYTHON};
use machine::Machine;

/// A real site: more than a thousand pages, styles and images of Debian's package python3.13-doc,
/// at the same path on the host and in the guest.
const REAL: &str = "/usr/share/doc/python3.13/html";

/// Returns a machine that serves `www/` and has `guest/command.py`.
fn commanded() -> Result<Shared> {
    let machine = serving()?;
    put_guest(&machine, &["command.py"])?;
    Ok(machine)
}

/// Writes commands, each in quotes, which must succeed.
fn command(machine: &Machine, lines: &str) -> Result {
    let said = tell(machine, PYTHON, lines)?;
    assert_eq!(said, "OK\n", "{lines}");
    Ok(())
}

/// Writes commands, each in quotes; returns `OK`, or the error and its reason.
fn tell(machine: &Machine, python: &str, lines: &str) -> Result<String> {
    let output = machine.exec(&format!("{python} /tmp/command.py {lines}"))?;
    Ok(output.stdout_text().into_owned() + &output.stderr_text())
}

/// Returns the regular files of a folder that are not hidden: path in the URI and path on the host.
fn files(root: &Path) -> Result<Vec<(String, PathBuf)>> {
    let mut folders = vec![root.to_owned()];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder)? {
            let entry = entry?;
            let (path, kind) = (entry.path(), entry.file_type()?);
            if entry.file_name().as_bytes().starts_with(b".") {
                continue;
            }
            if kind.is_dir() {
                folders.push(path);
            } else if kind.is_file() {
                files.push((format!("/{}", escaped(path.strip_prefix(root)?)), path));
            }
        }
    }
    files.sort();
    Ok(files)
}

/// Escapes a path for a URI.
fn escaped(path: &Path) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte);
    let bytes = path.as_os_str().as_bytes().iter();
    bytes
        .map(|byte| match plain(*byte) {
            true => char::from(*byte).to_string(),
            false => format!("%{byte:02X}"),
        })
        .collect()
}

/// Requests a path with an `Accept-Encoding`; returns the content coding and the content.
fn ask(client: &mut Client, path: &str, coding: &str) -> Result<(Option<String>, Vec<u8>)> {
    client.send(format!(
        "GET {path} HTTP/1.1\r\nHost: khttpd\r\nAccept-Encoding: {coding}\r\n\r\n"
    ))?;
    let response = client.response(false)?;
    assert_eq!(response.status, 200, "{path}: {}", response.head);
    Ok((
        response.field("Content-Encoding").map(str::to_owned),
        response.body,
    ))
}

/// Prints what a load has taken; returns the bytes of memory per entry without the content.
fn report(machine: &Machine, what: &str, files: &[(String, PathBuf)]) -> Result<u64> {
    let bytes: u64 = files
        .iter()
        .map(|(_, path)| fs::metadata(path).map_or(0, |facts| facts.len()))
        .sum();
    let (entries, memory) = (number(machine, "entries")?, number(machine, "memory")?);
    let milliseconds = number(machine, "load-milliseconds")?;
    let beside = memory.saturating_sub(bytes) / entries;
    say!("{what}: {entries} entries of {bytes} bytes take {memory} bytes, {beside} beside the content of each, loaded in {milliseconds} ms");
    Ok(beside)
}

/// Asserts that the old site is served.
fn assert_old(machine: &Machine) -> Result {
    let mut client = Client::connect(machine.http_address()?)?;
    client.send(get("/"))?;
    assert_eq!(client.response(false)?.body, b"old\n");
    Ok(())
}
