// SPDX-License-Identifier: GPL-2.0-only

//! Measure (b): requests per second and latency, from outside the guest, through a tap.

use std::collections::BTreeMap;
use std::net::IpAddr;

use machine::{Builder, Error, Machine, Net, Result};

use crate::case::{Case, Flow};
use crate::guest;
use crate::host;
use crate::load::{Counts, Load};
use crate::results::{Latency, Percentiles, Rate, Summary};
use crate::server::Server;

/// wrk's script, on the host.
const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/guest/wrk.lua");

/// How many connections share the load whose latency is measured.
const CLIENTS: u32 = 64;

/// A machine that is reached from outside.
pub(crate) fn builder(floor: &[u8], cpus: u32) -> Result<Builder> {
    let builder = guest::builder(floor)?.cpus(cpus).net(Net::Tap);
    Ok(Server::ALL
        .into_iter()
        .fold(builder, |builder, server| builder.forward(server.port())))
}

/// Where the guest is.
fn address(machine: &Machine) -> Result<IpAddr> {
    Ok(machine.http_address()?.ip())
}

/// What is measured, of each server in each case.
pub(crate) struct Rounds<'a> {
    pub(crate) machine: &'a Machine,
    pub(crate) cpus: u32,
    pub(crate) servers: &'a [Server],
    pub(crate) rounds: u32,
    pub(crate) seconds: f64,
}

impl Rounds<'_> {
    /// All servers as fast as they can, in each case; all of that `rounds` times, so that what else the host does is
    /// spread over all.
    pub(crate) fn rates(&self, cases: &[Case]) -> Result<Vec<Rate>> {
        let mut counts: BTreeMap<(usize, usize), Vec<Counts>> = BTreeMap::new();
        for round in 1..=self.rounds {
            for (row, case) in cases.iter().enumerate() {
                eprintln!("{} of {}: {}", round, self.rounds, case.name);
                for (column, server) in self.servers.iter().enumerate() {
                    if server.knows(case) {
                        let found = self.run(case, *server)?;
                        counts.entry((row, column)).or_default().push(found);
                    }
                }
            }
        }
        let rate = |((row, column), counts): ((usize, usize), Vec<Counts>)| {
            let case = cases.get(row)?;
            let per_second = counts.iter().map(|counts| counts.requests / counts.seconds);
            let percentiles: Vec<_> = counts.iter().map(|counts| counts.percentiles).collect();
            Some(Rate {
                cpus: self.cpus,
                case: case.name.into(),
                server: self.servers.get(column)?.name().into(),
                requests_per_second: Summary::of(per_second)?,
                latency: match case.flow {
                    Flow::Pipelined(_) => None,
                    _ => Percentiles::of(&percentiles),
                },
                timeouts: counts.iter().map(|counts| counts.timeouts).sum(),
            })
        };
        Ok(counts.into_iter().filter_map(rate).collect())
    }

    fn run(&self, case: &Case, server: Server) -> Result<Counts> {
        let load = Load::probed(self.machine, case, server)?;
        let host = address(self.machine)?.to_string();
        let printed = host::shell(&load.wrk(&host, SCRIPT, self.cpus, self.seconds))?;
        Counts::parse(case, &printed)
    }

    /// The latency of each server when it is asked for the small file so many times a second.
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

    /// p50, p99 and p99.9. wrk knows no rate, and h2load no percentiles: they are taken from its log.
    fn latency(&self, server: Server, requests_per_second: f64) -> Result<[f64; 3]> {
        let each = (requests_per_second / f64::from(CLIENTS)).max(1.0);
        let url = format!(
            "http://{}:{}/612.html",
            address(self.machine)?,
            server.port()
        );
        host::shell(&format!(
            "rm -f /tmp/h2load.log; h2load --h1 -t1 -c{CLIENTS} --rps={each:.2} -D {} --log-file=/tmp/h2load.log {url}",
            self.seconds.ceil(),
        ))?;
        let log = host::read("/tmp/h2load.log")?;
        percentiles(&log)
            .ok_or_else(|| Error::Setup(format!("{url}: not answered by h2load's log:\n{log}")))
    }
}

/// p50, p99 and p99.9 of what h2load's log says: the time of the start, the status, microseconds; all must be 200.
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
    let at = |per_mille: usize| {
        let index = (took.len() * per_mille).div_ceil(1000).checked_sub(1)?;
        took.get(index).copied().map(f64::from)
    };
    Some([at(500)?, at(990)?, at(999)?])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_of_all_and_only_of_good_replies() {
        let lines: Vec<_> = (1..=1000).map(|n| format!("0\t200\t{n}\n")).collect();
        let log = lines.concat();
        assert_eq!(percentiles(&log), Some([500.0, 990.0, 999.0]));
        assert_eq!(percentiles(&(log + "0\t503\t1\n")), None);
        assert_eq!(percentiles(""), None);
    }
}
