// SPDX-License-Identifier: GPL-2.0-only

//! The module lives through all that can be done to it at the same time, and leaves nothing behind.

mod common;

use std::time::Duration;

use common::memory::{forget_soon, lost_in_each};
use common::random::{seed, setting};
use common::{assert_quiet, machine, patience, Result};
use machine::Machine;

/// How long a cycle of loading and unloading may take, when the host does other things too.
const CYCLE_LIMIT: Duration = Duration::from_secs(30);

/// Fewer objects than this may have gone to a cache that fills up.
const LOST_AT_LEAST: i64 = 50;

/// So many cycles by `guest/chaos.py`, and what it has counted.
fn chaos(machine: &Machine, seed: u64, cycles: u32) -> Result<String> {
    let command = format!("exec python3 /tmp/chaos.py {seed} {cycles}");
    let output = machine.exec_within(&command, patience(CYCLE_LIMIT * (cycles + 4)))?;
    let said = output.stdout_text();
    println!("{}", said.trim_end());
    assert!(output.status.success(), "{said}\n{}", output.stderr_text());
    Ok(said.into_owned())
}

/// Fails if something has never succeeded.
fn assert_all_happened(said: &str) {
    for name in [
        "cycles=",
        "writes=",
        "reads=",
        "relayed-bytes=",
        "namespaces=",
        "replies-200=",
    ] {
        let mut counts = said.split_whitespace();
        assert!(
            counts.any(|count| count.starts_with(name)),
            "no {name}: {said}"
        );
    }
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
    assert_all_happened(&said);
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
