// SPDX-License-Identifier: GPL-2.0-only

//! Loading and unloading the module, at any time and with any parameters.

mod common;

use std::time::{Duration, Instant};

use common::memory::{forget_soon, lost_in_each};
use common::{
    assert_quiet, machine, never_time_out, put_guest, rounds, serving, wait_for, wait_until,
    Result, Shared, HANG, NEVER,
};
use machine::Machine;

/// Loads and unloads the module again and again while `wrk` runs with these arguments, and asserts
/// that nothing is leaked.
fn load_and_unload(cycles: u32, arguments: &str) -> Result {
    let machine = machine()?.boot()?;
    forget_soon(&machine)?;
    // The first cycles fill caches, such as that of the module's file.
    let repeat = |count| -> Result {
        let load = machine.spawn(&format!(
            "while :; do wrk -t1 -c64 -d10 {arguments} http://127.0.0.1:8080/ > /tmp/wrk 2>&1; done"
        ))?;
        for _ in 0..count {
            machine.exec_ok("insmod khttpd.ko; for i in $(seq 6000); do grep -q '# requests 0' /dev/khttpd || break; sleep 0.01; done; sleep 0.1; cat /dev/khttpd > /tmp/node; rmmod khttpd")?;
            let node = machine.exec_ok("cat /tmp/node")?;
            assert!(!node.contains("# requests 0\n"), "no requests: {node}");
        }
        load.signal(9)?;
        let _ = load.wait(HANG)?;
        machine.exec("pkill wrk")?;
        wait_until(&machine, "! pgrep wrk > /dev/null")
    };
    let first = 5;
    repeat(first)?;
    let others = cycles - first;
    let suspects = lost_in_each(&machine, others.into(), || repeat(others))?;
    assert!(
        suspects.is_empty(),
        "objects lost in every round: {suspects:?}"
    );
    assert_quiet(&machine)
}

#[test]
fn loads_and_unloads_under_load_leak_nothing() -> Result {
    load_and_unload(rounds(100).max(12), "")
}

#[test]
fn unloading_while_clients_connect_leaves_nothing() -> Result {
    load_and_unload(rounds(60).max(12), "-H 'Connection: close'")
}

#[test]
fn unloading_with_ten_thousand_connections_waits_for_no_peer() -> Result {
    let machine = serving()?;
    // No connection expires before the last one has been made, or while the module is unloaded.
    never_time_out(&machine)?;
    put_guest(&machine, &["idle.py"])?;
    let clients = machine.spawn("exec python3 /tmp/idle.py 10000")?;
    let begin = Instant::now();
    while clients.stdout_so_far().is_empty() {
        assert!(
            clients.is_running() && begin.elapsed() < HANG,
            "fewer than 10,000 connections"
        );
        std::thread::sleep(Duration::from_millis(50));
    }
    // Silent clients are accepted after the defer timeout.
    wait_for(&machine, "connections", 10_000)?;
    let begin = Instant::now();
    machine.exec_ok("rmmod khttpd")?;
    println!("10000 connections, unloaded in {:?}", begin.elapsed());
    assert!(clients.is_running(), "the clients have ended");
    drop(clients);
    machine.exec_ok(
        "insmod khttpd.ko && curl -s --fail -o /dev/null http://127.0.0.1:8080/ && rmmod khttpd",
    )?;
    assert_quiet(&machine)
}

#[test]
fn invalid_parameters_fail_with_errno_and_one_log_line() -> Result {
    let machine = Shared::take()?;
    let cases = [
        ("address=localhost", "Invalid", "address=\"localhost\""),
        (
            "address=10.99.99.99",
            "Cannot assign requested address",
            "listen 10.99.99.99:8080: address not available on this machine",
        ),
        ("backlog=0", "Invalid", "backlog=0: must be"),
        ("backlog=65536", "Invalid", "backlog=65536: must be"),
        ("max_connections=0", "Invalid", "max_connections=0: must be"),
        (
            "max_connections=1048577",
            "Invalid",
            "max_connections=1048577: must be",
        ),
        (
            "max_connections_user_ns=0",
            "Invalid",
            "max_connections_user_ns=0: must be",
        ),
    ];
    for (parameter, error, line) in cases {
        assert_fails(&machine, parameter, error, line)?;
    }
    for edge in [
        "backlog=1",
        "backlog=65535",
        "max_connections=1",
        "max_connections=1048576",
    ] {
        machine.exec_ok(&format!("insmod khttpd.ko {edge} && rmmod khttpd"))?;
    }
    // The longest commands, and longer ones.
    let commands = |length: usize| format!("commands='{:#<length$}'", "max-connections 77;");
    machine.exec_ok(&format!(
        "insmod khttpd.ko {} && grep -qx 'max-connections 77' /dev/khttpd && rmmod khttpd",
        commands(2047)
    ))?;
    assert_fails(
        &machine,
        &commands(2048),
        "No space left",
        "khttpd: `max-connections 77;#",
    )?;
    let taken = machine.spawn("exec python3 -m http.server 8080")?;
    machine.exec_ok("for i in $(seq 6000); do curl -s -o /dev/null http://127.0.0.1:8080/ && exit 0; sleep 0.1; done; exit 1")?;
    assert_fails(
        &machine,
        "port=8080",
        "Address already in use",
        "listen [::]:8080: address already in use",
    )?;
    machine.exec_ok("insmod khttpd.ko port=8081 && rmmod khttpd")?;
    drop(taken);
    assert_quiet(&machine)
}

fn assert_fails(machine: &Machine, parameter: &str, error: &str, line: &str) -> Result {
    let mark = machine.log()?.mark();
    let output = machine.exec(&format!("insmod khttpd.ko {parameter}"))?;
    assert!(
        output.stderr_text().contains(error),
        "{parameter}: {}",
        output.stderr_text()
    );
    let log = machine.log()?.since(mark);
    let lines: Vec<_> = log
        .containing("khttpd: ")
        .map(|line| &line.text)
        .filter(|text| !text.contains("taint"))
        .collect();
    assert!(
        lines.len() == 1 && lines[0].contains(line),
        "{parameter}: {lines:?}"
    );
    machine.exec_ok("! test -e /dev/khttpd && ! grep -q khttpd /proc/modules")?;
    Ok(())
}

#[test]
fn port_0_loads_without_listening() -> Result {
    let machine = Shared::take()?;
    machine.exec_ok("insmod khttpd.ko port=0 && ! grep -q '^listen' /dev/khttpd && grep -q '^# entries' /dev/khttpd")?;
    machine.exec_ok("! curl -s -o /dev/null http://127.0.0.1:8080/ && rmmod khttpd")?;
    assert_quiet(&machine)
}

#[test]
fn connections_beyond_max_connections_wait() -> Result {
    let machine = Shared::take()?;
    machine.exec_ok(&format!(
        "insmod khttpd.ko max_connections=4 commands='timeout idle {NEVER}'"
    ))?;
    put_guest(&machine, &["idle.py"])?;
    let clients = machine.spawn("exec python3 /tmp/idle.py 4")?;
    wait_for(&machine, "connections", 4)?;
    let fifth = machine.spawn("exec curl -s --fail -o /dev/null http://127.0.0.1:8080/")?;
    // The time in which a server that ignores the limit would serve it.
    std::thread::sleep(Duration::from_millis(1500));
    assert!(fifth.is_running(), "the fifth client was served");
    machine.exec_ok("grep -qx '# connections 4' /dev/khttpd")?;
    drop(clients);
    let output = fifth.wait(HANG)?;
    assert_eq!(
        output.status,
        machine::Status::Exited(0),
        "the fifth client was not served after the others had closed"
    );
    machine.exec_ok("rmmod khttpd")?;
    assert_quiet(&machine)
}
