// SPDX-License-Identifier: GPL-2.0-only

//! Writes the files that the tests ask for, so that a server can serve them.
//!
//! `cargo run -p protocol --example site -- DIRECTORY`; the tests talk to that server when
//! `KHTTPD_SERVER=ADDRESS:PORT` is set.

#[path = "../tests/fixture/mod.rs"]
mod fixture;

fn main() -> std::io::Result<()> {
    let directory = std::env::args_os().nth(1).ok_or_else(|| {
        std::io::Error::new(std::io::ErrorKind::InvalidInput, "where to? site DIRECTORY")
    })?;
    fixture::write_to(&fixture::site(), directory.as_ref())
}
