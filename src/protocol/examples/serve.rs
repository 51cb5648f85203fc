// SPDX-License-Identifier: GPL-2.0-only

//! A server of a directory on ordinary sockets, with the protocol of khttpd, for tests over TCP.
//!
//! `cargo run -p protocol --example serve -- DIRECTORY [ADDRESS:PORT]`
//!
//! It reads the whole directory when it starts. `NAME.gz`, `NAME.br` and `NAME.zst` are variants of
//! `NAME`.

#[path = "../tests/fixture/mod.rs"]
mod fixture;

use fixture::{Memory, Received};
use protocol::http::{
    Clock, Coding, Disposition, Scratch, Session, SessionPhase, HEAD_MAX, REQUESTS_MAX,
};
use std::io::{ErrorKind, Read, Result, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Returns the timeout of a phase.
fn timeout(phase: SessionPhase) -> Duration {
    Duration::from_secs(match phase {
        SessionPhase::Idle => 75,
        SessionPhase::Head => 10,
        SessionPhase::Body => 30,
        SessionPhase::Ended => 1,
    })
}

fn main() -> Result<()> {
    let mut arguments = std::env::args_os().skip(1);
    let directory = arguments.next().unwrap_or_else(|| ".".into());
    let address = arguments.next().map_or("127.0.0.1:8080".into(), |text| {
        text.to_string_lossy().into_owned()
    });
    let mut site = Memory::default();
    load(Path::new(&directory), b"/", &mut site)?;
    let site = Arc::new(site);
    let listener = TcpListener::bind(address)?;
    println!("serving http://{}/", listener.local_addr()?);
    for stream in listener.incoming() {
        let site = site.clone();
        let stream = stream?;
        std::thread::spawn(move || serve(&stream, &site));
    }
    Ok(())
}

/// Adds all files of a directory.
fn load(directory: &Path, prefix: &[u8], site: &mut Memory) -> Result<()> {
    site.add_directory(prefix.strip_suffix(b"/").unwrap_or(prefix));
    for entry in std::fs::read_dir(directory)? {
        let entry = entry?;
        let path = [prefix, entry.file_name().as_bytes()].concat();
        if entry.file_type()?.is_dir() {
            load(&entry.path(), &[&path, &b"/"[..]].concat(), site)?;
            continue;
        }
        let modified = entry
            .metadata()?
            .modified()?
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default()
            .as_secs();
        let mut variants = vec![(Coding::Identity, std::fs::read(entry.path())?)];
        for (suffix, coding) in [
            ("gz", Coding::Gzip),
            ("br", Coding::Brotli),
            ("zst", Coding::Zstd),
        ] {
            let mut name = entry.path().into_os_string();
            name.push(".");
            name.push(suffix);
            variants.extend(std::fs::read(name).ok().map(|content| (coding, content)));
        }
        let variants: Vec<_> = variants
            .iter()
            .map(|(coding, content)| (*coding, content.as_slice()))
            .collect();
        site.add("", &path, modified, &variants);
    }
    Ok(())
}

/// Serves a connection. An error means that the peer is gone.
fn serve(mut stream: &TcpStream, site: &Memory) -> Result<()> {
    stream.set_nodelay(true)?;
    stream.set_write_timeout(Some(Duration::from_secs(30)))?;
    let mut session = Session::new(REQUESTS_MAX);
    let mut scratch = Box::new(Scratch::new());
    let mut buffer = Vec::new();
    let mut chunk = [0; 4 * HEAD_MAX];
    let mut deadline = Instant::now() + timeout(SessionPhase::Idle);
    loop {
        let clock = Clock::new(
            SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .unwrap_or_default()
                .as_secs(),
        );
        let left = deadline
            .saturating_duration_since(Instant::now())
            .max(Duration::from_millis(1));
        stream.set_read_timeout(Some(left))?;
        match stream.read(&mut chunk) {
            Ok(0) => return Ok(()),
            Ok(count) => buffer.extend_from_slice(&chunk[..count]),
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                if let Some(response) = session.expire(&clock, &mut scratch.room()) {
                    send(stream, &fixture::receive(site, &response))?;
                }
                return linger(stream);
            }
            Err(error) => return Err(error),
        }
        let before = session.phase();
        loop {
            let step = session.receive(&buffer, site, &clock, &mut scratch.room());
            let (consumed, broken) = (step.consumed, step.broken);
            let response = step
                .response
                .map(|response| fixture::receive(site, &response));
            buffer.drain(..consumed);
            if let Some(response) = &response {
                send(stream, response)?;
            }
            match response.map(|response| response.disposition) {
                Some(Disposition::Close) => return Ok(()),
                Some(Disposition::Linger) => return linger(stream),
                _ if broken => return linger(stream),
                Some(Disposition::KeepAlive) => {
                    deadline = Instant::now() + timeout(session.phase())
                }
                None if consumed == 0 => break,
                None => {}
            }
            if buffer.is_empty() {
                break;
            }
        }
        if session.phase() != before {
            deadline = Instant::now() + timeout(session.phase());
        }
    }
}

/// Sends a response.
fn send(mut stream: &TcpStream, response: &Received) -> Result<()> {
    stream.write_all(&[response.head.as_bytes(), &response.body].concat())
}

/// Lets the peer read the last response before the connection ends.
fn linger(mut stream: &TcpStream) -> Result<()> {
    stream.shutdown(Shutdown::Write)?;
    let end = Instant::now() + timeout(SessionPhase::Ended);
    let mut chunk = [0; 65_536];
    while Instant::now() < end {
        stream.set_read_timeout(Some(Duration::from_millis(100)))?;
        match stream.read(&mut chunk) {
            Ok(0) => break,
            Ok(_) => {}
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
