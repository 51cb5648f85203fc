// SPDX-License-Identifier: GPL-2.0-only

//! TLS listeners: their connections move, unread, to the TLS agent.

mod common;

use common::program;
use common::{
    assert_quiet, machine, put_guest, rounds, scaled_count, serving, unload, wait_until, Result,
    HANG,
};

const PROGRAMS: [&str; 5] = [
    "status.py",
    "stream.py",
    "process.py",
    "python_agent.py",
    "tls_listen.py",
];

/// Runs a case of `guest/tls_listen.py` in a machine of its own, and unloads the module.
fn check(case: &str) -> Result {
    program::check(&PROGRAMS, &format!("tls_listen.py {case}"))
}

#[test]
fn agent_shakes_hands_and_sees_the_addresses_that_the_client_uses() -> Result {
    check("addresses")
}

#[test]
fn agent_gets_every_byte_from_the_first_one() -> Result {
    check("unread")
}

#[test]
fn connections_go_to_the_agent_without_ipv6() -> Result {
    let machine = machine()?.parameter("ipv6.disable=1").boot()?;
    machine.exec_ok("insmod khttpd.ko address=0.0.0.0")?;
    put_guest(&machine, &PROGRAMS)?;
    program::run(&machine, "tls_listen.py unread")?;
    unload(&machine)
}

#[test]
fn agent_shakes_hands_with_clients_of_tcp_fast_open() -> Result {
    let machine = machine()?.boot()?;
    put_guest(&machine, &PROGRAMS)?;
    put_guest(&machine, &["packet.py", "fast_open.py", "tls_fast_open.py"])?;
    program::run(&machine, "tls_fast_open.py")?;
    assert_quiet(&machine)
}

#[test]
fn connection_that_the_agent_cannot_have_is_closed_counted_and_reported() -> Result {
    check("refused")
}

#[test]
fn tls_listener_needs_an_agent_and_is_shown_with_it() -> Result {
    check("commands")
}

#[test]
fn transaction_makes_a_listener_one_of_tls_or_none() -> Result {
    check("changes")
}

#[test]
fn transactions_that_change_a_listener_break_no_connection() -> Result {
    check(&format!("changed {}", scaled_count(1000)))
}

#[test]
fn agent_that_is_killed_and_started_gets_connections_again() -> Result {
    check(&format!("killed {}", rounds(20)))
}

#[test]
fn connections_in_the_queue_of_the_agent_outlive_the_module() -> Result {
    check("waiting")
}

#[test]
fn connection_has_a_slot_until_it_is_that_of_the_agent() -> Result {
    check("slots")
}

#[test]
fn namespace_ends_while_connections_wait_for_the_agent() -> Result {
    let machine = serving()?;
    put_guest(&machine, &PROGRAMS)?;
    for ending in [
        "ip netns pids a > /tmp/pids; ip netns del a; xargs kill -9 < /tmp/pids",
        "ip netns pids a | xargs kill -9; ip netns del a",
    ] {
        // Its end is seen by the end of the device.
        machine.exec_ok(
            "ip netns add a && ip link add va type veth peer name eth0 netns a && ip -n a link set lo up
             ip netns exec a sh -c 'printf \"listen 8080\\n\" > /dev/khttpd'",
        )?;
        let clients = machine.spawn("exec ip netns exec a python3 /tmp/tls_listen.py forever")?;
        wait_until(
            &machine,
            "ip netns exec a grep -q '^# handed-over [1-9]' /dev/khttpd",
        )?;
        machine.exec_ok(ending)?;
        let _ = clients.wait(HANG)?;
        wait_until(&machine, "! ip link show va > /dev/null 2>&1")?;
    }
    unload(&machine)
}
