// SPDX-License-Identifier: GPL-2.0-only

//! Monitoring of the status page.

use crate::check;
use crate::common::Result;

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
