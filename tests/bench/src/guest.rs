// SPDX-License-Identifier: GPL-2.0-only

//! The machine in which all servers are.

use std::time::Duration;

use machine::{Builder, Machine, Result};

use crate::server::Server;

/// wrk's script, in the guest.
pub(crate) const SCRIPT: &str = "/root/wrk.lua";

/// How long the guest may take to write the site.
const SITE_LIMIT: Duration = Duration::from_secs(300);

/// A machine with all that the servers need.
pub(crate) fn builder(floor: &[u8]) -> Result<Builder> {
    let builder = Machine::builder()?
        .name("bench")
        .memory(3072)
        .boot_limit(Duration::from_secs(300))
        .file(SCRIPT, 0o644, include_bytes!("../guest/wrk.lua"))
        .file("/root/site.py", 0o644, include_bytes!("../guest/site.py"));
    Ok(Server::furnish(builder, floor))
}

/// Writes the files to be served, and starts the servers.
pub(crate) fn start(machine: &Machine, servers: &[Server]) -> Result {
    // So many connections end in a second that some would be forgotten early.
    machine.exec_ok("sysctl -q net.ipv4.tcp_max_tw_buckets=262144")?;
    let site = machine.spawn("python3 site.py /tmp/www")?;
    site.wait(SITE_LIMIT)?;
    // The floor asks khttpd.
    Server::Khttpd.start(machine)?;
    servers
        .iter()
        .filter(|server| **server != Server::Khttpd)
        .try_for_each(|server| server.start(machine))
}
