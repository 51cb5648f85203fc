// SPDX-License-Identifier: GPL-2.0-only

//! The module can be loaded and unloaded at any time, and leaves nothing behind.

mod common;

use std::time::{Duration, Instant};

use common::memory::{forget_soon, lost_in_each};
use common::{assert_quiet, machine, never_time_out, serving, wait_for, wait_until, Result, HANG, NEVER};
use machine::Machine;

const CYCLES: u32 = 100;

#[test]
fn hundred_loads_and_unloads_under_load_leave_nothing_behind() -> Result {
    let machine = machine()?.boot()?;
    forget_soon(&machine)?;
    // The first time allocates what stays, such as the module's text in caches.
    let cycles = |count| -> Result {
        let load = machine
            .spawn("while :; do wrk -t1 -c64 -d10 http://127.0.0.1:8080/ > /tmp/wrk 2>&1; done")?;
        for _ in 0..count {
            machine.exec_ok("insmod khttpd.ko; for i in $(seq 6000); do grep -q '# requests 0' /dev/khttpd || break; sleep 0.01; done; sleep 0.1; cat /dev/khttpd > /tmp/node; rmmod khttpd")?;
            let node = machine.exec_ok("cat /tmp/node")?;
            assert!(!node.contains("# requests 0\n"), "no load: {node}");
        }
        load.signal(9)?;
        let _ = load.wait(HANG)?;
        machine.exec("pkill wrk")?;
        wait_until(&machine, "! pgrep wrk > /dev/null")
    };
    let first = 5;
    cycles(first)?;
    let others = CYCLES - first;
    let suspects = lost_in_each(&machine, others.into(), || cycles(others))?;
    assert!(suspects.is_empty(), "lost in every cycle: {suspects:?}");
    assert_quiet(&machine)
}

#[test]
fn unloading_with_ten_thousand_connections_open_waits_for_none_of_them() -> Result {
    let machine = serving()?;
    // None of them is thrown out before the last has come, or ends while the module is unloaded.
    never_time_out(&machine)?;
    machine.put_file("/tmp/idle.py", 0o600, include_bytes!("guest/idle.py"))?;
    let clients = machine.spawn("exec python3 /tmp/idle.py 10000")?;
    let begin = Instant::now();
    while clients.stdout_so_far().is_empty() {
        assert!(
            clients.is_running() && begin.elapsed() < HANG,
            "no 10,000 connections"
        );
        std::thread::sleep(Duration::from_millis(50));
    }
    // Those who say nothing are accepted after a second.
    wait_for(&machine, "connections", 10_000)?;
    let begin = Instant::now();
    machine.exec_ok("rmmod khttpd")?;
    println!("10000 connections, unloaded in {:?}", begin.elapsed());
    assert!(clients.is_running(), "the clients did not stay");
    drop(clients);
    machine.exec_ok(
        "insmod khttpd.ko && curl -s --fail -o /dev/null http://127.0.0.1:8080/ && rmmod khttpd",
    )?;
    assert_quiet(&machine)
}

#[test]
fn wrong_parameters_fail_with_their_errno_and_one_line_and_leave_nothing() -> Result {
    let machine = machine()?.boot()?;
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
    // As long as they may be, and longer.
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
        .filter(|text| !text.contains("taints"))
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
    let machine = machine()?.boot()?;
    machine.exec_ok("insmod khttpd.ko port=0 && ! grep -q '^listen' /dev/khttpd && grep -q '^# entries' /dev/khttpd")?;
    machine.exec_ok("! curl -s -o /dev/null http://127.0.0.1:8080/ && rmmod khttpd")?;
    assert_quiet(&machine)
}

#[test]
fn connections_beyond_max_connections_wait_their_turn() -> Result {
    let machine = machine()?.boot()?;
    machine.exec_ok(&format!(
        "insmod khttpd.ko max_connections=4 commands='timeout idle {NEVER}'"
    ))?;
    machine.put_file("/tmp/idle.py", 0o600, include_bytes!("guest/idle.py"))?;
    let clients = machine.spawn("exec python3 /tmp/idle.py 4")?;
    wait_for(&machine, "connections", 4)?;
    let fifth = machine.spawn("exec curl -s --fail -o /dev/null http://127.0.0.1:8080/")?;
    // Time for a server to do what it should not.
    std::thread::sleep(Duration::from_millis(1500));
    assert!(fifth.is_running(), "the fifth was served");
    machine.exec_ok("grep -qx '# connections 4' /dev/khttpd")?;
    drop(clients);
    let output = fifth.wait(HANG)?;
    assert_eq!(
        output.status,
        machine::Status::Exited(0),
        "the fifth was not served after the others had left"
    );
    machine.exec_ok("rmmod khttpd")?;
    assert_quiet(&machine)
}
