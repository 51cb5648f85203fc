// SPDX-License-Identifier: GPL-2.0-only

//! Random input: requests from the host, also by HTTPS, commands and system calls in the guest.
//!
//! `make fuzz-machine FUZZ_S=3600` runs for an hour, and `KHTTPD_SEED` repeats an earlier run.

#[path = "../common/mod.rs"]
mod common;
mod framing;
mod mutation;

use std::io::{ErrorKind, Read, Write};
use std::mem;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use common::random::{seed, setting, Random};
use common::{assert_quiet, get, machine, put_guest, wait_for, Client, Result, HANG};
use machine::Machine;
use mutation::Corpus;
use stream::{Resumption, Stream, Trust};

/// Ports of the guest.
const HTTP: u16 = 8080;
const HTTPS: u16 = 8443;

/// Number of clients of each scheme.
const CLIENTS: u64 = 2;

/// Shortest timeout of the server in seconds.
const SHORTEST_TIMEOUT: u64 = 2;

/// Least number of connections and of responses, however long they take.
const AT_LEAST: usize = 50;

/// Returns the site: the files that the corpus requests.
fn site() -> Vec<(&'static str, Vec<u8>)> {
    let large: Vec<u8> = (0..300_000_u32)
        .map(|number| (number % 251) as u8)
        .collect();
    vec![
        ("/", b"<p>The index.</p>\n".to_vec()),
        ("/hello.txt", b"hello\n".to_vec()),
        (
            "/range.txt",
            b"0123456789abcdefghijklmnopqrstuvwxyz\n".repeat(3),
        ),
        ("/style.css", b"p { color: black }\n".repeat(50)),
        ("/style.css.gz", b"not really packed\n".to_vec()),
        ("/empty.txt", Vec::new()),
        ("/dir/", b"<p>Another index.</p>\n".to_vec()),
        ("/404.html", b"<p>Not here.</p>\n".to_vec()),
        ("/large.bin", large),
    ]
}

/// What clients connect to.
struct Server {
    address: SocketAddr,
    /// The same without TLS.
    plain: SocketAddr,
    /// The authority that clients trust, if they use HTTPS.
    trust: Option<Trust>,
}

fn serving() -> Result<Machine> {
    let ports = machine()?.forward(HTTP).forward(HTTPS);
    let machine = ports.tls_agent()?.boot()?;
    machine.exec_ok("mkdir -p /srv/site/dir")?;
    for (path, content) in site() {
        let name = match path.ends_with('/') {
            true => format!("/srv/site{path}index.html"),
            false => format!("/srv/site{path}"),
        };
        machine.put_file(&name, 0o644, &content)?;
    }
    machine.exec_ok(&format!(
        "insmod khttpd.ko root=/srv/site commands='redirect 301 /old /hello.txt; metrics /status; \
         timeout idle 3; timeout head {SHORTEST_TIMEOUT}; timeout send 3'"
    ))?;
    machine.exec_ok(&format!("/usr/lib/khttpd/serve-https {HTTPS}"))?;
    Ok(machine)
}

/// Returns the server by each scheme.
fn servers(machine: &Machine) -> Result<[Server; 2]> {
    let authority = machine.exec_ok("cat /tmp/tls/ca.pem")?;
    let trust = Trust::new(authority.as_bytes(), Resumption::Always)?;
    let plain = machine.http_address()?;
    let server = |address, trust| Server {
        address,
        plain,
        trust,
    };
    Ok([
        server(plain, None),
        server(machine.address(HTTPS)?, Some(trust)),
    ])
}

#[test]
fn random_input_breaks_nothing() -> Result {
    let seed = seed()?;
    let seconds = setting("KHTTPD_FUZZ_S", 15)?;
    let machine = serving()?;
    let servers = servers(&machine)?;
    let corpus = Corpus::load()?;
    put_guest(
        &machine,
        &[
            "interruptible.py",
            "system_calls.py",
            "syscalls.py",
            "fuzz.py",
        ],
    )?;
    let commands = machine.spawn(&format!("exec python3 /tmp/fuzz.py {seed} {seconds}"))?;
    let over = AtomicBool::new(false);
    let progress = [AtomicUsize::new(0), AtomicUsize::new(0)];
    let counts = thread::scope(|scope| {
        let clients: Vec<_> = (0..CLIENTS)
            .flat_map(|number| servers.iter().zip([2 * number, 2 * number + 1]))
            .map(|(server, number)| {
                let (corpus, over, progress) = (&corpus, &over, &progress);
                scope.spawn(move || {
                    let random = Random::new(seed + number);
                    let result = fuzz(server, corpus, random, over, progress);
                    // A failure ends the other clients.
                    over.fetch_or(result.is_err(), Ordering::Relaxed);
                    result
                })
            })
            .collect();
        let end = Instant::now() + Duration::from_secs(seconds);
        let few = || {
            progress
                .iter()
                .any(|count| count.load(Ordering::Relaxed) < AT_LEAST)
        };
        while (Instant::now() < end || few() && Instant::now() < end + HANG)
            && !over.load(Ordering::Relaxed)
        {
            thread::sleep(Duration::from_millis(100));
        }
        over.store(true, Ordering::Relaxed);
        clients
            .into_iter()
            .map(|client| client.join())
            .collect::<Vec<_>>()
    });
    for result in counts {
        result.map_err(|_| "a client has panicked")??;
    }
    let [inputs, responses] = progress.map(AtomicUsize::into_inner);
    println!("{seconds} s: {inputs} connections, {responses} responses");
    assert!(
        inputs >= AT_LEAST && responses >= AT_LEAST,
        "too few connections or responses"
    );
    let output = commands.wait(Duration::from_secs(seconds) + HANG)?;
    println!("{}", output.stdout_text().trim_end());
    assert!(
        output.status.success(),
        "{}{}",
        output.stdout_text(),
        output.stderr_text()
    );
    let [server, _] = servers;
    check_service(server.plain)?;
    machine.exec_ok("pkill -x khttpd-tls; while pgrep -x khttpd-tls; do sleep 0.1; done")?;
    wait_for(&machine, "connections", 0)?;
    machine.exec_ok("rmmod khttpd")?;
    assert_quiet(&machine)
}

/// Sends inputs and counts them and their responses.
fn fuzz(
    server: &Server,
    corpus: &Corpus,
    mut random: Random,
    over: &AtomicBool,
    [inputs, responses]: &[AtomicUsize; 2],
) -> std::result::Result<(), String> {
    let mut turn = 0;
    while !over.load(Ordering::Relaxed) {
        let input = corpus.input(&mut random);
        if server.trust.is_some() && random.once_in(4) {
            disturb(server.address, &input, &mut random).map_err(|error| error.to_string())?;
            continue;
        }
        let (received, whole) =
            exchange(server, &input, &mut random).map_err(|error| error.to_string())?;
        let count = framing::check(&received, whole).map_err(|what| {
            format!(
                "{what}\nafter: {}\nin: {}",
                input.escape_ascii(),
                received.escape_ascii()
            )
        })?;
        inputs.fetch_add(1, Ordering::Relaxed);
        responses.fetch_add(count, Ordering::Relaxed);
        turn += 1;
        if turn % 50 == 0 {
            check_service(server.plain).map_err(|error| error.to_string())?;
        }
    }
    Ok(())
}

/// Sends `input` as records of a handshake, or as it is, to a server that expects TLS.
fn disturb(address: SocketAddr, input: &[u8], random: &mut Random) -> Result {
    let mut stream = Stream::connect(address, None)?;
    stream.set_read_timeout(Some(HANG))?;
    let mut sent = Vec::new();
    if random.once_in(2) {
        let length = u16::try_from(input.len().min(1 << 14))?.to_be_bytes();
        sent.extend_from_slice(&[20 + random.below(5) as u8, 3, random.below(5) as u8]);
        sent.extend_from_slice(&length);
    }
    sent.extend_from_slice(input);
    // The server may end the connection at any byte.
    let _ = stream.write_all(&sent);
    let _ = stream.finish();
    match stream.read_to_end(&mut Vec::new()) {
        Err(error) if error.kind() == ErrorKind::WouldBlock => Err("no end".into()),
        _ => Ok(()),
    }
}

/// Sends `input` in pieces; returns the received bytes, and whether the stream is complete.
fn exchange(server: &Server, input: &[u8], random: &mut Random) -> Result<(Vec<u8>, bool)> {
    let mut stream = Stream::connect(server.address, server.trust.as_ref())?;
    stream.set_read_timeout(Some(HANG))?;
    let mut rest = input;
    let mut pauses = 2;
    while !rest.is_empty() {
        let most = if random.once_in(3) { 8 } else { 3000 };
        let (piece, later) = rest.split_at((1 + random.below(most)).min(rest.len()));
        // The server may have closed already.
        if stream.write_all(piece).is_err() {
            break;
        }
        if pauses > 0 && random.once_in(16) {
            pauses -= 1;
            thread::sleep(Duration::from_millis(random.below(20) as u64));
        }
        rest = later;
    }
    if random.once_in(8) {
        // Closes without reading the responses.
        return Ok((Vec::new(), false));
    }
    // Most connections are shut down; the others wait for a timeout of the server.
    if !random.once_in(64) {
        let _ = stream.finish();
    }
    let mut received = Vec::new();
    match stream.read_to_end(&mut received) {
        Ok(_) => Ok((received, true)),
        Err(error) if error.kind() == ErrorKind::ConnectionReset => Ok((received, false)),
        Err(error) => Err(format!("{error} after {}", input.escape_ascii()).into()),
    }
}

/// Asserts that every file is served unchanged. A request is repeated if a busy host has delayed it
/// so long that the connection may have expired.
fn check_service(address: SocketAddr) -> Result {
    let mut client = Client::connect(address)?;
    let mut asked = Instant::now();
    for (path, content) in site() {
        // The timeout began with the previous response.
        let waiting = mem::replace(&mut asked, Instant::now());
        let ask = |client: &mut Client| {
            client.send(get(path))?;
            client.response(false)
        };
        let response = match ask(&mut client) {
            Err(_) if waiting.elapsed() >= Duration::from_secs(SHORTEST_TIMEOUT) => {
                client = Client::connect(address)?;
                ask(&mut client)?
            }
            response => response?,
        };
        assert!(
            response.status == 200 && response.body == content,
            "{path}: {}",
            response.head
        );
    }
    Ok(())
}
