// SPDX-License-Identifier: GPL-2.0-only

//! The requirements of the RFCs, over TCP.

mod common;

use common::requirements::check_requirements;
use common::{assert_quiet, wired, Result, LOAD_WIRED};

#[test]
fn rfc_requirements_hold_over_tcp() -> Result {
    let machine = wired()?.boot()?;
    machine.exec_ok(LOAD_WIRED)?;
    check_requirements(&machine, "KHTTPD_SERVER=127.0.0.1:8080")?;
    assert_quiet(&machine)
}
