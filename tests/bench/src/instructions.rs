// SPDX-License-Identifier: GPL-2.0-only

//! Measure (a): instructions per request, client and server together.

use std::time::Duration;

use machine::{Accelerator, Builder, Machine, Process, Result};

use crate::case::Case;
use crate::guest::{self, SCRIPT};
use crate::load::{Counts, Load};
use crate::results::Instructions;
use crate::server::Server;

/// Time limit on the host for a second of the guest.
const SLOWNESS: Duration = Duration::from_secs(60);

/// Time until the caches are warm.
const WARM_UP_SECONDS: f64 = 0.1;

/// Idle time below this fraction is noise of its accounting.
const IDLE_MOST: f64 = 0.05;

/// Configures a machine whose clock counts instructions.
pub(crate) fn builder(floor: &[u8]) -> Result<Builder> {
    Ok(guest::builder(floor)?
        .cpus(1)
        .accelerator(Accelerator::Counting))
}

/// Measures instructions per request.
pub(crate) fn measure(
    machine: &Machine,
    case: &Case,
    server: Server,
    seconds: Option<f64>,
) -> Result<Instructions> {
    let load = Load::probed(machine, case, server)?;
    server.begin_log(machine, case)?;
    let seconds = seconds.unwrap_or(case.seconds);
    let wrk = |seconds: f64| load.wrk("127.0.0.1", SCRIPT, 1, seconds);
    let command = format!("{} >/dev/null; {}", wrk(WARM_UP_SECONDS), wrk(seconds));
    let output = machine.exec_within(&command, SLOWNESS.mul_f64(seconds + 1.0))?;
    let counts = Counts::parse(case, &output.stdout_text())?;
    server.end_log(machine)?;
    Ok(Instructions {
        case: case.name.into(),
        server: server.name().into(),
        // A nanosecond is an instruction or an idle equivalent.
        instructions: counts.seconds * 1e9 / counts.requests,
        waits: counts.idle > IDLE_MOST,
    })
}

/// Runs the same load until the result is dropped.
pub(crate) fn endless(machine: &Machine, case: &Case, server: Server) -> Result<Process> {
    let load = Load::probed(machine, case, server)?;
    machine.spawn(&load.endless_wrk("127.0.0.1", SCRIPT, 1))
}
