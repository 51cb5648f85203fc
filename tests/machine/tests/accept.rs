// SPDX-License-Identifier: GPL-2.0-only

//! Connections between the SYN and the first response: handshakes that are not complete, the accept
//! queue, slots.

mod common;

use common::program::{check, run};
use common::{assert_quiet, machine, put_guest, rounds, Result};

#[test]
fn fast_open_children_are_served() -> Result {
    let machine = machine()?.boot()?;
    put_guest(
        &machine,
        &["status.py", "process.py", "packet.py", "fast_open.py"],
    )?;
    run(&machine, "fast_open.py")?;
    assert_quiet(&machine)
}

#[test]
fn killed_connections_leave_nothing() -> Result {
    check(
        &["status.py", "kills.py"],
        &format!("kills.py {}", rounds(3000)),
    )
}

/// The sweep, which comes once a second, would need more than the time of the test.
#[test]
fn more_clients_than_slots_are_served_in_turn() -> Result {
    check(&["status.py", "slots.py"], "slots.py 40")
}
