// SPDX-License-Identifier: GPL-2.0-only

//! Peers whose segments no well-behaved TCP sends: the server survives them and serves other
//! clients.

mod common;

use common::random::seed;
use common::{assert_quiet, put_guest, serving, Result, PYTHON};

/// Runs cases of `guest/hostile.py`.
fn run(cases: &[&str]) -> Result {
    let machine = serving()?;
    put_guest(
        &machine,
        &[
            "status.py",
            "packet.py",
            "peers.py",
            "endings.py",
            "segments.py",
            "windows.py",
            "hostile.py",
        ],
    )?;
    let command = format!(
        "{PYTHON} /tmp/hostile.py {} {} && rmmod khttpd",
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
fn rst_at_any_point_ends_the_connection() -> Result {
    run(&["resets_in_requests", "resets_in_responses"])
}

#[test]
fn fin_at_any_point_ends_the_connection_after_complete_responses() -> Result {
    run(&["fins_in_requests", "fins_in_responses"])
}

#[test]
fn reordered_and_overlapping_segments_form_one_request() -> Result {
    run(&["pieces_in_any_order", "pieces_that_differ"])
}

#[test]
fn random_segments_and_malformed_handshakes_break_nothing() -> Result {
    run(&["malformed_handshakes", "reused_addresses", "noise"])
}

#[test]
fn tiny_segments_are_served_and_closed_windows_time_out() -> Result {
    run(&["tiny_segments", "zero_windows", "unread_responses"])
}

#[test]
fn ten_thousand_unfinished_handshakes_leak_nothing() -> Result {
    run(&["unfinished_handshakes"])
}

#[test]
fn request_that_changes_while_it_is_parsed_is_read_once() -> Result {
    let machine = serving()?;
    put_guest(&machine, &["shared.py"])?;
    let output = machine.exec("python3 /tmp/shared.py 30 && rmmod khttpd")?;
    println!("{}{}", output.stdout_text(), output.stderr_text());
    assert_quiet(&machine)?;
    assert!(output.status.success());
    Ok(())
}

#[test]
fn request_in_a_ring_of_af_packet_is_read_once() -> Result {
    let machine = serving()?;
    put_guest(&machine, &["status.py", "packet.py", "ring.py"])?;
    let output = machine.exec("python3 /tmp/ring.py 500 && rmmod khttpd")?;
    println!("{}{}", output.stdout_text(), output.stderr_text());
    assert_quiet(&machine)?;
    assert!(output.status.success());
    Ok(())
}
