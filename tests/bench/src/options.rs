// SPDX-License-Identifier: GPL-2.0-only

//! What the command line says.

use lexopt::{Arg, Parser, ValueExt};
use machine::{Error, Result};

use crate::case::{Case, CASES};
use crate::server::Server;

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verb {
    /// Count instructions per request.
    Instructions,
    /// Show which functions they are spent in.
    Profile,
}

/// What the command line says.
#[derive(Debug)]
pub(crate) struct Options {
    pub(crate) verb: Verb,
    pub(crate) cases: Vec<Case>,
    pub(crate) servers: Vec<Server>,
    /// How long each run takes, where the case's own time is not wanted.
    pub(crate) seconds: Option<u32>,
}

const USAGE: &str =
    "usage: bench instructions|profile [--cases NAME,...] [--servers NAME,...] [--seconds NUMBER]";

impl Options {
    /// Reads the arguments of this process.
    pub(crate) fn parse() -> Result<Self> {
        Self::read(Parser::from_env()).map_err(|error| Error::Setup(format!("{error}\n{USAGE}")))
    }

    fn read(mut parser: Parser) -> Result<Self, lexopt::Error> {
        let mut options = Self {
            verb: Verb::Instructions,
            cases: CASES.to_vec(),
            servers: Server::ALL.to_vec(),
            seconds: None,
        };
        while let Some(argument) = parser.next()? {
            match argument {
                Arg::Value(word) => options.verb = word.parse_with(verb)?,
                Arg::Long("cases") => {
                    options.cases = parser.value()?.parse_with(|names| list(names, case))?;
                }
                Arg::Long("servers") => {
                    options.servers = parser.value()?.parse_with(|names| list(names, server))?;
                }
                Arg::Long("seconds") => options.seconds = Some(parser.value()?.parse()?),
                other => return Err(other.unexpected()),
            }
        }
        Ok(options)
    }
}

fn list<T>(names: &str, of: fn(&str) -> Result<T, String>) -> Result<Vec<T>, String> {
    names
        .split([',', ' '])
        .filter(|name| !name.is_empty())
        .map(of)
        .collect()
}

fn verb(name: &str) -> Result<Verb, String> {
    match name {
        "instructions" => Ok(Verb::Instructions),
        "profile" => Ok(Verb::Profile),
        _ => Err("unknown".into()),
    }
}

fn case(name: &str) -> Result<Case, String> {
    let all = || CASES.map(|case| case.name).join(" ");
    CASES
        .into_iter()
        .find(|case| case.name == name)
        .ok_or_else(|| format!("no case is {name}; there are: {}", all()))
}

fn server(name: &str) -> Result<Server, String> {
    let all = || Server::ALL.map(Server::name).join(" ");
    Server::ALL
        .into_iter()
        .find(|server| server.name() == name)
        .ok_or_else(|| format!("no server is {name}; there are: {}", all()))
}
