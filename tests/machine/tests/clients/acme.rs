// SPDX-License-Identifier: GPL-2.0-only

//! A certificate by ACME: certbot as in Documentation/https.md, and an authority that Caddy is.

use crate::common::{self, assert_no_trouble, machine, put_guest, Result};

const DOCUMENT: &[u8] = include_bytes!("../../../../Documentation/https.md");

fn check(case: &str) -> Result {
    let machine = machine()?.memory(2048).tls_agent()?.boot()?;
    machine.exec_ok("insmod khttpd.ko")?;
    let programs = [
        "status.py",
        "process.py",
        "stream.py",
        "khttpd_tls.py",
        "acme.py",
    ];
    put_guest(&machine, &programs)?;
    machine.put_file("/tmp/https.md", 0o600, DOCUMENT)?;
    common::program::run(&machine, &format!("acme.py {case}"))?;
    machine.exec_ok("rmmod khttpd")?;
    assert_no_trouble(&machine).map(drop)
}

#[test]
#[ignore = "needs the clients' root; run by `make test-clients`"]
fn certbot_behind_a_hand_over_renews_under_load() -> Result {
    check("process")
}

#[test]
#[ignore = "needs the clients' root; run by `make test-clients`"]
fn certbot_with_files_of_the_root_renews_under_load() -> Result {
    check("files")
}
