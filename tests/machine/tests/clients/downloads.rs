// SPDX-License-Identifier: GPL-2.0-only

//! Download managers. Each is interrupted twice, resumes, and its file is the server's.

use crate::check;
use crate::common::Result;

fn download(program: &str) -> Result {
    let programs = ["downloads.py", "resumption.py"];
    check(&programs, &format!("downloads.py {program}"))
}

#[test]
#[ignore = "needs the clients' root; run by `make test-clients`"]
fn curl_resumes_an_interrupted_download() -> Result {
    download("curl")
}

#[test]
#[ignore = "needs the clients' root; run by `make test-clients`"]
fn wget_resumes_an_interrupted_download() -> Result {
    download("wget")
}

#[test]
#[ignore = "needs the clients' root; run by `make test-clients`"]
fn aria2_resumes_an_interrupted_download_of_eight_segments() -> Result {
    download("aria2")
}

#[test]
#[ignore = "needs the clients' root; run by `make test-clients`"]
fn zsync_resumes_an_interrupted_download() -> Result {
    download("zsync")
}

#[test]
#[ignore = "needs the clients' root; run by `make test-clients`"]
fn zsync_gets_the_changed_blocks_alone() -> Result {
    download("zsync_blocks")
}

#[test]
#[ignore = "needs the clients' root; run by `make test-clients`"]
fn zchunk_gets_the_changed_chunks_alone() -> Result {
    download("zchunk")
}
