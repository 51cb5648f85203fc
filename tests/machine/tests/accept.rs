// SPDX-License-Identifier: GPL-2.0-only

//! Connections between the SYN and the first response: handshakes that are not complete, the accept
//! queue, slots.

mod common;

use common::{assert_quiet, machine, put_guest, scaled_count, scaled_time, serving, Result, HANG};
use machine::Machine;

/// Runs a program of `guest/`.
fn run(machine: &Machine, command: &str) -> Result {
    let output = machine.exec_within(&format!("exec python3 /tmp/{command}"), scaled_time(HANG))?;
    println!("{}{}", output.stdout_text(), output.stderr_text());
    if !output.status.success() {
        println!(
            "{}",
            machine.exec_ok("cat /dev/khttpd; ss -tane | head -100")?
        );
    }
    assert!(output.status.success(), "{command} failed");
    Ok(())
}

#[test]
fn fast_open_children_are_served() -> Result {
    let machine = machine()?.boot()?;
    put_guest(&machine, &["status.py", "packet.py", "fast_open.py"])?;
    run(&machine, "fast_open.py")?;
    assert_quiet(&machine)
}

#[test]
fn killed_connections_leave_nothing() -> Result {
    let machine = serving()?;
    put_guest(&machine, &["status.py", "kills.py"])?;
    run(&machine, &format!("kills.py {}", scaled_count(3000)))?;
    machine.exec_ok("rmmod khttpd")?;
    assert_quiet(&machine)
}

/// The sweep, which comes once a second, would need more than the time of the test.
#[test]
fn more_clients_than_slots_are_served_in_turn() -> Result {
    let machine = serving()?;
    put_guest(&machine, &["status.py", "slots.py"])?;
    run(&machine, "slots.py 40")?;
    machine.exec_ok("rmmod khttpd")?;
    assert_quiet(&machine)
}
