// SPDX-License-Identifier: GPL-2.0-only

//! Sockets of which TCP is only a part: MPTCP, TLS of the kernel, maps of BPF, security modules.

mod common;

use common::program::run;
use common::{check_charged, flavour, machine, put_guest, scaled_count, unload, Result};
use machine::{Builder, Machine};

const PROGRAMS: [&str; 14] = [
    "status.py",
    "stream.py",
    "process.py",
    "exchanges.py",
    "addresses.py",
    "storm.py",
    "adoption.py",
    "sharing.py",
    "trips.py",
    "bpf.py",
    "system_calls.py",
    "misuse.py",
    "layers.py",
    "mptcp.py",
];

/// Boots a machine that serves, if the shell command `test` succeeds, because its kernel has `what`.
fn serving_with(builder: Builder, what: &str, test: &str) -> Result<Option<Machine>> {
    let machine = builder.boot()?;
    put_guest(&machine, &PROGRAMS)?;
    let found = machine.exec(test)?;
    if !found.status.success() {
        let must = flavour() == Some("full".into());
        assert!(!must, "no {what}: {}", found.stderr_text());
        println!("skipped: this kernel has no {what}");
        return Ok(None);
    }
    machine.exec_ok("insmod khttpd.ko")?;
    Ok(Some(machine))
}

/// Runs programs, each with a new module, if the shell command `test` succeeds, because the kernel
/// has `what`.
fn check(builder: Builder, what: &str, test: &str, programs: &[String]) -> Result {
    let Some(machine) = serving_with(builder, what, test)? else {
        return Ok(());
    };
    for program in programs {
        run(&machine, program)?;
        machine.exec_ok("rmmod khttpd && insmod khttpd.ko")?;
    }
    unload(&machine)
}

/// Runs programs if the kernel has MPTCP.
fn check_mptcp(programs: &[&str]) -> Result {
    let test = "python3 -c 'import socket; socket.socket(socket.AF_INET6, proto=262)'";
    let programs: Vec<_> = programs.iter().map(|&program| program.into()).collect();
    check(machine()?, "MPTCP", test, &programs)
}

/// Hands connections over and adopts some, on a machine with a security module.
fn check_security_module(name: &str) -> Result {
    let builder = machine()?.parameter(&format!("lsm={name}"));
    let test = format!(
        "mount -t securityfs none /sys/kernel/security && grep -w {name} /sys/kernel/security/lsm"
    );
    let programs = [
        "addresses.py http".into(),
        format!("storm.py calm {}", scaled_count(1000)),
        format!("trips.py {} 5000", scaled_count(300)),
    ];
    check(builder, name, &test, &programs)
}

#[test]
fn listeners_of_mptcp_get_connections_of_tcp() -> Result {
    check_mptcp(&["mptcp.py"])
}

#[test]
fn client_gets_the_same_bytes_from_a_process_with_mptcp() -> Result {
    check_mptcp(&["exchanges.py mptcp 4", "addresses.py mptcp"])
}

#[test]
fn connections_with_tls_or_in_a_sockmap_are_left_to_the_process() -> Result {
    let test = "mount -t cgroup2 none /sys/fs/cgroup && cd /tmp && \
        python3 -c 'import adoption, misuse; pair = adoption.pair(); misuse.layer(pair[1]); misuse.sockmap(True)'";
    check(machine()?, "TLS and sockmaps", test, &["layers.py".into()])
}

#[test]
fn process_with_little_memory_gets_connections_and_nothing_stays_charged() -> Result {
    check_charged("", "little 8")
}

#[test]
fn process_without_memory_for_its_connections_leaves_no_charge() -> Result {
    check_charged("", "crowded 150")
}

#[test]
fn selinux_without_a_policy_changes_nothing() -> Result {
    check_security_module("selinux")
}

#[test]
fn apparmor_without_profiles_changes_nothing() -> Result {
    check_security_module("apparmor")
}
