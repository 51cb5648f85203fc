// SPDX-License-Identifier: GPL-2.0-only

//! Memory that fails, at any moment: what was begun is undone, and said; what there was goes on.
//!
//! The kernel must be able to let allocations fail (`make test-faults`, on the kernel of tests/tools/kernel/config.sanitize).

mod common;

use std::time::Duration;

use common::{look_for_leaks, machine, serving, Result};
use machine::{Kind, Machine};

/// Runs a part of `guest/faults.py`.
fn faults(machine: &Machine, part: &str) -> Result {
    machine.put_file("/tmp/faults.py", 0o600, include_bytes!("guest/faults.py"))?;
    let output = machine
        .spawn(&format!("exec python3 /tmp/faults.py {part}"))?
        .wait(Duration::from_secs(1800))?;
    print!("{}", output.stdout_text());
    assert!(output.status.success(), "{}", output.stderr_text());
    machine.exec_ok("rmmod khttpd")?;
    look_for_leaks(machine)?;
    // That memory is short is no trouble here.
    let mut trouble = machine.log()?.trouble();
    trouble.retain(|trouble| trouble.kind != Kind::Memory);
    assert!(trouble.is_empty(), "the kernel's log: {trouble:#?}");
    Ok(())
}

#[test]
#[ignore = "needs memory that fails: make test-faults"]
fn loading_is_undone_at_every_allocation_that_fails() -> Result {
    faults(&machine()?.boot()?, "load /root/khttpd.ko")
}

#[test]
#[ignore = "needs memory that fails: make test-faults"]
fn a_command_changes_all_or_nothing_at_every_allocation_that_fails() -> Result {
    faults(&serving()?, "commands")
}

#[test]
#[ignore = "needs memory that fails: make test-faults"]
fn nodes_say_why_at_every_allocation_that_fails() -> Result {
    faults(&serving()?, "nodes")
}

#[test]
#[ignore = "needs memory that fails: make test-faults"]
fn a_reply_that_finds_no_memory_waits_for_it_in_peace() -> Result {
    let machine = serving()?;
    machine.put_file("/tmp/packet.py", 0o600, include_bytes!("guest/packet.py"))?;
    faults(&machine, "sending")
}

#[test]
#[ignore = "needs memory that fails: make test-faults"]
fn replies_are_right_or_break_off_while_memory_fails_by_chance() -> Result {
    faults(&serving()?, "serving 60")
}
