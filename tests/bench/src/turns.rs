// SPDX-License-Identifier: GPL-2.0-only

//! How long khttpd's longest turn in softirq takes: what a CPU does for one connection before it is others' turn.
//!
//! The module must have been built with `SOFTIRQ_LATENCY=y`.

use machine::{Error, Machine, Result};

use crate::case::{Case, Flow};
use crate::instructions;
use crate::results::Turn;
use crate::server::Server;

/// As many requests as a turn may answer, and more.
const DEPTH: u32 = 64;

/// How many billions of instructions each load takes.
const SECONDS: f64 = 0.5;

/// What makes turns long, besides all cases.
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
        field: Some("Range: bytes=0-9,100-4999,10000-19999,30000-30009,40000-49999,60000-60009,70000-79999,-10"),
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

/// The longest turn under the load of `case`.
pub(crate) fn measure(machine: &Machine, case: &Case) -> Result<Turn> {
    longest(machine)?;
    instructions::measure(machine, case, Server::Khttpd, Some(SECONDS))?;
    Ok(Turn {
        case: case.name.into(),
        instructions: longest(machine)?,
    })
}

/// The longest turn since this was asked last, by a clock that goes on by a nanosecond with each instruction.
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
            Error::Setup("this khttpd.ko has no clock; run this by make bench-latency".into())
        })
}
