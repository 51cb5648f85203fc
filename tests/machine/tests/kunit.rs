// SPDX-License-Identifier: GPL-2.0-only

//! The tests inside the module, which KUnit runs when it is loaded.

mod common;

use common::{assert_quiet, machine, Result};

#[test]
fn every_kunit_suite_passes() -> Result {
    let machine = machine()?.parameter("kunit.enable=1").boot()?;
    machine.exec_ok("insmod khttpd.ko port=0")?;
    let log = machine.log()?;
    let passed = log
        .lines()
        .iter()
        .filter(|line| line.text.trim_start().starts_with("ok "))
        .count();
    assert!(log.containing("not ok").next().is_none(), "{log:?}");
    assert!(
        log.containing("ok 1 khttpd_").next().is_some(),
        "no suite has run: {log:?}"
    );
    // Suites count as tests too.
    println!("{passed} KUnit results");
    machine.exec_ok("rmmod khttpd")?;
    assert_quiet(&machine)
}
