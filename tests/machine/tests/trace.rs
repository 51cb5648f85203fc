// SPDX-License-Identifier: GPL-2.0-only

//! Tracepoints, on a kernel that has them.

mod common;

use common::{machine, program, put_guest, unload, Result};
use machine::Machine;

/// Boots a machine that serves a site with a large file; returns nothing if its kernel does not trace.
fn traced() -> Result<Option<Machine>> {
    let machine = machine()?.boot()?;
    let systems = machine.exec_ok("cat /proc/filesystems")?;
    if !systems.contains("tracefs") {
        println!("skipped: this kernel has no tracefs");
        return Ok(None);
    }
    machine.exec_ok(
        "mkdir /tmp/site && cp /proc/sys/kernel/version /tmp/site/version && \
         echo '<html></html>' > /tmp/site/index.html && \
         head -c 30000000 /dev/zero > /tmp/site/large && \
         insmod khttpd.ko root=/tmp/site",
    )?;
    put_guest(
        &machine,
        &[
            "status.py",
            "stream.py",
            "process.py",
            "adoption.py",
            "events.py",
            "tracing.py",
        ],
    )?;
    Ok(Some(machine))
}

#[test]
fn events_tell_how_connections_begin_and_why_they_end() -> Result {
    let Some(machine) = traced()? else {
        return Ok(());
    };
    program::run(&machine, "tracing.py")?;
    unload(&machine)
}
