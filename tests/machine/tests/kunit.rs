// SPDX-License-Identifier: GPL-2.0-only

//! The tests inside the module, which KUnit runs when it is loaded.

mod common;

use common::{assert_quiet, flavour, machine, Result};
use machine::Kind;
use std::{fs, path::Path};

#[test]
fn every_kunit_suite_passes() -> Result {
    if flavour().is_some_and(|name| name == "debian") {
        println!("not run: Debian's kernel has no KUnit that modules can use");
        return Ok(());
    }
    let mut suites = Vec::new();
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../src");
    find_suites(&source, &mut suites)?;
    assert!(!suites.is_empty());
    let machine = machine()?.parameter("kunit.enable=1").boot()?;
    machine.exec_ok("insmod khttpd.ko port=0")?;
    let log = machine.log()?;
    let passed: Vec<_> = log
        .lines()
        .iter()
        .map(|line| line.text.trim_start())
        .filter(|text| text.starts_with("ok "))
        .collect();
    let failed = log
        .trouble()
        .into_iter()
        .filter(|report| report.kind == Kind::Test);
    let failed: Vec<_> = failed.map(|report| report.to_string()).collect();
    assert!(failed.is_empty(), "KUnit: {}", failed.join("\n"));
    for suite in &suites {
        assert!(
            passed
                .iter()
                .any(|text| text.split(' ').nth(2) == Some(suite)),
            "{suite} has not run: {log:?}"
        );
    }
    println!(
        "{} suites, {} tests",
        suites.len(),
        passed.len() - suites.len()
    );
    machine.exec_ok("rmmod khttpd")?;
    assert_quiet(&machine)
}

/// Adds the names of the suites that the sources below `folder` define.
fn find_suites(folder: &Path, suites: &mut Vec<String>) -> Result {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            find_suites(&path, suites)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path)?;
            let names = text
                .lines()
                .filter_map(|line| line.strip_prefix("#[kunit_tests(")?.strip_suffix(")]"));
            suites.extend(names.map(String::from));
        }
    }
    Ok(())
}
