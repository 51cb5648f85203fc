// SPDX-License-Identifier: GPL-2.0-only

//! Failing allocations: each operation succeeds or is undone and reports its error.
//!
//! The kernel needs fault injection (`make test-faults`, with tests/tools/kernel/config.sanitize).

mod common;

use std::time::Duration;

use common::{check_kmemleak, machine, put_guest, Result};
use machine::{Kind, Machine};

/// Boots a machine that serves. No other test gets it, because faults may be left to come.
fn serving() -> Result<Machine> {
    let machine = machine()?.boot()?;
    machine.exec_ok("insmod khttpd.ko")?;
    Ok(machine)
}

/// Runs a case of `guest/faults.py`.
fn faults(machine: &Machine, part: &str) -> Result {
    put_guest(
        machine,
        &[
            "injection.py",
            "fetching.py",
            "fault_peers.py",
            "system_calls.py",
            "faults.py",
        ],
    )?;
    run(machine, &format!("faults.py {part}"))
}

/// Runs a program of `guest/`, unloads the module, and checks the kernel's log.
fn run(machine: &Machine, command: &str) -> Result {
    let output = machine
        .spawn(&format!("exec python3 /tmp/{command}"))?
        .wait(Duration::from_secs(1800))?;
    print!("{}", output.stdout_text());
    assert!(output.status.success(), "{}", output.stderr_text());
    machine.exec_ok("rmmod khttpd")?;
    check_kmemleak(machine)?;
    // A lack of memory is expected here.
    let mut trouble = machine.log()?.trouble();
    trouble.retain(|trouble| trouble.kind != Kind::Memory);
    assert!(trouble.is_empty(), "the kernel's log: {trouble:#?}");
    Ok(())
}

#[test]
#[ignore = "needs fault injection: make test-faults"]
fn module_load_is_undone_at_every_failing_allocation() -> Result {
    faults(&machine()?.boot()?, "load /root/khttpd.ko")
}

#[test]
#[ignore = "needs fault injection: make test-faults"]
fn command_is_atomic_at_every_failing_allocation() -> Result {
    faults(&serving()?, "commands")
}

#[test]
#[ignore = "needs fault injection: make test-faults"]
fn node_operations_report_the_error_at_every_failing_allocation() -> Result {
    faults(&serving()?, "nodes")
}

#[test]
#[ignore = "needs fault injection: make test-faults"]
fn connection_without_memory_waits_until_there_is_some() -> Result {
    let machine = machine()?.boot()?;
    put_guest(&machine, &["injection.py", "status.py", "unaccepted.py"])?;
    run(&machine, "unaccepted.py")
}

#[test]
#[ignore = "needs fault injection: make test-faults"]
fn hand_over_succeeds_or_is_503_at_every_failing_allocation() -> Result {
    let machine = serving()?;
    let programs = [
        "injection.py",
        "status.py",
        "stream.py",
        "process.py",
        "starved.py",
    ];
    put_guest(&machine, &programs)?;
    run(&machine, "starved.py")
}

/// Runs `guest/scarcity.py` with connections of a kind.
fn scarcity(kind: &str) -> Result {
    let machine = serving()?;
    let programs = [
        "injection.py",
        "status.py",
        "stream.py",
        "process.py",
        "adoption.py",
        "secure.py",
        "scarcity.py",
    ];
    put_guest(&machine, &programs)?;
    run(&machine, &format!("scarcity.py {kind}"))
}

#[test]
#[ignore = "needs fault injection: make test-faults"]
fn adoption_succeeds_or_reports_at_every_failing_allocation() -> Result {
    scarcity("plain")
}

#[test]
#[ignore = "needs fault injection: make test-faults"]
fn adoption_with_tls_succeeds_or_reports_at_every_failing_allocation() -> Result {
    scarcity("secure")
}

#[test]
#[ignore = "needs fault injection: make test-faults"]
fn response_without_memory_does_not_requeue_the_worker() -> Result {
    let machine = serving()?;
    put_guest(&machine, &["packet.py"])?;
    faults(&machine, "sending")
}

#[test]
#[ignore = "needs fault injection: make test-faults"]
fn responses_are_correct_or_truncated_under_random_allocation_failures() -> Result {
    faults(&serving()?, "serving 60")
}
