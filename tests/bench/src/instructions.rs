// SPDX-License-Identifier: GPL-2.0-only

//! Measure (a): instructions per request, client and server together.

use std::time::Duration;

use machine::{Accelerator, Builder, Machine, Process, Result};

use crate::case::Case;
use crate::guest::{self, SCRIPT};
use crate::load::{self, Counts};
use crate::server::Server;

/// How long a second of the guest may take.
const SLOWNESS: Duration = Duration::from_secs(60);

/// A machine whose clock counts instructions.
pub(crate) fn builder(floor: &[u8]) -> Result<Builder> {
    Ok(guest::builder(floor)?
        .cpus(1)
        .accelerator(Accelerator::Counting))
}

/// Instructions per request.
pub(crate) fn measure(
    machine: &Machine,
    case: &Case,
    server: Server,
    seconds: Option<u32>,
) -> Result<f64> {
    let tag = load::probe(machine, case, server)?;
    let seconds = seconds.unwrap_or(case.seconds);
    let command = load::wrk(case, server, "127.0.0.1", SCRIPT, &tag, seconds);
    let warm_up = format!("timeout --signal INT 0.1 {command}");
    machine.exec_within(&warm_up, SLOWNESS)?;
    let output = machine.exec_within(&command, SLOWNESS * (seconds + 1))?;
    let counts = Counts::parse(case, &output.stdout_text())?;
    // A nanosecond is an instruction.
    Ok(counts.seconds * 1e9 / counts.requests)
}

/// The same load, until what is given is dropped.
pub(crate) fn endless(machine: &Machine, case: &Case, server: Server) -> Result<Process> {
    let tag = load::probe(machine, case, server)?;
    machine.spawn(&load::wrk(case, server, "127.0.0.1", SCRIPT, &tag, 1_000_000))
}
