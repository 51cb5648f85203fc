// SPDX-License-Identifier: GPL-2.0-only

//! Measures khttpd beside other servers. tests/bench/run calls it.

#![forbid(unsafe_code)]
#![warn(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

mod alone;
mod baseline;
mod case;
mod client;
mod crowd;
mod grid;
mod guest;
mod host;
mod instructions;
mod load;
mod memory;
mod options;
mod percentile;
mod picture;
mod profile;
mod rates;
mod report;
mod requests;
mod responses;
mod results;
mod server;
mod softirq;
mod spare;
mod waits;
mod wire;

use std::env;
use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use machine::{Error, Machine, Result};

use crate::case::Case;
use crate::options::{Options, Verb};
use crate::rates::Rounds;
use crate::results::Results;
use crate::server::Server;

/// The case that measures nginx's maximum.
const FULL_LOAD: &str = "612B-64";

fn main() -> ExitCode {
    match Options::parse().and_then(|options| Bench::new(options)?.run()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("khttpd: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Input of all measures.
struct Bench {
    options: Options,
    floor: Vec<u8>,
}

impl Bench {
    fn new(options: Options) -> Result<Self> {
        let path = env::var_os("KHTTPD_FLOOR").map(PathBuf::from);
        let path =
            path.ok_or_else(|| Error::Setup("KHTTPD_FLOOR is not set; use `make bench`".into()))?;
        let floor = fs::read(&path).map_err(Error::io(format!("reading {}", path.display())))?;
        Ok(Self { options, floor })
    }

    fn run(&self) -> Result {
        match self.options.verb {
            Verb::Profile => return self.profile(),
            Verb::Check => return baseline::check(&self.checked()?),
            Verb::Record => return baseline::record(&self.checked()?),
            _ => {}
        }
        let folder = &self.options.output;
        fs::create_dir_all(folder).map_err(Error::io(format!("making {}", folder.display())))?;
        let path = folder.join("results.json");
        let mut results = Results::read(&path)?;
        let measures = [
            (
                Verb::Instructions,
                Self::instructions as fn(&Self, &mut Results) -> Result,
            ),
            (Verb::Alone, Self::alone),
            (Verb::Rates, Self::rates),
            (Verb::Waits, Self::waits),
            (Verb::Memory, Self::memory),
            (Verb::Softirq, Self::softirq),
        ];
        for (verb, measure) in measures {
            // Softirq runs are measured with a module of their own.
            let is_asked = self.options.verb == verb
                || self.options.verb == Verb::All && verb != Verb::Softirq;
            if is_asked {
                measure(self, &mut results)?;
                results.write(&path)?;
            }
        }
        let tables = report::tables(&results);
        print!("{tables}");
        let write = |name: &str, text: &str| {
            let path = folder.join(name);
            fs::write(&path, text).map_err(Error::io(format!("writing {}", path.display())))
        };
        write("results.md", &tables)?;
        write("ratios.svg", &picture::draw(&results)?)
    }

    /// Lists the cases and their servers.
    fn runs(&self) -> impl Iterator<Item = (Case, Server)> + '_ {
        let servers = &self.options.servers;
        self.options.cases.iter().flat_map(move |case| {
            let known = servers.iter().filter(|server| server.knows(case));
            known.map(|server| (*case, *server))
        })
    }

    fn instructions(&self, results: &mut Results) -> Result {
        let machine = instructions::builder(&self.floor)?.boot()?;
        guest::start(&machine, &self.options.servers)?;
        let runs = self.runs().filter(|(case, _)| case.is_for_wrk());
        let figures = runs.map(|(case, server)| {
            let figure = instructions::measure(&machine, &case, server, self.options.seconds)?;
            eprintln!(
                "{:14} {:9} {:12.0}",
                case.name,
                server.name(),
                figure.instructions
            );
            Ok(figure)
        });
        let figures = figures.collect::<Result<_>>()?;
        guest::stop(&machine, &self.options.servers)?;
        results.instructions = Some(host::section(&machine, figures)?);
        Ok(())
    }

    fn alone(&self, results: &mut Results) -> Result {
        let machine = alone::builder(&self.floor)?.boot()?;
        guest::start(&machine, &self.options.servers)?;
        let runs: Vec<_> = self.runs().collect();
        let Options {
            rounds, seconds, ..
        } = self.options;
        let figures = alone::measure(&machine, &runs, rounds, seconds)?;
        guest::stop(&machine, &self.options.servers)?;
        results.alone = Some(host::section(&machine, figures)?);
        Ok(())
    }

    /// Measures the figures of the baseline.
    fn checked(&self) -> Result<Vec<results::Instructions>> {
        let servers = [Server::Khttpd, Server::Floor];
        let machine = instructions::builder(&self.floor)?.boot()?;
        guest::start(&machine, &servers)?;
        let seconds = Some(baseline::SECONDS);
        let figures = baseline::runs()
            .map(|(case, server)| instructions::measure(&machine, &case, server, seconds))
            .collect::<Result<_>>()?;
        guest::stop(&machine, &servers)?;
        Ok(figures)
    }

    fn rates(&self, results: &mut Results) -> Result {
        let (mut rates, mut latencies) = (Vec::new(), Vec::new());
        let mut last: Option<Machine> = None;
        for cpus in &self.options.cpus {
            // One at a time: they share the host.
            drop(last.take());
            let machine = rates::builder(&self.floor, *cpus)?.boot()?;
            rates::spread(&machine, *cpus)?;
            guest::start(&machine, &self.options.servers)?;
            let rounds = Rounds {
                machine: &machine,
                cpus: *cpus,
                servers: &self.options.servers,
                rounds: self.options.rounds,
                seconds: self.options.seconds,
            };
            let found = rounds.rates(&rates::cases(&self.options, *cpus))?;
            let full = found
                .iter()
                .find(|rate| rate.case == FULL_LOAD && rate.server == Server::Nginx.name());
            if let Some(full) = full {
                latencies.extend(rounds.latencies(full.requests_per_second.median / 2.0)?);
            }
            rates.extend(found);
            guest::stop(&machine, &self.options.servers)?;
            last = Some(machine);
        }
        let machine = last.ok_or_else(|| Error::Setup("--cpus: no number given".into()))?;
        results.rates = Some(host::section(&machine, rates)?);
        results.latencies = Some(host::section(&machine, latencies)?);
        Ok(())
    }

    fn waits(&self, results: &mut Results) -> Result {
        let machine = rates::builder(&self.floor, 1)?.boot()?;
        guest::start(&machine, &self.options.servers)?;
        let runs: Vec<_> = self.runs().collect();
        let Options {
            rounds, seconds, ..
        } = self.options;
        let figures = waits::measure(&machine, &runs, rounds, seconds)?;
        guest::stop(&machine, &self.options.servers)?;
        results.waits = Some(host::section(&machine, figures)?);
        Ok(())
    }

    fn memory(&self, results: &mut Results) -> Result {
        let machine = memory::builder(&self.floor)?.boot()?;
        guest::start(&machine, &self.options.servers)?;
        let servers = self.options.servers.iter();
        let figures = servers
            .map(|server| memory::measure(&machine, *server))
            .collect::<Result<_>>()?;
        guest::stop(&machine, &self.options.servers)?;
        results.memory = Some(host::section(&machine, figures)?);
        Ok(())
    }

    fn softirq(&self, results: &mut Results) -> Result {
        let servers = [Server::Khttpd];
        let machine = instructions::builder(&self.floor)?.boot()?;
        guest::start(&machine, &servers)?;
        let figures = self
            .options
            .cases
            .iter()
            .chain(&softirq::LOADS)
            .map(|case| {
                let run = softirq::measure(&machine, case)?;
                eprintln!("{:28} {:12.0}", run.case, run.instructions);
                Ok(run)
            });
        let figures = figures.collect::<Result<_>>()?;
        guest::stop(&machine, &servers)?;
        results.softirq = Some(host::section(&machine, figures)?);
        Ok(())
    }

    fn profile(&self) -> Result {
        let machine = profile::builder(&self.floor)?.boot()?;
        guest::start(&machine, &self.options.servers)?;
        self.runs()
            .filter(|(case, _)| case.is_for_wrk())
            .try_for_each(|(case, server)| profile::show(&machine, &case, server))
    }
}
