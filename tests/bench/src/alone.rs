// SPDX-License-Identifier: GPL-2.0-only

//! Instructions per request of the server alone, whose clients are outside the guest.
//!
//! The guest's clock advances by a nanosecond with each instruction, and a program of the lowest
//! priority runs whenever the CPU has no other work. The instructions that it loses during a load
//! are those of the server: process, system calls, softirqs, and switches between them.

use std::time::Duration;

use machine::{Accelerator, Builder, Error, Machine, Result};

use crate::case::Case;
use crate::load::Load;
use crate::options::Options;
use crate::rates;
use crate::results::{Alone, Summary};
use crate::server::Server;
use crate::spare::Spare;

/// Duration of a run, as a part of the case's time.
const PART: f64 = 0.75;

/// Configures a machine whose clock counts instructions, and which is reached from outside.
pub(crate) fn builder(floor: &[u8]) -> Result<Builder> {
    let builder = rates::builder(floor, 1)?.accelerator(Accelerator::Counting);
    Spare::furnish(builder)
}

/// Measures the instructions of a server per response, `rounds` times over.
pub(crate) fn measure(
    machine: &Machine,
    spare: &Spare,
    (case, server): &(Case, Server),
    options: &Options,
) -> Result<Alone> {
    let load = Load::probed(machine, case, *server)?;
    let host = rates::address(machine)?;
    let duration = Duration::from_secs_f64(options.seconds.unwrap_or(case.seconds * PART));
    let doing = || format!("{}: requests to {}", case.name, server.name());
    let run = |_| {
        let waits = || {
            let waits = load.crowd(host, duration).run();
            waits.map_err(Error::io(doing()))
        };
        let (waits, lost) = spare.lost(waits)?;
        Ok(lost / waits.len() as f64)
    };
    let found = (0..options.rounds).map(run).collect::<Result<Vec<_>>>()?;
    let summary = Summary::of(found);
    Ok(Alone {
        case: case.name.into(),
        server: server.name().into(),
        instructions: summary.ok_or_else(|| Error::Setup("--rounds: must be 1 or more".into()))?,
    })
}
