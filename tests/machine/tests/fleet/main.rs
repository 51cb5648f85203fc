// SPDX-License-Identifier: GPL-2.0-only

//! A fleet as in Documentation/deployment.md: network namespaces are the machines, each with a server
//! of its own, IPVS and keepalived their director. They are in a root of their own, which
//! `make test-fleet` makes.

#[path = "../common/mod.rs"]
mod common;

use common::{assert_no_trouble, machine, put_guest, Result};

const DOCUMENT: &[u8] = include_bytes!("../../../../Documentation/deployment.md");

/// Plays a case in a machine whose root has the director.
fn check(case: &str) -> Result {
    let machine = machine()?.memory(3072).boot()?;
    machine.exec_ok("insmod khttpd.ko")?;
    put_guest(
        &machine,
        &["fleet_client.py", "fleet_network.py", "fleet.py"],
    )?;
    machine.put_file("/tmp/deployment.md", 0o600, DOCUMENT)?;
    common::program::run(&machine, &format!("fleet.py {case}"))?;
    machine.exec_ok("rmmod khttpd")?;
    assert_no_trouble(&machine).map(drop)
}

#[test]
#[ignore = "needs the fleet's root; run by `make test-fleet`"]
fn machines_stop_change_and_join_without_a_failed_request() -> Result {
    check("planned")
}

#[test]
#[ignore = "needs the fleet's root; run by `make test-fleet`"]
fn unplugged_machine_fails_requests_only_until_the_director_notices() -> Result {
    check("unplanned")
}
