// SPDX-License-Identifier: GPL-2.0-only

//! Clients that connect and writers that wait or are killed while the configuration changes.

mod common;

use common::{assert_quiet, put_guest, rounds, scaled_count, serving, Result, PYTHON};

/// Runs a case of `guest/change.py`.
fn run(case: &str, count: u32) -> Result {
    run_guest("change.py", &format!("{case} {count}"))
}

/// Runs a program of `guest/`.
fn run_guest(program: &str, arguments: &str) -> Result {
    let machine = serving()?;
    put_guest(&machine, &["status.py", "system_calls.py", program])?;
    let command = format!("exec {PYTHON} /tmp/{program} {arguments}");
    let output = machine.exec(&command)?;
    assert!(
        output.status.success(),
        "{}\n{}",
        output.stderr_text(),
        machine.exec_ok("cat /dev/khttpd")?
    );
    machine.exec_ok("rmmod khttpd")?;
    assert_quiet(&machine)
}

#[test]
fn specific_address_replaces_wildcard_while_clients_wait_in_the_backlog() -> Result {
    run("moves", rounds(10))
}

#[test]
fn killed_waiting_writer_does_not_block_the_next_writer() -> Result {
    run("killed", scaled_count(20_000))
}

#[test]
fn connection_made_during_start_stays_open() -> Result {
    run("starts", rounds(50))
}

#[test]
fn refused_transaction_resets_no_client_in_a_backlog() -> Result {
    run_guest("replace.py", "refused")
}

#[test]
fn new_listeners_accept_no_client_before_the_transaction_is_certain() -> Result {
    run_guest("replace.py", "pending")
}

#[test]
fn no_process_can_listen_beside_a_listener() -> Result {
    run_guest("replace.py", "beside")
}
