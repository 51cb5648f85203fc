// SPDX-License-Identifier: GPL-2.0-only

//! What the command line says.

use std::path::PathBuf;

use lexopt::{Arg, Parser, ValueExt};
use machine::{Error, Result};

use crate::case::{Case, CASES};
use crate::server::Server;

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verb {
    /// All measures, one after the other.
    All,
    /// Count instructions per request.
    Instructions,
    /// Count requests per second and measure latency, from outside.
    Rates,
    /// Measure the memory of an idle connection.
    Memory,
    /// Measure how long khttpd's longest turns in softirq are.
    Turns,
    /// Show which functions the instructions are spent in.
    Profile,
    /// Compare the instructions with those of the baseline.
    Check,
    /// Make what is counted now the baseline.
    Record,
}

/// What the command line says.
#[derive(Debug)]
pub(crate) struct Options {
    pub(crate) verb: Verb,
    pub(crate) cases: Vec<Case>,
    /// The cases were asked for; otherwise they are all.
    pub(crate) cases_are_named: bool,
    pub(crate) servers: Vec<Server>,
    /// How many processors the guest has when rates are measured.
    pub(crate) cpus: Vec<u32>,
    /// How many times rates are measured.
    pub(crate) rounds: u32,
    /// How long each run takes, where the default is not wanted.
    pub(crate) seconds: Option<f64>,
    /// The folder for the results.
    pub(crate) output: PathBuf,
}

const USAGE: &str = "usage: bench all|instructions|rates|memory|turns|profile|check|record [--cases NAME,...] \
    [--servers NAME,...] [--cpus NUMBER,...] [--rounds NUMBER] [--seconds NUMBER] [--output FOLDER]";

impl Options {
    /// Reads the arguments of this process.
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

/// The values of an option, with commas or spaces between them.
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
        "memory" => Verb::Memory,
        "turns" => Verb::Turns,
        "profile" => Verb::Profile,
        "check" => Verb::Check,
        "record" => Verb::Record,
        _ => return Err("not something to be done".into()),
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
    fn lists_have_commas_or_spaces() -> Result<(), lexopt::Error> {
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
    fn what_is_not_there_is_told_with_what_there_is() {
        let error = read(&["--cases", "613B"])
            .err()
            .map(|error| error.to_string());
        assert!(error.is_some_and(|text| text.contains("613B") && text.contains("612B-8")));
        assert!(read(&["--colour", "red"]).is_err());
        assert!(read(&["dance"]).is_err());
    }
}
