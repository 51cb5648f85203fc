// SPDX-License-Identifier: GPL-2.0-only

//! The load generator and its counts.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use machine::{Error, Machine, Result};
use stream::{Resumption, Trust};

use crate::case::{Case, Flow, Transport};
use crate::crowd::Crowd;
use crate::guest::AUTHORITY;
use crate::requests::Requests;
use crate::server::Server;

/// From this size on, responses are counted by their bytes: too many are incomplete at the end of a
/// run.
const LARGE: u64 = 1 << 20;

/// Duration for wrk, longer than any run: it ends by SIGINT, which it checks ten times a second.
const ENDLESS_S: u32 = 1_000_000;

/// Time for which a run on the host goes on for clients without a response.
const LIMIT: Duration = Duration::from_secs(10);

/// A load on one server.
#[derive(Clone, Debug)]
pub(crate) struct Load<'a> {
    pub(crate) case: &'a Case,
    server: Server,
    /// The server's entity tag of the file.
    tag: String,
    /// Trust in the server's certificate, if the case uses TLS.
    trust: Option<Trust>,
}

/// Counts of a run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Counts {
    /// Number of responses; parts of large responses count as fractions.
    pub(crate) requests: f64,
    /// Duration in seconds of the client's clock.
    pub(crate) seconds: f64,
    /// Fraction of the duration in which the client's machine was idle.
    pub(crate) idle: f64,
    /// Responses that timed out.
    pub(crate) timeouts: u64,
}

impl<'a> Load<'a> {
    /// Sends one request within the guest and checks the response.
    pub(crate) fn probed(machine: &Machine, case: &'a Case, server: Server) -> Result<Self> {
        let mut load = Self {
            case,
            server,
            tag: String::new(),
            trust: trust(machine, case)?,
        };
        let path = case.path.replace("%05d", "00000");
        let url = load.url("127.0.0.1", &path);
        let ask = |field: &str| {
            machine.exec_ok(&format!(
                "curl -s --cacert {AUTHORITY} -o /tmp/body {field} '{url}' \
                 -w '%{{http_code}} %{{size_download}} %header{{etag}}'"
            ))
        };
        let said = ask("")?;
        load.tag = said.splitn(3, ' ').nth(2).unwrap_or_default().to_owned();
        let said = ask(&load.option())?;
        let mut words = said.split(' ');
        let (status, size) = (words.next(), words.next());
        let is_expected = status == Some(&case.status.to_string())
            && case
                .size
                .is_none_or(|expected| size == Some(&expected.to_string()));
        match is_expected {
            true => Ok(load),
            false => Err(Error::Setup(format!(
                "{}: {} responds with status, size and entity tag {said}",
                case.name,
                server.name()
            ))),
        }
    }

    /// Returns the command that runs wrk on `host` for `seconds` of its own clock.
    pub(crate) fn wrk(&self, host: &str, script: &str, threads: u32, seconds: f64) -> String {
        let endless = self.endless_wrk(host, script, threads);
        format!("timeout --preserve-status --signal INT {seconds} {endless}")
    }

    /// Returns the command that runs wrk on `host` until it is told to end.
    pub(crate) fn endless_wrk(&self, host: &str, script: &str, threads: u32) -> String {
        let mode = match self.case.flow {
            Flow::Same | Flow::Closing => String::new(),
            Flow::Pipelined(depth) => format!("pipeline {depth}"),
            Flow::LongHeads(depth) => format!("heads {depth}"),
            Flow::Random(files) => format!("random {files}"),
        };
        format!(
            "wrk -t{} -c{} -d{ENDLESS_S} -s {script} {} '{}' -- {mode}",
            threads.min(self.case.connections),
            self.case.connections,
            self.option(),
            self.url(host, self.case.path),
        )
    }

    /// Returns clients on the host that load the server at `host` for `duration`.
    pub(crate) fn crowd(&self, host: IpAddr, duration: Duration) -> Crowd {
        Crowd {
            address: SocketAddr::new(host, self.server.port_for(self.case)),
            trust: self.trust.clone(),
            requests: Requests::new(self.case, self.field().as_deref()),
            clients: self.case.connections,
            duration,
            limit: LIMIT,
        }
    }

    /// Returns the URL of a path.
    fn url(&self, host: &str, path: &str) -> String {
        let scheme = if self.case.is_tls() { "https" } else { "http" };
        format!(
            "{scheme}://{host}:{}{path}",
            self.server.port_for(self.case)
        )
    }

    /// Returns the case's additional field.
    fn field(&self) -> Option<String> {
        Some(self.case.field?.replace("ETAG", &self.tag))
    }

    /// Returns the additional field as an option of curl and wrk.
    fn option(&self) -> String {
        let field = self.field();
        field.map_or(String::new(), |field| format!("-H '{field}'"))
    }
}

/// Reads the authority's certificate, for clients that do what the case says about sessions.
fn trust(machine: &Machine, case: &Case) -> Result<Option<Trust>> {
    let resumption = match case.transport {
        Transport::Tcp => return Ok(None),
        Transport::Tls => Resumption::Never,
        Transport::ResumedTls => Resumption::Always,
    };
    let trust = Trust::new(&machine.read_file(AUTHORITY)?, resumption);
    trust.map(Some).map_err(Error::io("reading the authority"))
}

impl Counts {
    /// Parses the output of wrk.lua.
    pub(crate) fn parse(case: &Case, printed: &str) -> Result<Self> {
        let bad =
            |what: &str| Error::Setup(format!("{}: {what}; wrk printed:\n{printed}", case.name));
        let values: HashMap<&str, u64> = printed
            .lines()
            .filter_map(|line| line.strip_prefix("result ")?.split_once(' '))
            .filter_map(|(name, value)| Some((name, value.parse().ok()?)))
            .collect();
        let value = |name: &str| {
            values
                .get(name)
                .copied()
                .ok_or_else(|| bad(&format!("no {name}")))
        };
        let requests = value("requests")?;
        let expected_errors = if case.status >= 400 { requests } else { 0 };
        if value("status-errors")? != expected_errors {
            return Err(bad("unexpected status"));
        }
        if value("socket-errors")? != 0 {
            return Err(bad("errors of sockets"));
        }
        let requests = match case.size {
            Some(size) if size >= LARGE => value("bytes")? as f64 / size as f64,
            _ => requests as f64,
        };
        if requests == 0.0 {
            return Err(bad("no response"));
        }
        let seconds = value("microseconds")? as f64 / 1e6;
        Ok(Self {
            requests,
            seconds,
            idle: value("idle")? as f64 / 100.0 / seconds,
            timeouts: value("timeouts")?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case::CASES;

    const PRINTED: &str = "Running 1s test\n\
        result requests 100\nresult microseconds 2000000\nresult bytes 1048576\nresult idle 20\n\
        result status-errors 0\nresult socket-errors 0\nresult timeouts 3\n";

    fn case(name: &str) -> Option<&'static Case> {
        CASES.iter().find(|case| case.name == name)
    }

    #[test]
    fn large_responses_are_counted_by_their_bytes() -> Result<(), Box<dyn std::error::Error>> {
        let small = Counts::parse(case("612B-8").ok_or("no case")?, PRINTED)?;
        let large = Counts::parse(case("1MiB").ok_or("no case")?, PRINTED)?;
        assert_eq!(
            (small.requests, small.seconds, small.timeouts),
            (100.0, 2.0, 3)
        );
        assert_eq!(large.requests, 1.0);
        Ok(())
    }

    #[test]
    fn unexpected_status_is_an_error() -> Result<(), Box<dyn std::error::Error>> {
        let not_found = case("404").ok_or("no case")?;
        assert!(Counts::parse(not_found, PRINTED).is_err());
        let all = PRINTED.replace("status-errors 0", "status-errors 100");
        assert!(Counts::parse(not_found, &all).is_ok());
        Ok(())
    }
}
