// SPDX-License-Identifier: GPL-2.0-only

//! The machine comes up, runs commands, and khttpd can be loaded in it.

#![allow(missing_docs)]

use std::time::Duration;

use machine::{Machine, Result, Status};

#[test]
fn commands_run_and_the_module_loads() -> Result {
    let machine = Machine::builder()?.name("boot").boot()?;
    assert!(machine.exec_ok("uname -r")?.starts_with(char::is_numeric));
    // What looks for data races can be in a kernel and not be switched on.
    if std::env::var_os("KHTTPD_FLAVOUR").is_some_and(|flavour| flavour == "race") {
        machine.exec_ok("grep -qx 'enabled: 1' /sys/kernel/debug/kcsan")?;
    }

    let output = machine.exec("echo out; echo err >&2; exit 3")?;
    assert_eq!(output.status, Status::Exited(3));
    assert_eq!(
        (&*output.stdout, &*output.stderr),
        (&b"out\n"[..], &b"err\n"[..])
    );

    let content: Vec<u8> = (0..300_000_u32).flat_map(u32::to_le_bytes).collect();
    machine.put_file("/tmp/content", 0o600, &content)?;
    assert_eq!(machine.read_file("/tmp/content")?, content);

    let sleeper = machine.spawn("exec sleep 1000")?;
    assert!(sleeper.is_running());
    sleeper.signal(15)?;
    assert_eq!(
        sleeper.wait(Duration::from_secs(600))?.status,
        Status::Killed(15)
    );

    // A program that is left behind does not hold up the one that left it, and a dropped one is killed.
    machine.exec("sleep 100000 &")?;
    machine.exec_ok("pgrep -f 'sleep 10000[0]'")?;
    drop(machine.spawn("exec sleep 200000")?);
    machine.exec_ok(
        "for i in $(seq 2000); do pgrep -f 'sleep 20000[0]' || exit 0; sleep 0.3; done; exit 1",
    )?;

    let mark = machine.log()?.mark();
    machine.exec_ok("echo '<6>khttpd: a line' >/dev/kmsg")?;
    assert_eq!(
        machine
            .log()?
            .since(mark)
            .containing("khttpd: a line")
            .count(),
        1
    );
    if machine.exec("test -e khttpd.ko")?.status.success() {
        machine.exec_ok("insmod khttpd.ko && rmmod khttpd")?;
    }
    let trouble = machine.log()?.trouble();
    assert!(trouble.is_empty(), "{}", trouble[0]);

    // Half a log of a machine that has gone is not taken for quiet.
    assert!(machine.exec("echo b >/proc/sysrq-trigger").is_err());
    assert!(machine.log().is_err());
    Ok(())
}
