// SPDX-License-Identifier: GPL-2.0-only

//! Monitoring: Prometheus, and the page that draws the metrics.

use std::fs;
use std::path::Path;

use crate::check;
use crate::common::{self, machine, put_guest, unload, Result};

#[test]
#[ignore = "needs the clients' root; run by `make test-clients`"]
fn promtool_finds_no_fault_in_the_metrics() -> Result {
    check(&["metrics.py"], "metrics.py promtool")
}

#[test]
#[ignore = "needs the clients' root; run by `make test-clients`"]
fn prometheus_counts_the_requests_of_clients() -> Result {
    check(&["metrics.py"], "metrics.py prometheus")
}

#[test]
#[ignore = "needs the clients' root; run by `make test-clients`"]
fn chromium_draws_the_load() -> Result {
    let machine = machine()?.memory(4096).boot()?;
    machine.exec_ok("insmod khttpd.ko")?;
    put_guest(
        &machine,
        &[
            "status.py",
            "videos.py",
            "resumption.py",
            "browser.py",
            "drawing.py",
        ],
    )?;
    common::program::run(&machine, "drawing.py")?;
    // For Documentation/status.png.
    if let Some(folder) = std::env::var_os("KHTTPD_SCREENSHOT") {
        let file = Path::new(&folder).join("status.png");
        fs::write(file, machine.read_file("/tmp/status.png")?)?;
    }
    unload(&machine)
}
