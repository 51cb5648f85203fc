// SPDX-License-Identifier: GPL-2.0-only

//! The TLS agent of khttpd.
//!
//! khttpd moves the connections of its TLS listeners, unread, to the accept queues of this program.
//! It shakes hands, gives the keys to the kernel (kTLS), and gives the connection back through
//! `/dev/khttpd-adopt`. Connections whose request is for a process come back through the same node;
//! the agent relays them.

#![deny(unsafe_code)]

use std::error::Error;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use rustix::process::{getrlimit, setrlimit, Resource, Rlimit};

use crate::agent::Agent;
use crate::arguments::{Action, HELP};
use crate::config::Config;
use crate::signals::Signals;

mod agent;
mod alarm;
mod arguments;
mod certificate;
mod certificate_store;
mod config;
mod file_stamp;
mod handover;
mod handshake;
mod linger;
mod listener;
mod log;
mod poller;
mod rate_limit;
mod record_reader;
mod relay;
mod signals;
mod state;
#[allow(unsafe_code)]
mod sys;
mod task;
mod tls_settings;
mod worker;

fn main() -> ExitCode {
    let result = match Action::parse(std::env::args_os().skip(1)) {
        Ok(Action::Help) => print(HELP),
        Ok(Action::Version) => print(&format!("khttpd-tls {}\n", env!("CARGO_PKG_VERSION"))),
        Ok(Action::Run { config, check }) => run(config, check),
        Err(error) => Err(format!("{error}\n\n{HELP}").into()),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // There is no other place for an error.
            let _ = writeln!(std::io::stderr(), "khttpd-tls: {error}");
            ExitCode::FAILURE
        }
    }
}

fn print(text: &str) -> Result<(), Box<dyn Error>> {
    Ok(std::io::stdout().write_all(text.as_bytes())?)
}

fn run(path: PathBuf, check: bool) -> Result<(), Box<dyn Error>> {
    let config = Config::read(&path)?;
    if check {
        return Ok(agent::check(&config)?);
    }
    // A signal from here on is not lost.
    let signals = Signals::new()?;
    raise_descriptor_limit()?;
    Ok(Agent::start(path, config)?.run(signals)?)
}

/// Allows as many descriptors as the administrator does: a relay needs two.
fn raise_descriptor_limit() -> rustix::io::Result<()> {
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    let current = maximum;
    setrlimit(Resource::Nofile, Rlimit { current, maximum })
}
