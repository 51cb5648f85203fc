// SPDX-License-Identifier: GPL-2.0-only

//! Analysis of the access log.

use crate::check;
use crate::common::Result;

#[test]
#[ignore = "needs the clients' root; run by `make test-clients`"]
fn goaccess_reads_each_of_100000_lines() -> Result {
    check(
        &["stream.py", "access_log.py", "log_analysis.py"],
        "log_analysis.py",
    )
}
