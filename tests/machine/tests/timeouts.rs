// SPDX-License-Identifier: GPL-2.0-only

//! Nobody is waited for without end.

mod common;

use std::thread;
use std::time::{Duration, Instant};

use common::{assert_quiet, get, serving, Client, Result};
use machine::Machine;

/// The seconds until the server closes `client`, and the status it says before that, if any.
fn wait(mut client: Client) -> Result<(f64, Option<u16>)> {
    let begin = Instant::now();
    let status = client.reply(false).map(|reply| reply.status).ok();
    Ok((begin.elapsed().as_secs_f64(), status))
}

fn idle(machine: &Machine) -> Result {
    let mut client = Client::connect(machine.http_address()?)?;
    client.send(get("/"))?;
    client.reply(false)?;
    let (seconds, status) = wait(client)?;
    assert_eq!(status, None, "an idle connection is told something");
    assert!(
        (59.0..65.0).contains(&seconds),
        "closed after {seconds} s, not 60"
    );
    Ok(())
}

fn unfinished(machine: &Machine, beginning: &str) -> Result {
    let mut client = Client::connect(machine.http_address()?)?;
    client.send(beginning)?;
    let (seconds, status) = wait(client)?;
    assert_eq!(status, Some(408), "{beginning:?}");
    assert!(
        (9.0..14.0).contains(&seconds),
        "{beginning:?}: 408 after {seconds} s, not 10"
    );
    Ok(())
}

/// A byte a second does not buy more time.
fn slow(machine: &Machine) -> Result {
    let mut client = Client::connect(machine.http_address()?)?;
    let begin = Instant::now();
    for byte in "GET / HTTP/1.1\r\nHost: khttpd\r\nX-Slow: abcdefghijklmnopqrstuvwxyz".bytes() {
        if begin.elapsed() > Duration::from_secs(12) {
            break;
        }
        let _ = client.send([byte]);
        thread::sleep(Duration::from_millis(700));
    }
    assert_eq!(client.reply(false)?.status, 408);
    Ok(())
}

fn deaf(machine: &Machine) -> Result {
    machine.put_file("/tmp/deaf.py", 0o600, include_bytes!("guest/deaf.py"))?;
    let seconds = machine
        .spawn("exec python3 /tmp/deaf.py")?
        .wait(Duration::from_secs(100))?;
    let seconds: f64 = seconds
        .stdout_text()
        .trim()
        .parse()
        .map_err(|_| "it was not reset")?;
    assert!(
        (29.0..40.0).contains(&seconds),
        "reset after {seconds} s, not 30"
    );
    Ok(())
}

/// Who is told that this is the end has a while to close.
fn lingering(machine: &Machine) -> Result {
    machine.put_file(
        "/tmp/lingering.py",
        0o600,
        include_bytes!("guest/lingering.py"),
    )?;
    let seconds = machine.exec_ok("python3 /tmp/lingering.py")?;
    let seconds: f64 = seconds.trim().parse().map_err(|_| "it was not closed")?;
    assert!(
        (4.0..9.0).contains(&seconds),
        "closed after {seconds} s, not 5"
    );
    Ok(())
}

/// Who takes little at a time takes it, long after the time in which something must be taken.
fn unhurried(machine: &Machine) -> Result {
    machine.put_file(
        "/tmp/unhurried.py",
        0o600,
        include_bytes!("guest/unhurried.py"),
    )?;
    let output = machine
        .spawn("exec python3 /tmp/unhurried.py")?
        .wait(Duration::from_secs(100))?;
    assert_eq!(output.stdout_text().trim(), "3000000", "bytes received");
    Ok(())
}

#[test]
fn idle_connections_end_after_60_s_unfinished_requests_after_10_s_and_deaf_peers_after_30_s(
) -> Result {
    let machine = serving()?;
    machine.exec_ok(
        "mkdir /tmp/site && \
         head -c 3000000 /dev/zero > /tmp/site/large && echo hello > /tmp/site/index.html && \
         echo root /tmp/site > /dev/khttpd",
    )?;
    thread::scope(|scope| {
        let checks = [
            scope.spawn(|| idle(&machine).map_err(|e| e.to_string())),
            scope.spawn(|| unfinished(&machine, "GET / HT").map_err(|e| e.to_string())),
            scope.spawn(|| {
                unfinished(&machine, "GET / HTTP/1.1\r\nHost: a\r\n").map_err(|e| e.to_string())
            }),
            scope.spawn(|| slow(&machine).map_err(|e| e.to_string())),
            scope.spawn(|| lingering(&machine).map_err(|e| e.to_string())),
            scope.spawn(|| deaf(&machine).map_err(|e| e.to_string())),
            scope.spawn(|| unhurried(&machine).map_err(|e| e.to_string())),
        ];
        checks.into_iter().try_for_each(|check| {
            check
                .join()
                .map_err(|_| "a check has panicked".to_owned())?
        })
    })?;
    assert_quiet(&machine)
}
