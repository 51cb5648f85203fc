// SPDX-License-Identifier: GPL-2.0-only

//! `/dev/khttpd-relay`, which connects its opener to a TCP peer.

mod common;

use common::{assert_quiet, machine, put_guest, wait_until, Result, HANG, PYTHON};
use machine::{Accelerator, Machine};

/// Boots a machine whose clock counts instructions, so that a busy host does not change measured
/// times.
fn relaying() -> Result<Machine> {
    let machine = machine()?
        .cpus(1)
        .accelerator(Accelerator::Counting)
        .boot()?;
    machine.exec_ok("insmod khttpd.ko port=0")?;
    put_guest(&machine, &["relay.py"])?;
    Ok(machine)
}

/// Runs functions of `guest/relay.py`.
fn run(machine: &Machine, cases: &[&str]) -> Result {
    for case in cases {
        println!(
            "{case}: {}",
            machine.exec_ok(&format!("{PYTHON} /tmp/relay.py {case}"))?
        );
    }
    machine.exec_ok("rmmod khttpd")?;
    assert_quiet(machine)
}

#[test]
fn relayed_stream_is_intact_and_as_fast_as_a_socket() -> Result {
    run(&relaying()?, &["stream"])
}

#[test]
fn each_open_relay_has_its_own_connection() -> Result {
    run(&relaying()?, &["answers", "openers", "nonblocking"])
}

#[test]
fn network_and_peer_errors_are_reported() -> Result {
    run(&relaying()?, &["absent", "resets"])
}

#[test]
fn every_relay_wait_is_bounded_and_interruptible() -> Result {
    run(&relaying()?, &["stalls", "late"])
}

#[test]
fn shell_redirection_and_send_command_reach_the_peer() -> Result {
    let machine = relaying()?;
    let heard = |command: &str| -> Result<String> {
        let peer = machine.spawn("exec nc -l 127.0.0.1 2001")?;
        wait_until(&machine, "ss -ltn | grep -q :2001")?;
        machine.exec_ok(command)?;
        let output = peer.wait(HANG)?;
        Ok(output.stdout_text().into_owned())
    };
    assert_eq!(heard("echo hello > /dev/khttpd-relay")?, "hello\n");
    assert_eq!(
        heard("seq 100000 > /dev/khttpd-relay")?.lines().count(),
        100_000
    );
    assert_eq!(
        heard("echo 'send 127.0.0.1:2001 hello  you' > /dev/khttpd")?,
        "hello  you\n"
    );
    let refused = machine.exec("echo 'send 127.0.0.1:2001 hello' > /dev/khttpd")?;
    assert!(!refused.status.success());
    let open = "exec 3<>/dev/khttpd-relay; ! rmmod khttpd 2> /tmp/said; cat /tmp/said; exec 3>&-";
    let peer = machine.spawn("exec nc -l 127.0.0.1 2001")?;
    wait_until(&machine, "ss -ltn | grep -q :2001")?;
    assert!(machine.exec_ok(open)?.contains("in use"));
    peer.wait(HANG)?;
    machine.exec_ok("rmmod khttpd")?;
    assert_quiet(&machine)
}
