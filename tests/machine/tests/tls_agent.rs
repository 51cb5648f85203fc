// SPDX-License-Identifier: GPL-2.0-only

//! The TLS agent: clients shake hands with it, and khttpd serves them.

mod common;

use common::program::run;
use common::{machine, put_guest, scaled_count, unload, Result};

const PROGRAMS: [&str; 12] = [
    "status.py",
    "process.py",
    "stream.py",
    "exchanges.py",
    "khttpd_tls.py",
    "tls_flight.py",
    "tls_handshakes.py",
    "tls_hostile.py",
    "tls_relay.py",
    "tls_restart.py",
    "tls_same_flight.py",
    "tls_storm.py",
];

/// Runs programs in a machine of their own that serves and has the agent, and unloads the module.
/// Each case of a program has an agent of its own, and leaves khttpd idle.
fn check(commands: &[&str]) -> Result {
    let machine = machine()?.tls_agent()?.boot()?;
    machine.exec_ok("insmod khttpd.ko")?;
    put_guest(&machine, &PROGRAMS)?;
    for command in commands {
        run(&machine, command)?;
    }
    unload(&machine)
}

#[test]
fn client_and_agent_agree_on_version_suite_protocol_certificate_and_session() -> Result {
    check(&[
        "tls_handshakes.py versions ciphers listener protocols names resumption clients",
        "tls_same_flight.py",
    ])
}

#[test]
fn hostile_and_slow_clients_harm_no_other() -> Result {
    check(&["tls_hostile.py plain garbage slow bound full flood"])
}

#[test]
fn agent_ends_restarts_and_changes_without_harm_to_served_connections() -> Result {
    check(&["tls_restart.py stop queued killed renewed reloaded unprivileged"])
}

#[test]
fn client_gets_the_same_bytes_over_tls_as_from_the_process() -> Result {
    check(&["tls_relay.py nginx websocket mixed header"])
}

#[test]
fn relay_ends_when_and_as_its_sides_do() -> Result {
    check(&["tls_relay.py ends large slow idle bound absent"])
}

/// Checks so many storms of so many handshakes each, and another one while the agent is killed.
fn check_storms(storms: u32, count: u32) -> Result {
    let count = scaled_count(count);
    let mut commands: Vec<_> = (0..storms)
        .map(|seed| format!("tls_storm.py {count} {seed}"))
        .collect();
    commands.push(format!("tls_storm.py {count} {storms} killed"));
    check(&commands.iter().map(String::as_str).collect::<Vec<_>>())
}

#[test]
fn handshakes_that_end_in_each_flight_harm_no_other() -> Result {
    check_storms(1, 160)
}

/// The time of a command is limited.
#[test]
#[ignore = "long: make test-long"]
fn ten_thousand_handshakes_that_end_in_each_flight() -> Result {
    check_storms(8, 1250)
}
