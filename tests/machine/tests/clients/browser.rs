// SPDX-License-Identifier: GPL-2.0-only

//! Chromium without a window, and a player of videos.

use crate::check;
use crate::common::Result;

fn browse(case: &str) -> Result {
    let programs = ["browser.py", "videos.py", "resumption.py"];
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

#[test]
#[ignore = "needs the clients' root; run by `make test-clients`"]
fn ffmpeg_seeks_in_videos_and_gets_segments() -> Result {
    check(&["videos.py", "resumption.py"], "videos.py")
}
