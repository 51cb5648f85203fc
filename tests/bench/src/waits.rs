// SPDX-License-Identifier: GPL-2.0-only

//! Waits of clients outside the guest, which start at once and keep the guest's CPU busy.

use std::time::{Duration, Instant};

use machine::{Error, Machine, Result};

use crate::case::Case;
use crate::client::Wait;
use crate::load::Load;
use crate::percentile::percentile;
use crate::rates;
use crate::results::{Summary, Tail, Waits};
use crate::server::Server;

/// The cases of newcomers: small files on connections that remain open.
pub(crate) const NEWCOMERS: [&str; 3] = ["612B-8", "612B-64", "612B-1000"];

/// 99th percentile and longest wait of a run, in microseconds.
type Figures = [f64; 2];

/// Figures of one run.
struct Run {
    responses_per_second: f64,
    /// Fraction of the run in which the guest's CPU ran on a CPU of the host.
    processor_time: f64,
    first: Figures,
    all: Figures,
}

/// Measures each server in its cases, `rounds` times over and a first time to warm up.
pub(crate) fn measure(
    machine: &Machine,
    runs: &[(Case, Server)],
    rounds: u32,
    seconds: Option<f64>,
) -> Result<Vec<Waits>> {
    let mut found: Vec<Vec<Run>> = runs.iter().map(|_| Vec::new()).collect();
    for round in 0..=rounds {
        for ((case, server), found) in runs.iter().zip(&mut found) {
            let duration = Duration::from_secs_f64(seconds.unwrap_or(case.seconds));
            let run = run(machine, case, *server, duration)?;
            eprintln!(
                "{round} of {rounds}: {:12} {:9} {:6.0} responses/s, newcomers {:6.1} ms, \
                 p99 {:6.1} ms",
                case.name,
                server.name(),
                run.responses_per_second,
                run.first[1] / 1000.0,
                run.all[0] / 1000.0,
            );
            if round > 0 {
                found.push(run);
            }
        }
    }
    let waits = |((case, server), found): (&(Case, Server), Vec<Run>)| {
        let of =
            |figures: fn(&Run) -> Figures| Tail::of(&found.iter().map(figures).collect::<Vec<_>>());
        Some(Waits {
            case: case.name.into(),
            server: server.name().into(),
            processor_time: Summary::of(found.iter().map(|run| run.processor_time))?,
            first: of(|run| run.first)?,
            all: of(|run| run.all)?,
        })
    };
    Ok(runs.iter().zip(found).filter_map(waits).collect())
}

fn run(machine: &Machine, case: &Case, server: Server, duration: Duration) -> Result<Run> {
    let load = Load::probed(machine, case, server)?;
    let mut crowd = load.crowd(rates::address(machine)?, duration);
    let doing = || format!("{}: requests to {}", case.name, server.name());
    let processor_time = || Ok(machine.processor_times()?.iter().sum::<u64>() as f64 / 100.0);
    let before = processor_time()?;
    let begin = Instant::now();
    let waits = crowd.run().map_err(Error::io(doing()))?;
    let seconds = begin.elapsed().as_secs_f64();
    let processor_time = (processor_time()? - before) / seconds;
    let first = waits.iter().filter(|wait| wait.is_first);
    // A longer run for a client that waits does not add short waits of others.
    let all = waits.iter().filter(|wait| wait.begin < begin + duration);
    let figures = figures(first).zip(figures(all));
    let (first, all) = figures.ok_or_else(|| Error::Setup(format!("{}: no response", doing())))?;
    Ok(Run {
        responses_per_second: waits.len() as f64 / seconds,
        processor_time,
        first,
        all,
    })
}

/// Computes the figures of at least one wait.
fn figures<'a>(waits: impl IntoIterator<Item = &'a Wait>) -> Option<Figures> {
    let mut sorted: Vec<_> = waits.into_iter().map(|wait| wait.duration).collect();
    sorted.sort_unstable();
    let at = |per_mille| Some(percentile(&sorted, per_mille)?.as_secs_f64() * 1e6);
    Some([at(990)?, at(1000)?])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case::Flow;

    #[test]
    fn newcomers_exist_and_keep_their_connections() {
        for name in NEWCOMERS {
            let case = Case::named(name);
            assert!(case.is_some_and(|case| case.flow == Flow::Same && case.field.is_none()));
        }
    }

    #[test]
    fn figures_are_those_of_single_waits() {
        let waits: Vec<_> = (1..=200)
            .map(|milliseconds| Wait {
                is_first: false,
                begin: Instant::now(),
                duration: Duration::from_millis(milliseconds),
            })
            .collect();
        assert_eq!(figures(&waits), Some([198_000.0, 200_000.0]));
        assert_eq!(figures(&[]), None);
    }
}
