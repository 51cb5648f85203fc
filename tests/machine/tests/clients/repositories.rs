// SPDX-License-Identifier: GPL-2.0-only

//! Package managers and git, whose repositories are files.

use crate::check;
use crate::common::Result;

fn fetch(program: &str) -> Result {
    let programs = ["repositories.py", "resumption.py"];
    check(&programs, &format!("repositories.py {program}"))
}

#[test]
#[ignore = "needs the clients' root; run by `make test-clients`"]
fn apt_resumes_an_interrupted_download() -> Result {
    fetch("apt")
}

#[test]
#[ignore = "needs the clients' root; run by `make test-clients`"]
fn apt_gets_all_of_a_package_that_changed_after_an_interruption() -> Result {
    fetch("apt_changed")
}

#[test]
#[ignore = "needs the clients' root; run by `make test-clients`"]
fn dnf_gets_a_package_after_interruptions() -> Result {
    fetch("dnf")
}

#[test]
#[ignore = "needs the clients' root; run by `make test-clients`"]
fn git_clones_and_pulls_beside_a_fallback_for_other_paths() -> Result {
    fetch("git")
}
