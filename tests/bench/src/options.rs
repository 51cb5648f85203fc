// SPDX-License-Identifier: GPL-2.0-only

//! Command-line options.

use std::path::PathBuf;

use lexopt::{Arg, Parser, ValueExt};
use machine::{Error, Result};

use crate::case::{Case, CASES};
use crate::server::Server;

/// The measure to run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verb {
    /// All measures.
    All,
    /// Count instructions per request.
    Instructions,
    /// Count requests per second and measure latency, from outside.
    Rates,
    /// Measure the waits of clients that start at once.
    Waits,
    /// Count instructions per request of the server alone.
    Alone,
    /// Measure the memory of an idle connection.
    Memory,
    /// Measure khttpd's longest softirq runs.
    Softirq,
    /// Show the instructions of each function.
    Profile,
    /// Compare instructions with the baseline.
    Check,
    /// Write the new baseline.
    Record,
}

/// Command-line options.
#[derive(Debug)]
pub(crate) struct Options {
    pub(crate) verb: Verb,
    pub(crate) cases: Vec<Case>,
    /// Set if the cases were given; the default is all.
    pub(crate) cases_are_named: bool,
    pub(crate) servers: Vec<Server>,
    /// Numbers of CPUs of the guests for rates.
    pub(crate) cpus: Vec<u32>,
    /// Number of rounds for rates, waits and the server alone.
    pub(crate) rounds: u32,
    /// Duration of each run, if given.
    pub(crate) seconds: Option<f64>,
    /// Folder for the results.
    pub(crate) output: PathBuf,
}

const USAGE: &str = "usage: bench \
    all|instructions|alone|rates|waits|memory|softirq|profile|check|record \
    [--cases NAME,...] [--servers NAME,...] [--cpus NUMBER,...] \
    [--rounds NUMBER] [--seconds NUMBER] [--output FOLDER]";

impl Options {
    /// Parses the arguments of this process.
    pub(crate) fn parse() -> Result<Self> {
        Self::read(Parser::from_env()).map_err(|error| Error::Setup(format!("{error}\n{USAGE}")))
    }

    fn read(mut parser: Parser) -> Result<Self, lexopt::Error> {
        let mut options = Self {
            verb: Verb::All,
            cases: CASES.to_vec(),
            cases_are_named: false,
            servers: Server::ALL.to_vec(),
            cpus: vec![1, 2],
            rounds: 3,
            seconds: None,
            output: "build/bench".into(),
        };
        while let Some(argument) = parser.next()? {
            match argument {
                Arg::Value(word) => options.verb = word.parse_with(verb)?,
                Arg::Long("cases") => {
                    options.cases = list(&mut parser, case)?;
                    options.cases_are_named = true;
                }
                Arg::Long("servers") => options.servers = list(&mut parser, server)?,
                Arg::Long("cpus") => options.cpus = list(&mut parser, str::parse)?,
                Arg::Long("rounds") => options.rounds = parser.value()?.parse()?,
                Arg::Long("seconds") => options.seconds = Some(parser.value()?.parse()?),
                Arg::Long("output") => options.output = parser.value()?.into(),
                other => return Err(other.unexpected()),
            }
        }
        Ok(options)
    }
}

/// Parses the values of an option, separated by commas or spaces.
fn list<T, E>(parser: &mut Parser, of: fn(&str) -> Result<T, E>) -> Result<Vec<T>, lexopt::Error>
where
    E: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    parser.value()?.parse_with(|names| {
        names
            .split([',', ' '])
            .filter(|name| !name.is_empty())
            .map(of)
            .collect()
    })
}

fn verb(name: &str) -> Result<Verb, String> {
    Ok(match name {
        "all" => Verb::All,
        "instructions" => Verb::Instructions,
        "rates" => Verb::Rates,
        "alone" => Verb::Alone,
        "waits" => Verb::Waits,
        "memory" => Verb::Memory,
        "softirq" => Verb::Softirq,
        "profile" => Verb::Profile,
        "check" => Verb::Check,
        "record" => Verb::Record,
        _ => return Err("unknown measure".into()),
    })
}

fn case(name: &str) -> Result<Case, String> {
    Case::named(name).ok_or_else(|| {
        let all = CASES.map(|case| case.name).join(" ");
        format!("no such case; there are: {all}")
    })
}

fn server(name: &str) -> Result<Server, String> {
    let named = Server::ALL.into_iter().find(|server| server.name() == name);
    named.ok_or_else(|| {
        let all = Server::ALL.map(Server::name).join(" ");
        format!("no such server; there are: {all}")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(words: &[&str]) -> Result<Options, lexopt::Error> {
        Options::read(Parser::from_args(words))
    }

    #[test]
    fn lists_are_separated_by_commas_or_spaces() -> Result<(), lexopt::Error> {
        let options = read(&[
            "rates",
            "--cases",
            "612B-8 404",
            "--servers",
            "khttpd,floor",
        ])?;
        let names: Vec<_> = options.cases.iter().map(|case| case.name).collect();
        assert_eq!(names, ["612B-8", "404"]);
        assert_eq!(options.servers, [Server::Khttpd, Server::Floor]);
        assert_eq!(options.verb, Verb::Rates);
        Ok(())
    }

    #[test]
    fn error_lists_the_known_cases() {
        let error = read(&["--cases", "613B"])
            .err()
            .map(|error| error.to_string());
        assert!(error.is_some_and(|text| text.contains("613B") && text.contains("612B-8")));
        assert!(read(&["--colour", "red"]).is_err());
        assert!(read(&["dance"]).is_err());
    }
}
