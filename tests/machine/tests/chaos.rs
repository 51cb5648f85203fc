// SPDX-License-Identifier: GPL-2.0-only

//! The module lives through all that can be done to it at the same time, and leaves nothing behind.

mod common;

use common::memory::{forget_soon, lost_in_each};
use common::random::{seed, setting};
use common::{assert_quiet, machine, patience, Result, HANG};
use machine::Machine;

/// So often it goes on if something has not succeeded yet.
const MORE_ROUNDS: u64 = 10;

/// Fewer objects than this may have gone to a cache that fills up.
const LOST_AT_LEAST: i64 = 50;

/// So many cycles by `guest/chaos.py`, and what it has counted.
fn chaos(machine: &Machine, seed: u64, cycles: u32) -> Result<String> {
    let command = format!("exec python3 /tmp/chaos.py {seed} {cycles}");
    let output = machine.exec_within(&command, patience(HANG * cycles.div_ceil(8)))?;
    let said = output.stdout_text();
    println!("{}", said.trim_end());
    assert!(output.status.success(), "{said}\n{}", output.stderr_text());
    Ok(said.into_owned())
}

/// What has never succeeded.
fn missing(said: &str) -> Vec<&'static str> {
    let mut names = vec![
        "cycles=",
        "writes=",
        "reads=",
        "relayed-bytes=",
        "namespaces=",
        "replies-200=",
    ];
    names.retain(|name| !said.split_whitespace().any(|count| count.starts_with(name)));
    names
}

fn lives_through(cycles: u32) -> Result {
    let seed = seed()?;
    let machine = machine()?.boot()?;
    machine.put_file("/tmp/chaos.py", 0o600, include_bytes!("guest/chaos.py"))?;
    forget_soon(&machine)?;
    // The first time allocates what stays. In fewer cycles than three hardly anything happens.
    let first = cycles.div_ceil(10).max(3);
    let mut said = chaos(&machine, seed, first)?;
    let others = cycles - first;
    let mut round = 0;
    let lost = lost_in_each(&machine, LOST_AT_LEAST.max(others.into()), || {
        round += 1;
        said += &chaos(&machine, seed + round, others)?;
        Ok(())
    })?;
    // How all of it meets is up to the machine.
    for more in 1..=MORE_ROUNDS {
        if !missing(&said).is_empty() {
            said += &chaos(&machine, seed + round + more, others)?;
        }
    }
    let missing = missing(&said);
    assert!(missing.is_empty(), "no {missing:?}: {said}");
    assert!(lost.is_empty(), "lost in every cycle: {lost:?}");
    assert_quiet(&machine)
}

#[test]
fn life_under_load_in_random_order_is_right_and_leaves_nothing_behind() -> Result {
    lives_through(8)
}

#[test]
#[ignore = "long: make test-long"]
fn thousand_lives_under_load_in_random_order_are_right_and_leave_nothing_behind() -> Result {
    lives_through(u32::try_from(setting("KHTTPD_CYCLES", 1000)?)?)
}
