// SPDX-License-Identifier: GPL-2.0-only

//! Measures khttpd beside other servers. tests/bench/run calls this.

#![forbid(unsafe_code)]
#![warn(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

mod case;
mod guest;
mod instructions;
mod load;
mod options;
mod profile;
mod server;

use std::env;
use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use machine::{Error, Result};

use crate::case::Case;
use crate::options::{Options, Verb};
use crate::server::Server;

fn main() -> ExitCode {
    match Options::parse().and_then(|options| run(&options)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("khttpd: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(options: &Options) -> Result {
    let path = env::var_os("KHTTPD_FLOOR")
        .map(PathBuf::from)
        .ok_or_else(|| Error::Setup("KHTTPD_FLOOR is not set; run this by make bench".into()))?;
    let floor = fs::read(&path).map_err(Error::io(format!("reading {}", path.display())))?;
    match options.verb {
        Verb::Profile => {
            let machine = profile::builder(&floor)?.boot()?;
            guest::start(&machine, &options.servers)?;
            each(options, |case, server| profile::show(&machine, case, server))
        }
        Verb::Instructions => {
            let machine = instructions::builder(&floor)?.boot()?;
            guest::start(&machine, &options.servers)?;
            each(options, |case, server| {
                let figure = instructions::measure(&machine, case, server, options.seconds)?;
                println!("{:14} {:9} {figure:12.0}", case.name, server.name());
                Ok(())
            })
        }
    }
}

/// All servers in turn with each case.
fn each(options: &Options, measure: impl Fn(&Case, Server) -> Result) -> Result {
    for case in &options.cases {
        for server in options.servers.iter().filter(|server| server.knows(case)) {
            measure(case, *server)?;
        }
    }
    Ok(())
}
