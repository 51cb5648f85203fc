// SPDX-License-Identifier: GPL-2.0-only

//! Adopted connections with TLS, whose handshake a process makes.

mod common;

use common::{program, Result};

const LIBRARIES: [&str; 5] = [
    "status.py",
    "stream.py",
    "process.py",
    "adoption.py",
    "secure.py",
];

/// Runs a program, which may need others, in a machine of its own, and unloads the module.
fn check(others: &[&str], command: &str) -> Result {
    program::check(&[&LIBRARIES, others].concat(), command)
}

#[test]
fn client_gets_the_same_bytes_with_tls_as_without() -> Result {
    check(&["transports.py"], "transports.py secure")
}

#[test]
fn records_of_all_forms_are_served_or_end_the_connection() -> Result {
    check(&["access_log.py", "secure_records.py"], "secure_records.py")
}

#[test]
fn stop_drains_connections_with_tls() -> Result {
    check(&["draining.py"], "draining.py secure")
}

#[test]
fn connections_end_with_the_module_and_by_resets() -> Result {
    check(&["secure_ends.py"], "secure_ends.py")
}
