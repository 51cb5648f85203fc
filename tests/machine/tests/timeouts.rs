// SPDX-License-Identifier: GPL-2.0-only

//! No peer is waited for without end.

mod common;

use common::{assert_quiet, machine, Result};
use machine::Accelerator;

/// The machine's clock counts instructions and skips the time in which there is nothing to do: what is measured is the server's
/// time, however busy the host is, and a minute takes a second.
#[test]
fn idle_connections_end_after_60_s_unfinished_requests_after_10_s_and_deaf_peers_after_30_s(
) -> Result {
    let machine = machine()?
        .cpus(1)
        .accelerator(Accelerator::Counting)
        .boot()?;
    machine.put_file(
        "/tmp/timeouts.py",
        0o600,
        include_bytes!("guest/timeouts.py"),
    )?;
    machine.exec_ok(
        "insmod khttpd.ko && mkdir /tmp/site && \
         head -c 3000000 /dev/zero > /tmp/site/large && echo hello > /tmp/site/index.html && \
         echo root /tmp/site > /dev/khttpd && python3 /tmp/timeouts.py",
    )?;
    assert_quiet(&machine)
}
