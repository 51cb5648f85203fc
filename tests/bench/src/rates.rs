// SPDX-License-Identifier: GPL-2.0-only

//! Measure (b): requests per second, and latency at a fixed rate, from outside the guest.

use std::collections::BTreeMap;
use std::net::IpAddr;

use machine::{Builder, Error, Machine, Net, Result};

use crate::case::Case;
use crate::guest;
use crate::host;
use crate::load::{Counts, Load};
use crate::options::Options;
use crate::percentile::percentile;
use crate::results::{Latency, Percentiles, Rate, Summary};
use crate::server::Server;

/// wrk's script on the host.
const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/guest/wrk.lua");

/// Default duration of a run.
const SECONDS: f64 = 1.5;

/// Cases that show scaling with CPUs, unless others are given.
const SPREAD_CASES: [&str; 5] = ["612B-64", "612B-1000", "closing", "16KiB", "random-10000"];

/// Number of connections in measurements of latency.
const CLIENTS: u32 = 64;

/// Makes each CPU receive the packets of its own queue. All queues share one interrupt, which goes
/// to one CPU; but a thread of each queue receives the packets, and these threads are pinned.
const SPREAD: &str = "echo 1 >/sys/class/net/eth0/threaded; cpu=0; \
    for thread in $(pgrep --list-name '^napi/eth0-[1-9]' | sort --version-sort --key=2 | \
        cut --delimiter=' ' --fields=1); do \
        taskset --pid --cpu-list $cpu $thread; cpu=$((cpu + 1)); \
    done; [ $cpu = $(nproc) ]";

/// Configures a machine that is reached from outside.
pub(crate) fn builder(floor: &[u8], cpus: u32) -> Result<Builder> {
    let builder = guest::builder(floor)?.cpus(cpus).net(Net::Tap);
    Ok(Server::ALL
        .into_iter()
        .flat_map(Server::ports)
        .fold(builder, Builder::forward))
}

/// Selects the cases for a guest with `cpus` CPUs.
pub(crate) fn cases(options: &Options, cpus: u32) -> Vec<Case> {
    let is_measured =
        |case: &&Case| cpus == 1 || options.cases_are_named || SPREAD_CASES.contains(&case.name);
    let cases = options.cases.iter().filter(|case| case.is_for_wrk());
    cases.filter(is_measured).copied().collect()
}

/// Configures the network of a machine with several CPUs.
pub(crate) fn spread(machine: &Machine, cpus: u32) -> Result {
    match cpus {
        1 => Ok(()),
        _ => machine.exec_ok(SPREAD).map(drop),
    }
}

/// Returns the guest's address.
pub(crate) fn address(machine: &Machine) -> Result<IpAddr> {
    Ok(machine.http_address()?.ip())
}

/// Measures each server in each case.
pub(crate) struct Rounds<'a> {
    pub(crate) machine: &'a Machine,
    pub(crate) cpus: u32,
    pub(crate) servers: &'a [Server],
    pub(crate) rounds: u32,
    /// Duration of each run, if given.
    pub(crate) seconds: Option<f64>,
}

/// Result of one run.
struct Run {
    counts: Counts,
    /// Microseconds of the busiest CPU per response, whichever CPU served it.
    processor_time: f64,
}

impl Rounds<'_> {
    /// Measures all servers at full load in each case, `rounds` times over, so that other load of
    /// the host affects all alike.
    pub(crate) fn rates(&self, cases: &[Case]) -> Result<Vec<Rate>> {
        let mut runs: BTreeMap<(usize, usize), Vec<Run>> = BTreeMap::new();
        for round in 1..=self.rounds {
            for (row, case) in cases.iter().enumerate() {
                eprintln!("{} of {}: {}", round, self.rounds, case.name);
                for (column, server) in self.servers.iter().enumerate() {
                    if server.knows(case) {
                        let found = self.run(case, *server)?;
                        runs.entry((row, column)).or_default().push(found);
                    }
                }
            }
        }
        let rate = |((row, column), runs): ((usize, usize), Vec<Run>)| {
            let case = cases.get(row)?;
            let counts = || runs.iter().map(|run| &run.counts);
            let per_second = counts().map(|counts| counts.requests / counts.seconds);
            Some(Rate {
                cpus: self.cpus,
                case: case.name.into(),
                server: self.servers.get(column)?.name().into(),
                requests_per_second: Summary::of(per_second)?,
                processor_time: Summary::of(runs.iter().map(|run| run.processor_time))?,
                timeouts: counts().map(|counts| counts.timeouts).sum(),
            })
        };
        Ok(runs.into_iter().filter_map(rate).collect())
    }

    fn run(&self, case: &Case, server: Server) -> Result<Run> {
        let load = Load::probed(self.machine, case, server)?;
        let host = address(self.machine)?.to_string();
        // Some cases need longer runs.
        let seconds = self.seconds.unwrap_or(case.seconds.max(SECONDS));
        let before = self.machine.processor_times()?;
        let printed = host::shell(&load.wrk(&host, SCRIPT, self.cpus, seconds))?;
        let after = self.machine.processor_times()?;
        let counts = Counts::parse(case, &printed)?;
        let hundredths = after
            .iter()
            .zip(before)
            .map(|(after, before)| after - before);
        let busiest = hundredths.max().unwrap_or_default() as f64;
        Ok(Run {
            processor_time: busiest * 1e4 / counts.requests,
            counts,
        })
    }

    /// Measures the latency of each server for the small file at a fixed rate.
    pub(crate) fn latencies(&self, requests_per_second: f64) -> Result<Vec<Latency>> {
        let mut found: BTreeMap<usize, Vec<[f64; 3]>> = BTreeMap::new();
        for round in 1..=self.rounds {
            eprintln!("{} of {}: latency", round, self.rounds);
            for (column, server) in self.servers.iter().enumerate() {
                let percentiles = self.latency(*server, requests_per_second)?;
                found.entry(column).or_default().push(percentiles);
            }
        }
        let latency = |(column, rounds): (usize, Vec<_>)| {
            Some(Latency {
                cpus: self.cpus,
                server: self.servers.get(column)?.name().into(),
                requests_per_second,
                latency: Percentiles::of(&rounds)?,
            })
        };
        Ok(found.into_iter().filter_map(latency).collect())
    }

    /// Measures p50, p99 and p99.9. wrk has no fixed rate, and h2load no percentiles: they are
    /// computed from its log.
    fn latency(&self, server: Server, requests_per_second: f64) -> Result<[f64; 3]> {
        let each = (requests_per_second / f64::from(CLIENTS)).max(1.0);
        let url = format!(
            "http://{}:{}/612.html",
            address(self.machine)?,
            server.port()
        );
        host::shell(&format!(
            "rm -f /tmp/h2load.log; \
             h2load --h1 -t1 -c{CLIENTS} --rps={each:.2} -D {} --log-file=/tmp/h2load.log {url}",
            self.seconds.unwrap_or(SECONDS).ceil(),
        ))?;
        let log = host::read("/tmp/h2load.log")?;
        percentiles(&log)
            .ok_or_else(|| Error::Setup(format!("{url}: unexpected log of h2load:\n{log}")))
    }
}

/// Computes p50, p99 and p99.9 from h2load's log, whose columns are start time, status and
/// microseconds; each status must be 200.
fn percentiles(log: &str) -> Option<[f64; 3]> {
    let mut took: Vec<u32> = log
        .lines()
        .map(|line| {
            let mut words = line.split('\t').skip(1);
            words.next().filter(|status| *status == "200")?;
            words.next()?.parse().ok()
        })
        .collect::<Option<_>>()?;
    took.sort_unstable();
    let at = |per_mille| percentile(&took, per_mille).map(f64::from);
    Some([at(500)?, at(990)?, at(999)?])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scaling_cases_exist() {
        assert!(SPREAD_CASES.iter().all(|name| Case::named(name).is_some()));
        assert!(SPREAD_CASES.contains(&crate::FULL_LOAD));
    }

    #[test]
    fn percentiles_require_only_successful_responses() {
        let lines: Vec<_> = (1..=1000).map(|n| format!("0\t200\t{n}\n")).collect();
        let log = lines.concat();
        assert_eq!(percentiles(&log), Some([500.0, 990.0, 999.0]));
        assert_eq!(percentiles(&(log + "0\t503\t1\n")), None);
        assert_eq!(percentiles(""), None);
    }
}
