// SPDX-License-Identifier: GPL-2.0-only

//! Adoption: processes give connections to khttpd, which returns those whose request is for a
//! process.

mod common;

use common::program::{self, run};
use common::{assert_quiet, machine, put_guest, rounds, serving, unload, Result};
use machine::Accelerator;

const LIBRARIES: [&str; 4] = ["status.py", "stream.py", "process.py", "adoption.py"];

/// Runs a program, which may need others, in a machine that serves, and unloads the module.
fn check(others: &[&str], command: &str) -> Result {
    program::check(&[&LIBRARIES, others].concat(), command)
}

#[test]
fn connection_goes_back_and_forth_with_requests_under_way() -> Result {
    let machine = serving()?;
    put_guest(&machine, &LIBRARIES)?;
    put_guest(&machine, &["sharing.py", "trips.py"])?;
    // The process reads no more than a request, or ahead.
    for piece in [1, 5000] {
        run(&machine, &format!("trips.py {} {piece}", rounds(1000)))?;
        machine.exec_ok("rmmod khttpd && insmod khttpd.ko")?;
    }
    unload(&machine)
}

#[test]
fn adopted_connection_gets_the_same_bytes_as_one_of_a_listener() -> Result {
    check(&["secure.py", "transports.py"], "transports.py plain")
}

#[test]
fn what_is_no_connection_to_serve_stays_with_the_process() -> Result {
    check(&["records.py"], "records.py")
}

#[test]
fn connection_is_adopted_in_the_states_in_which_it_can_send() -> Result {
    check(&["packet.py", "states.py"], "states.py")
}

#[test]
fn connection_returns_with_its_request_unread() -> Result {
    check(&["returns.py"], "returns.py")
}

#[test]
fn other_descriptors_hurt_no_other_connection() -> Result {
    check(
        &[
            "system_calls.py",
            "bpf.py",
            "misuse.py",
            "phases.py",
            "duplicates.py",
        ],
        "duplicates.py",
    )
}

#[test]
fn processes_are_killed_and_commands_given_while_connections_go_back_and_forth() -> Result {
    check(&["sharing.py", "trips.py", "rush.py"], "rush.py 15")
}

#[test]
fn namespace_ends_when_only_adopted_connections_are_left() -> Result {
    check(&["phases.py", "tenants.py"], "tenants.py")
}

#[test]
fn stop_drains_adopted_connections() -> Result {
    check(&["secure.py", "draining.py"], "draining.py plain")
}

/// The machine's clock counts instructions and skips idle time.
#[test]
fn adopted_connections_time_out() -> Result {
    let machine = machine()?
        .cpus(1)
        .accelerator(Accelerator::Counting)
        .boot()?;
    put_guest(&machine, &LIBRARIES)?;
    put_guest(&machine, &["timeouts.py", "lifetimes.py"])?;
    machine.exec_ok(
        "insmod khttpd.ko && mkdir /tmp/site && \
         head -c 3000000 /dev/zero > /tmp/site/large && echo hello > /tmp/site/index.html && \
         echo root /tmp/site > /dev/khttpd && python3 /tmp/timeouts.py adopted && \
         head -c 10000000 /dev/zero > /tmp/site/large && echo 'User-agent: *' > /tmp/site/robots.txt && \
         python3 /tmp/lifetimes.py",
    )?;
    unload(&machine)
}

#[test]
fn open_node_keeps_the_module() -> Result {
    let machine = serving()?;
    machine.exec_ok(
        "exec 3<> /dev/khttpd-adopt; ! rmmod khttpd 2> /dev/null && exec 3<&-; rmmod khttpd && test ! -e /dev/khttpd-adopt",
    )?;
    assert_quiet(&machine)
}
