// SPDX-License-Identifier: GPL-2.0-only

//! Peers that send segments as no TCP should, or none: the server outlives them, and serves others.

mod common;

use common::random::seed;
use common::{assert_quiet, machine, serving, Result};

/// Runs cases of `guest/hostile.py`.
fn run(cases: &[&str]) -> Result {
    let machine = machine()?.boot()?;
    machine.exec_ok("insmod khttpd.ko")?;
    machine.put_file("/tmp/packet.py", 0o600, include_bytes!("guest/packet.py"))?;
    machine.put_file("/tmp/status.py", 0o600, include_bytes!("guest/status.py"))?;
    machine.put_file("/tmp/hostile.py", 0o600, include_bytes!("guest/hostile.py"))?;
    let command = format!(
        "python3 /tmp/hostile.py {} {} && rmmod khttpd",
        seed()?,
        cases.join(" ")
    );
    let output = machine.exec(&command)?;
    println!("{}{}", output.stdout_text(), output.stderr_text());
    assert_quiet(&machine)?;
    assert!(output.status.success(), "{cases:?}");
    Ok(())
}

#[test]
fn rst_at_every_point_of_a_request_and_of_a_reply() -> Result {
    run(&["resets_in_requests", "resets_in_replies"])
}

#[test]
fn fin_at_every_point_of_a_request_and_of_a_reply() -> Result {
    run(&["fins_in_requests", "fins_in_replies"])
}

#[test]
fn segments_that_are_out_of_order_repeated_or_overlapping() -> Result {
    run(&["pieces_in_any_order", "pieces_that_differ"])
}

#[test]
fn segments_at_random_and_beginnings_as_they_should_not_be() -> Result {
    run(&["odd_beginnings", "same_address_again", "noise"])
}

#[test]
fn tiny_segments_and_windows_that_stay_shut() -> Result {
    run(&["tiny_segments", "zero_windows", "replies_nobody_reads"])
}

#[test]
fn ten_thousand_handshakes_without_end() -> Result {
    run(&["handshakes_without_end"])
}

#[test]
fn requests_whose_bytes_change_while_they_are_parsed() -> Result {
    let machine = serving()?;
    machine.put_file("/tmp/shared.py", 0o600, include_bytes!("guest/shared.py"))?;
    let output = machine.exec("python3 /tmp/shared.py 30 && rmmod khttpd")?;
    println!("{}{}", output.stdout_text(), output.stderr_text());
    assert_quiet(&machine)?;
    assert!(output.status.success());
    Ok(())
}
