// SPDX-License-Identifier: GPL-2.0-only

//! Loading, commands, requests, relays and namespaces, all at the same time and in random order.

mod common;

use common::memory::{forget_soon, lost_in_each};
use common::random::{seed, setting};
use common::{assert_quiet, machine, put_guest, scaled_time, Result, HANG};
use machine::Machine;

/// Further rounds while some kind of operation has not succeeded yet.
const MORE_ROUNDS: u64 = 10;

/// Objects that a cache may gain in a round without a leak.
const LOST_AT_LEAST: i64 = 50;

/// Runs `guest/chaos.py` for a number of cycles; returns its counts.
fn chaos(machine: &Machine, seed: u64, cycles: u32) -> Result<String> {
    let command = format!("exec python3 /tmp/chaos.py {seed} {cycles}");
    let output = machine.exec_within(&command, scaled_time(HANG * cycles.div_ceil(8)))?;
    let said = output.stdout_text();
    println!("{}", said.trim_end());
    assert!(output.status.success(), "{said}\n{}", output.stderr_text());
    Ok(said.into_owned())
}

/// Returns the kinds of operations that have never succeeded.
fn missing(said: &str) -> Vec<&'static str> {
    let mut names = vec![
        "cycles=",
        "writes=",
        "reads=",
        "relayed-bytes=",
        "namespaces=",
        "responses-200=",
    ];
    names.retain(|name| !said.split_whitespace().any(|count| count.starts_with(name)));
    names
}

fn run_cycles(cycles: u32) -> Result {
    let seed = seed()?;
    let machine = machine()?.boot()?;
    put_guest(
        &machine,
        &[
            "shared_state.py",
            "commanders.py",
            "relays.py",
            "clients.py",
            "namespaces.py",
            "chaos.py",
            "system_calls.py",
        ],
    )?;
    forget_soon(&machine)?;
    // The first round fills caches. In fewer than three cycles few operations succeed.
    let first = cycles.div_ceil(10).max(3);
    let mut said = chaos(&machine, seed, first)?;
    let others = cycles - first;
    let mut round = 0;
    let lost = lost_in_each(&machine, LOST_AT_LEAST.max(others.into()), || {
        round += 1;
        said += &chaos(&machine, seed + round, others)?;
        Ok(())
    })?;
    // Which operations coincide is up to the machine.
    for more in 1..=MORE_ROUNDS {
        if !missing(&said).is_empty() {
            said += &chaos(&machine, seed + round + more, others)?;
        }
    }
    let missing = missing(&said);
    assert!(missing.is_empty(), "never succeeded: {missing:?}: {said}");
    assert!(lost.is_empty(), "objects lost in every round: {lost:?}");
    assert_quiet(&machine)
}

#[test]
fn random_operations_under_load_are_correct_and_leak_nothing() -> Result {
    run_cycles(8)
}

#[test]
#[ignore = "long: make test-long"]
fn thousand_cycles_of_random_operations_are_correct_and_leak_nothing() -> Result {
    run_cycles(u32::try_from(setting("KHTTPD_CYCLES", 1000)?)?)
}
