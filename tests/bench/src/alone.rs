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

/// Measures the instructions of each server per response, `rounds` times over.
pub(crate) fn measure(
    machine: &Machine,
    runs: &[(Case, Server)],
    rounds: u32,
    seconds: Option<f64>,
) -> Result<Vec<Alone>> {
    let host = rates::address(machine)?;
    let loads = runs
        .iter()
        .map(|(case, server)| Load::probed(machine, case, *server));
    let loads = loads.collect::<Result<Vec<_>>>()?;
    let spare = Spare::start(machine)?;
    let mut found: Vec<Vec<f64>> = runs.iter().map(|_| Vec::new()).collect();
    for round in 1..=rounds {
        for ((load, (case, server)), found) in loads.iter().zip(runs).zip(&mut found) {
            let (name, server) = (case.name, server.name());
            let duration = Duration::from_secs_f64(seconds.unwrap_or(case.seconds * PART));
            let run = || load.crowd(host, duration).run();
            let doing = || format!("{name}: requests to {server}");
            let (waits, lost) = spare.lost(|| run().map_err(Error::io(doing())))?;
            let instructions = lost / waits.len() as f64;
            eprintln!("{round} of {rounds}: {name:14} {server:9} {instructions:12.0}");
            found.push(instructions);
        }
    }
    let alone = |((case, server), found): (&(Case, Server), Vec<f64>)| {
        Some(Alone {
            case: case.name.into(),
            server: server.name().into(),
            instructions: Summary::of(found)?,
        })
    };
    Ok(runs.iter().zip(found).filter_map(alone).collect())
}
