// SPDX-License-Identifier: GPL-2.0-only

//! A writer of the files that the tests request, for a server to serve them.
//!
//! `cargo run -p protocol --example site -- DIRECTORY`; the tests connect to that server if
//! `KHTTPD_SERVER=ADDRESS:PORT` is set.

#[path = "../tests/fixture/mod.rs"]
mod fixture;

fn main() -> std::io::Result<()> {
    let directory = std::env::args_os().nth(1).ok_or_else(|| {
        std::io::Error::new(std::io::ErrorKind::InvalidInput, "usage: site DIRECTORY")
    })?;
    fixture::write_to(&fixture::site(), directory.as_ref())
}
