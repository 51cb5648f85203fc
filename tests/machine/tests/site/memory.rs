// SPDX-License-Identifier: GPL-2.0-only

//! Loads that need more memory than there is.

use crate::common::{
    assert_no_trouble, assert_quiet, machine, mount_groups, put_guest, scaled_memory, Result,
    PYTHON,
};
use crate::{assert_old, command, commanded, tell};

#[test]
fn site_memory_is_charged_to_the_loading_cgroup() -> Result {
    let machine = commanded()?;
    if !mount_groups(&machine)? {
        return Ok(());
    }
    machine.exec_ok(
        "echo +memory > /sys/fs/cgroup/cgroup.subtree_control; mkdir /sys/fs/cgroup/small; echo 30M > /sys/fs/cgroup/small/memory.max
         mkdir /tmp/old /tmp/t; echo old > /tmp/old/index.html; cd /tmp/t; for i in 1 2; do head -c 32M /dev/urandom > $i; done",
    )?;
    command(&machine, "'root /tmp/old'")?;
    let python = "echo $$ > /sys/fs/cgroup/small/cgroup.procs; python3";
    let said = tell(&machine, python, "'root /tmp/t'")?;
    // The writer's own memory is charged to the group, too. If that exceeds the limit, the kernel
    // kills the writer and logs a report.
    let killed = said.starts_with("Killed");
    assert!(killed || said.starts_with("ENOMEM\n"), "{said}");
    assert_old(&machine)?;
    command(&machine, "'root /tmp/t'")?;
    match killed {
        true => assert_no_trouble(&machine).map(drop),
        false => assert_quiet(&machine),
    }
}

#[test]
fn site_larger_than_memory_fails_without_oom_kill() -> Result {
    let memory = scaled_memory(400);
    let machine = machine()?.memory(memory).boot()?;
    put_guest(&machine, &["command.py"])?;
    machine.exec_ok("insmod khttpd.ko; mkdir /tmp/old /tmp/bad; echo old > /tmp/old/index.html")?;
    command(&machine, "'root /tmp/old'")?;
    machine.exec_ok(&format!("for i in 1 2 3; do truncate -s {}M /tmp/bad/$i; echo $i | dd of=/tmp/bad/$i conv=notrunc 2> /dev/null; done", memory / 2))?;
    for _ in 0..3 {
        let said = tell(
            &machine,
            PYTHON,
            "'max-file-bytes 2000000000' 'max-site-bytes 2000000000' 'root /tmp/bad'",
        )?;
        assert!(said.starts_with("ENOMEM\n"), "{said}");
        assert!(said.contains("not enough memory"), "{said}");
        assert_old(&machine)?;
    }
    command(&machine, "'root /tmp/old' reload")?;
    assert_quiet(&machine)
}
