// SPDX-License-Identifier: GPL-2.0-only

//! While a change is made, others come, wait, and are killed: nobody suffers by it who has no part in it.

mod common;

use common::{assert_quiet, fewer, serving, Result};

/// Runs a case of `guest/change.py`.
fn run(case: &str, count: u32) -> Result {
    let machine = serving()?;
    machine.put_file("/tmp/status.py", 0o600, include_bytes!("guest/status.py"))?;
    machine.put_file("/tmp/change.py", 0o600, include_bytes!("guest/change.py"))?;
    let command = format!("exec python3 /tmp/change.py {case} {count}");
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
fn one_address_takes_the_place_of_all_while_many_wait_to_be_accepted() -> Result {
    run("moves", fewer(10))
}

#[test]
fn when_a_writer_is_killed_that_waits_for_another_the_next_one_has_its_turn() -> Result {
    run("killed", fewer(20_000))
}

#[test]
fn who_comes_while_it_starts_is_served_on() -> Result {
    run("starts", fewer(50))
}
