// SPDX-License-Identifier: GPL-2.0-only

//! `/dev/khttpd-relay`: what is written to it goes to a TCP peer, what the peer answers is read.

mod common;

use common::{assert_quiet, machine, wait_until, Result, HANG};
use machine::{Accelerator, Machine};

/// A machine whose clock counts instructions: the seconds that are measured in it are its own, however busy the host is.
fn relaying() -> Result<Machine> {
    let machine = machine()?
        .cpus(1)
        .accelerator(Accelerator::Counting)
        .boot()?;
    machine.exec_ok("insmod khttpd.ko port=0")?;
    machine.put_file("/tmp/relay.py", 0o600, include_bytes!("guest/relay.py"))?;
    Ok(machine)
}

/// Each is a function of `guest/relay.py`.
fn run(machine: &Machine, cases: &[&str]) -> Result {
    for case in cases {
        println!(
            "{case}: {}",
            machine.exec_ok(&format!("python3 /tmp/relay.py {case}"))?
        );
    }
    machine.exec_ok("rmmod khttpd")?;
    assert_quiet(machine)
}

#[test]
fn stream_arrives_unchanged_and_at_the_speed_of_tcp() -> Result {
    run(&relaying()?, &["stream"])
}

#[test]
fn each_opener_talks_to_the_peer() -> Result {
    run(&relaying()?, &["answers", "openers", "nonblocking"])
}

#[test]
fn what_the_peer_or_the_network_says_is_reported() -> Result {
    run(&relaying()?, &["absent", "resets"])
}

#[test]
fn nobody_waits_for_ever() -> Result {
    run(&relaying()?, &["stalls", "late"])
}

#[test]
fn shell_writes_lines_and_one_shot_commands_do_the_same() -> Result {
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
