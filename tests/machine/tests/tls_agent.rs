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
fn every_version_and_cipher_suite_reaches_khttpd() -> Result {
    check(&["tls_handshakes.py versions", "tls_handshakes.py ciphers"])
}

#[test]
fn client_of_a_tls_listener_is_served() -> Result {
    check(&["tls_handshakes.py listener"])
}

#[test]
fn only_http_1_1_is_negotiated() -> Result {
    check(&["tls_handshakes.py protocols"])
}

#[test]
fn certificate_is_that_of_the_host() -> Result {
    check(&["tls_handshakes.py names"])
}

#[test]
fn session_is_resumed_unless_tickets_are_off() -> Result {
    check(&["tls_handshakes.py resumption"])
}

#[test]
fn client_certificates_are_verified() -> Result {
    check(&["tls_handshakes.py clients"])
}

#[test]
fn request_in_the_flight_of_finished_is_served_once() -> Result {
    check(&["tls_same_flight.py"])
}

#[test]
fn plain_http_and_garbage_are_refused_in_words() -> Result {
    check(&["tls_hostile.py plain", "tls_hostile.py garbage"])
}

#[test]
fn slow_handshakes_are_bounded_in_time_and_number() -> Result {
    check(&["tls_hostile.py slow", "tls_hostile.py bound"])
}

#[test]
fn client_waits_while_khttpd_is_full() -> Result {
    check(&["tls_hostile.py full"])
}

#[test]
fn failures_do_not_flood_the_log() -> Result {
    check(&["tls_hostile.py flood"])
}

#[test]
fn end_of_the_agent_loses_only_handshakes_under_way() -> Result {
    check(&[
        "tls_restart.py stop",
        "tls_restart.py queued",
        "tls_restart.py killed",
    ])
}

#[test]
fn certificates_and_configuration_change_under_load() -> Result {
    check(&["tls_restart.py renewed", "tls_restart.py reloaded"])
}

#[test]
fn agent_runs_without_privileges() -> Result {
    check(&["tls_restart.py unprivileged"])
}

#[test]
fn client_gets_the_same_bytes_over_tls_as_from_nginx() -> Result {
    check(&["tls_relay.py nginx"])
}

#[test]
fn websocket_over_tls_is_that_of_the_process() -> Result {
    check(&["tls_relay.py websocket"])
}

#[test]
fn requests_for_khttpd_and_then_for_a_process_share_a_connection() -> Result {
    check(&["tls_relay.py mixed", "tls_relay.py header"])
}

#[test]
fn relay_passes_ends_and_large_contents_on() -> Result {
    check(&["tls_relay.py ends", "tls_relay.py large"])
}

#[test]
fn slow_client_gets_the_end_of_a_relayed_response() -> Result {
    check(&["tls_relay.py slow"])
}

#[test]
fn relays_are_bounded_in_time_and_number() -> Result {
    check(&["tls_relay.py idle", "tls_relay.py bound"])
}

#[test]
fn client_gets_503_when_no_process_listens() -> Result {
    check(&["tls_relay.py absent"])
}

#[test]
fn handshakes_that_end_in_each_flight_harm_no_other() -> Result {
    let count = scaled_count(400);
    check(&[
        &format!("tls_storm.py {count}"),
        &format!("tls_storm.py {count} killed"),
    ])
}

#[test]
#[ignore = "long: make test-long"]
fn ten_thousand_handshakes_that_end_in_each_flight() -> Result {
    let count = scaled_count(10_000);
    check(&[
        &format!("tls_storm.py {count}"),
        &format!("tls_storm.py {count} killed"),
    ])
}
