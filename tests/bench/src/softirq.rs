// SPDX-License-Identifier: GPL-2.0-only

//! The longest softirq run of khttpd: the time that a CPU serves one connection before others.
//!
//! Requires a module built with `SOFTIRQ_LATENCY=y`.

use machine::{Error, Machine, Result};

use crate::case::{Case, Flow};
use crate::instructions;
use crate::results::SoftirqRun;
use crate::server::Server;

/// Pipeline depth, more than the budget of requests.
const DEPTH: u32 = 64;

/// Billions of instructions per load.
const SECONDS: f64 = 0.5;

/// Loads with long softirq runs, in addition to all cases.
pub(crate) const LOADS: [Case; 6] = [
    Case {
        name: "pipelined-64",
        flow: Flow::Pipelined(DEPTH),
        ..crate::case::PLAIN
    },
    Case {
        name: "longest heads, pipelined-64",
        flow: Flow::LongHeads(DEPTH),
        ..crate::case::PLAIN
    },
    Case {
        name: "404, pipelined-64",
        path: "/nothing",
        status: 404,
        size: None,
        flow: Flow::Pipelined(DEPTH),
        ..crate::case::PLAIN
    },
    Case {
        name: "16KiB, pipelined-64",
        path: "/16k.html",
        size: Some(16 << 10),
        flow: Flow::Pipelined(DEPTH),
        ..crate::case::PLAIN
    },
    Case {
        name: "8 ranges, pipelined-64",
        path: "/1m.html",
        field: Some(concat!(
            "Range: bytes=0-9,100-4999,10000-19999,30000-30009,40000-49999,",
            "60000-60009,70000-79999,-10"
        )),
        status: 206,
        size: None,
        flow: Flow::Pipelined(DEPTH),
        ..crate::case::PLAIN
    },
    Case {
        name: "1MiB, pipelined-64",
        path: "/1m.html",
        size: Some(1 << 20),
        flow: Flow::Pipelined(DEPTH),
        ..crate::case::PLAIN
    },
];

/// Measures the longest softirq run under the load of `case`.
pub(crate) fn measure(machine: &Machine, case: &Case) -> Result<SoftirqRun> {
    longest(machine)?;
    instructions::measure(machine, case, Server::Khttpd, Some(SECONDS))?;
    Ok(SoftirqRun {
        case: case.name.into(),
        instructions: longest(machine)?,
    })
}

/// Reads and resets the longest softirq run, by a clock that advances one nanosecond per
/// instruction.
fn longest(machine: &Machine) -> Result<f64> {
    let status = machine.exec_ok("cat /dev/khttpd")?;
    status
        .lines()
        .find_map(|line| {
            line.strip_prefix("# longest-softirq-nanoseconds ")?
                .parse()
                .ok()
        })
        .ok_or_else(|| {
            Error::Setup(
                "khttpd.ko was built without SOFTIRQ_LATENCY; use `make bench-latency`".into(),
            )
        })
}
