// SPDX-License-Identifier: GPL-2.0-only

//! Programs as users run them: package managers, download managers, git, a browser, clients by
//! HTTPS and of ACME, monitoring, and sites that generators of sites make. They are in a root of
//! their own, which `make test-clients` makes.

#[path = "../common/mod.rs"]
mod common;

mod acme;
mod browser;
mod downloads;
mod https;
mod log;
mod metrics;
mod repositories;
mod sites;

use common::{assert_no_trouble, machine, put_guest, Result};

/// Runs a program of `guest/`, which may need the others, in a machine that serves and whose root
/// has the clients.
fn check(programs: &[&str], command: &str) -> Result {
    let machine = machine()?.memory(4096).boot()?;
    machine.exec_ok("insmod khttpd.ko")?;
    put_guest(&machine, programs)?;
    put_guest(&machine, &["status.py"])?;
    common::program::run(&machine, command)?;
    machine.exec_ok("rmmod khttpd")?;
    assert_no_trouble(&machine).map(drop)
}
