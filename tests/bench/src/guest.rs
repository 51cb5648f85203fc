// SPDX-License-Identifier: GPL-2.0-only

//! The machine with all servers.

use std::thread;
use std::time::Duration;

use machine::{Builder, Error, Machine, Result};

use crate::server::Server;

/// wrk's script in the guest.
pub(crate) const SCRIPT: &str = "/root/wrk.lua";

/// Time limit for writing the site.
const SITE_LIMIT: Duration = Duration::from_secs(300);

/// Configures a machine with everything that the servers need.
pub(crate) fn builder(floor: &[u8]) -> Result<Builder> {
    let builder = Machine::builder()?
        .name("bench")
        .memory(3072)
        .boot_limit(Duration::from_secs(300))
        .tls_agent()?
        .file(SCRIPT, 0o644, include_bytes!("../guest/wrk.lua"))
        .file("/root/site.py", 0o644, include_bytes!("../guest/site.py"));
    Ok(Server::furnish(builder, floor))
}

/// Touches the programs, which copies them into the guest's memory. While the guest waits for files
/// of the host, a clock that counts instructions skips to the next timer, such as the end of the
/// client's time.
const PROGRAMS: &str = "touch $(for name in curl khttpd-tls lighttpd nginx timeout wrk; do \
    file=$(command -v $name); readlink -f $file $(ldd $file | grep -o '/[^ ]*'); done | sort -u)";

/// File in the guest with the certificate of the authority that clients trust. khttpd's start makes
/// it, and the certificate that all servers have.
pub(crate) const AUTHORITY: &str = "/tmp/tls/ca.pem";

/// Writes the files to serve, and starts the process and the servers.
pub(crate) fn start(machine: &Machine, servers: &[Server]) -> Result {
    // Keep TIME_WAIT for all closed connections.
    machine.exec_ok("sysctl -q net.ipv4.tcp_max_tw_buckets=262144")?;
    machine.exec_ok(PROGRAMS)?;
    let site = machine.spawn("python3 site.py /tmp/www")?;
    site.wait(SITE_LIMIT)?;
    Server::start_process(machine)?;
    // The floor reads its response from khttpd, and nginx has the same certificate.
    Server::Khttpd.start(machine)?;
    servers
        .iter()
        .filter(|server| **server != Server::Khttpd)
        .try_for_each(|server| server.start(machine))
}

/// Stops the servers, the modules under load. Reports in the kernel log are an error.
pub(crate) fn stop(machine: &Machine, servers: &[Server]) -> Result {
    for server in servers {
        let url = format!("http://127.0.0.1:{}/612.html", server.port());
        let load = machine.spawn(&format!("wrk -t1 -c64 -d1000 {url}"))?;
        thread::sleep(Duration::from_millis(500));
        server.stop(machine)?;
        drop(load);
    }
    let trouble = machine.log()?.trouble();
    match trouble.first() {
        None => Ok(()),
        Some(first) => Err(Error::Setup(format!(
            "report in the guest's kernel log: {first}"
        ))),
    }
}
