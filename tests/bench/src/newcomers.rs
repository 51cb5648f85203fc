// SPDX-License-Identifier: GPL-2.0-only

//! Waits of clients that start at once and keep the guest's CPU busy, from outside the guest.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use machine::{Error, Machine, Result};

use crate::case::Case;
use crate::client::Wait;
use crate::crowd::Crowd;
use crate::load::Load;
use crate::percentile::percentile;
use crate::rates;
use crate::results::{Newcomers, Summary, Waits};
use crate::server::Server;

/// The cases to measure: small files on connections that remain open.
pub(crate) const CASES: [&str; 3] = ["612B-8", "612B-64", "612B-1000"];

/// Default duration of a run in seconds.
const SECONDS: f64 = 4.0;

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
) -> Result<Vec<Newcomers>> {
    let mut found: Vec<Vec<Run>> = runs.iter().map(|_| Vec::new()).collect();
    let duration = Duration::from_secs_f64(seconds.unwrap_or(SECONDS));
    for round in 0..=rounds {
        for ((case, server), found) in runs.iter().zip(&mut found) {
            let run = run(machine, case, *server, duration)?;
            eprintln!(
                "{round} of {rounds}: {:10} {:9} {:6.0} responses/s, newcomers {:6.1} ms",
                case.name,
                server.name(),
                run.responses_per_second,
                run.first[1] / 1000.0,
            );
            if round > 0 {
                found.push(run);
            }
        }
    }
    let newcomers = |((case, server), found): (&(Case, Server), Vec<Run>)| {
        let of = |figures: fn(&Run) -> Figures| {
            Waits::of(&found.iter().map(figures).collect::<Vec<_>>())
        };
        Some(Newcomers {
            case: case.name.into(),
            server: server.name().into(),
            processor_time: Summary::of(found.iter().map(|run| run.processor_time))?,
            first: of(|run| run.first)?,
            all: of(|run| run.all)?,
        })
    };
    Ok(runs.iter().zip(found).filter_map(newcomers).collect())
}

fn run(machine: &Machine, case: &Case, server: Server, duration: Duration) -> Result<Run> {
    Load::probed(machine, case, server)?;
    let request = format!("GET {} HTTP/1.1\r\nHost: newcomers\r\n\r\n", case.path);
    let crowd = Crowd {
        address: SocketAddr::new(rates::address(machine)?, server.port()),
        request: request.as_bytes(),
        clients: case.connections,
        duration,
    };
    let doing = || format!("{}: requests to {}", case.name, server.name());
    let processor_time = || Ok(machine.processor_times()?.iter().sum::<u64>() as f64 / 100.0);
    let before = processor_time()?;
    let begin = Instant::now();
    let waits = crowd.run().map_err(Error::io(doing()))?;
    let seconds = begin.elapsed().as_secs_f64();
    let processor_time = (processor_time()? - before) / seconds;
    let first = waits.iter().filter(|wait| wait.is_first);
    let figures = figures(first).zip(figures(&waits));
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
    fn cases_exist_and_keep_their_connections() {
        for name in CASES {
            let case = Case::named(name);
            assert!(case.is_some_and(|case| case.flow == Flow::Same && case.field.is_none()));
        }
    }

    #[test]
    fn figures_are_those_of_single_waits() {
        let waits: Vec<_> = (1..=200)
            .map(|milliseconds| Wait {
                is_first: false,
                duration: Duration::from_millis(milliseconds),
            })
            .collect();
        assert_eq!(figures(&waits), Some([198_000.0, 200_000.0]));
        assert_eq!(figures(&[]), None);
    }
}
