// SPDX-License-Identifier: GPL-2.0-only

//! Chromium without a window.

use crate::check;
use crate::common::Result;

fn browse(case: &str) -> Result {
    let programs = ["browser.py", "resumption.py"];
    check(&programs, &format!("browser.py {case}"))
}

#[test]
#[ignore = "needs the clients' root; run by `make test-clients`"]
fn chromium_plays_videos_and_seeks_in_them() -> Result {
    browse("video")
}

#[test]
#[ignore = "needs the clients' root; run by `make test-clients`"]
fn chromium_installs_and_replaces_a_service_worker() -> Result {
    browse("service_worker")
}

#[test]
#[ignore = "needs the clients' root; run by `make test-clients`"]
fn chromium_loads_what_it_refuses_by_a_wrong_media_type() -> Result {
    browse("types")
}
