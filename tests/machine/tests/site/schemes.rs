// SPDX-License-Identifier: GPL-2.0-only

//! Roots for connections without TLS, or with TLS, alone.

use super::common::{machine, program, put_guest, unload, Result};

const PROGRAMS: [&str; 5] = [
    "status.py",
    "process.py",
    "stream.py",
    "khttpd_tls.py",
    "schemes.py",
];

#[test]
fn http_is_redirected_to_https_and_each_scheme_has_its_roots() -> Result {
    let machine = machine()?.tls_agent()?.boot()?;
    machine.exec_ok("insmod khttpd.ko && /usr/lib/khttpd/serve-https 443")?;
    put_guest(&machine, &PROGRAMS)?;
    program::run(&machine, "schemes.py")?;
    machine.exec_ok("pkill -x khttpd-tls; while pgrep -x khttpd-tls; do sleep 0.1; done")?;
    unload(&machine)
}
