// SPDX-License-Identifier: GPL-2.0-only

//! Clients that load a whole site by HTTPS, trusting the authority of its certificate, and a scanner
//! of what TLS offers.

use crate::common::{self, assert_no_trouble, machine, put_guest, Result};

fn check(case: &str) -> Result {
    let machine = machine()?.memory(4096).tls_agent()?.boot()?;
    machine.exec_ok("insmod khttpd.ko && /usr/lib/khttpd/serve-https 8443")?;
    let programs = [
        "status.py",
        "resumption.py",
        "videos.py",
        "browser.py",
        "https_clients.py",
    ];
    put_guest(&machine, &programs)?;
    common::program::run(&machine, &format!("https_clients.py {case}"))?;
    machine.exec_ok("pkill -x khttpd-tls; while pgrep -x khttpd-tls; do sleep 0.1; done")?;
    machine.exec_ok("rmmod khttpd")?;
    assert_no_trouble(&machine).map(drop)
}

#[test]
#[ignore = "needs the clients' root; run by `make test-clients`"]
fn curl_loads_a_site_by_https() -> Result {
    check("curl")
}

#[test]
#[ignore = "needs the clients' root; run by `make test-clients`"]
fn wget_loads_a_site_by_https() -> Result {
    check("wget")
}

#[test]
#[ignore = "needs the clients' root; run by `make test-clients`"]
fn s_client_loads_a_site_up_to_close_notify() -> Result {
    check("openssl")
}

#[test]
#[ignore = "needs the clients' root; run by `make test-clients`"]
fn wrk_loads_a_site_by_https() -> Result {
    check("wrk")
}

#[test]
#[ignore = "needs the clients' root; run by `make test-clients`"]
fn chromium_loads_a_site_by_https() -> Result {
    check("chromium")
}

#[test]
#[ignore = "needs the clients' root; run by `make test-clients`"]
fn sslscan_finds_nothing_weak() -> Result {
    check("grade")
}
