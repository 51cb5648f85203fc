// SPDX-License-Identifier: GPL-2.0-only

//! The generator of load, and what it has counted.

use std::collections::HashMap;

use machine::{Error, Machine, Result};

use crate::case::{Case, Flow};
use crate::server::Server;

/// From this size on what has arrived is counted in bytes: too much of it belongs to replies that are under way when
/// the time is up.
const LARGE: u64 = 1 << 20;

/// What was counted during a run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Counts {
    /// How many requests were served; of large replies parts count as parts.
    pub(crate) requests: f64,
    /// How long it took, in seconds of the client's clock.
    pub(crate) seconds: f64,
}

/// The command that lets wrk ask `host` for `seconds`. `tag` is what the server calls its version of the file.
pub(crate) fn wrk(
    case: &Case,
    server: Server,
    host: &str,
    script: &str,
    tag: &str,
    seconds: u32,
) -> String {
    let mode = match case.flow {
        Flow::Same | Flow::Closing => String::new(),
        Flow::Pipelined(depth) => format!("pipeline {depth}"),
        Flow::Random(files) => format!("random {files}"),
    };
    format!(
        "wrk -t1 -c{} -d{seconds} -s {script} {} 'http://{host}:{}{}' -- {mode}",
        case.connections,
        field(case, tag),
        server.port(),
        case.path,
    )
}

/// The case's own field as an option of curl and wrk.
fn field(case: &Case, tag: &str) -> String {
    case.field
        .map(|field| format!("-H '{}'", field.replace("ETAG", tag)))
        .unwrap_or_default()
}

/// Asks once, from within the guest, and sees whether the reply is what the case expects. Gives the entity tag.
pub(crate) fn probe(machine: &Machine, case: &Case, server: Server) -> Result<String> {
    let url = format!(
        "http://127.0.0.1:{}{}",
        server.port(),
        case.path.replace("%05d", "00000")
    );
    let ask = |field: &str| {
        machine.exec_ok(&format!(
            "curl -s -o /tmp/body -w '%{{http_code}} %{{size_download}} %header{{etag}}' {field} '{url}'"
        ))
    };
    let said = ask("")?;
    let tag = said.splitn(3, ' ').nth(2).unwrap_or_default().to_owned();
    let said = ask(&field(case, &tag))?;
    let mut words = said.split(' ');
    let (status, size) = (words.next(), words.next());
    let is_expected = status == Some(&case.status.to_string())
        && case
            .size
            .is_none_or(|expected| size == Some(&expected.to_string()));
    match is_expected {
        true => Ok(tag),
        false => Err(Error::Setup(format!(
            "{}: {} answers with status, size and entity tag {said}",
            case.name,
            server.name()
        ))),
    }
}

impl Counts {
    /// Reads what wrk.lua prints.
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
            return Err(bad("other statuses than expected"));
        }
        if value("socket-errors")? != 0 {
            return Err(bad("errors of sockets"));
        }
        let requests = match case.size {
            Some(size) if size >= LARGE => value("bytes")? as f64 / size as f64,
            _ => requests as f64,
        };
        if requests < 1.0 {
            return Err(bad("nothing was served"));
        }
        Ok(Self {
            requests,
            seconds: value("microseconds")? as f64 / 1e6,
        })
    }
}
