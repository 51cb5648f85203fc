// SPDX-License-Identifier: GPL-2.0-only

//! Loads and waits that signals interrupt.

use std::io::Write;

use machine::Accelerator;

use crate::common::{assert_quiet, machine, put_guest, scaled_count, Result, PYTHON};

/// Runs a case of `guest/interrupt.py`. The machine's clock counts instructions, so that a busy
/// host does not change measured times.
fn interrupt(case: &str) -> Result {
    let machine = machine()?
        .cpus(1)
        .accelerator(Accelerator::Counting)
        .boot()?;
    put_guest(&machine, &["status.py", "system_calls.py", "interrupt.py"])?;
    let said = machine.exec_ok(&format!(
        "insmod khttpd.ko && {PYTHON} /tmp/interrupt.py {case} {}",
        scaled_count(1000)
    ))?;
    say!("{case}: {}", said.trim());
    assert_quiet(&machine)
}

#[test]
fn signal_interrupts_a_load_that_applies_rules() -> Result {
    interrupt("rules")
}

#[test]
fn signal_interrupts_a_load_that_compresses() -> Result {
    interrupt("compression")
}

#[test]
fn load_reports_progress_and_is_interruptible() -> Result {
    interrupt("files")
}

#[test]
fn signal_interrupts_a_writer_that_waits_for_another() -> Result {
    interrupt("waits")
}
