// SPDX-License-Identifier: GPL-2.0-only

//! The timeouts of connections.

mod common;

use common::{assert_quiet, machine, put_guest, Result};
use machine::Accelerator;

/// The machine's clock counts instructions and skips idle time, so that a busy host does not change
/// what is measured, and a minute takes a second.
#[test]
fn idle_unfinished_and_stalled_connections_time_out() -> Result {
    let machine = machine()?
        .cpus(1)
        .accelerator(Accelerator::Counting)
        .boot()?;
    put_guest(
        &machine,
        &[
            "status.py",
            "stream.py",
            "process.py",
            "adoption.py",
            "timeouts.py",
        ],
    )?;
    machine.exec_ok(
        "insmod khttpd.ko && mkdir /tmp/site && \
         head -c 3000000 /dev/zero > /tmp/site/large && echo hello > /tmp/site/index.html && \
         echo root /tmp/site > /dev/khttpd && python3 /tmp/timeouts.py",
    )?;
    assert_quiet(&machine)
}
