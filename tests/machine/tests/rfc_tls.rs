// SPDX-License-Identifier: GPL-2.0-only

//! The requirements of the RFCs, over TLS.

mod common;

use common::requirements::check_requirements;
use common::{assert_quiet, wired, Result, LOAD_WIRED};

#[test]
fn rfc_requirements_hold_over_tls() -> Result {
    let machine = wired()?.tls_agent()?.boot()?;
    machine.exec_ok(LOAD_WIRED)?;
    machine.exec_ok("/usr/lib/khttpd/serve-https 8443")?;
    check_requirements(
        &machine,
        "KHTTPD_SERVER=127.0.0.1:8443 KHTTPD_AUTHORITY=/tmp/tls/ca.pem",
    )?;
    // Not one of them was served otherwise.
    machine.exec_ok("grep -qE '^# adopted-tls [1-9]' /dev/khttpd")?;
    assert_quiet(&machine)
}
