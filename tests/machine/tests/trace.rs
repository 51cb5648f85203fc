// SPDX-License-Identifier: GPL-2.0-only

//! Tracepoints, on a kernel that has them.

mod common;

use std::fs;
use std::path::Path;

use common::{assert_no_trouble, machine, program, put_guest, unload, Result, HANG};
use machine::Machine;

/// Boots a machine that serves a site with a large file; returns nothing if its kernel does not trace.
fn traced() -> Result<Option<Machine>> {
    let machine = machine()?.boot()?;
    let systems = machine.exec_ok("cat /proc/filesystems")?;
    if !systems.contains("tracefs") {
        println!("skipped: this kernel has no tracefs");
        return Ok(None);
    }
    machine.exec_ok(
        "mkdir /tmp/site && cp /proc/sys/kernel/version /tmp/site/version && \
         echo '<html></html>' > /tmp/site/index.html && \
         head -c 30000000 /dev/zero > /tmp/site/large && \
         insmod khttpd.ko root=/tmp/site",
    )?;
    put_guest(
        &machine,
        &[
            "status.py",
            "stream.py",
            "process.py",
            "adoption.py",
            "events.py",
            "tracing.py",
            "traced_load.py",
        ],
    )?;
    Ok(Some(machine))
}

#[test]
fn events_tell_how_connections_begin_and_why_they_end() -> Result {
    let Some(machine) = traced()? else {
        return Ok(());
    };
    program::run(&machine, "tracing.py")?;
    unload(&machine)
}

/// What the commands of the documentation print, in their order, while `traced_load.py` runs instead
/// of `sleep 10`.
const PRINTED: [&[&str]; 10] = [
    &["@[200]: ", "@[404]: 1\n"],
    &["@[client-closed]: ", "@[last-response]: 1\n"],
    &["@[::ffff:127.0.0.1, "],
    &["@[budget, "],
    &[" khttpd:khttpd_accept ", " khttpd:khttpd_load "],
    &["khttpd:khttpd_request(", "khttpd:khttpd_close("],
    &[],
    &[
        "khttpd_request: ",
        "target=/missing status=404",
        "reason=last-response",
    ],
    &[],
    &["target=/missing status=404"],
];

/// Returns the commands in the section "Tracing" of the documentation.
fn documented() -> Result<Vec<String>> {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../Documentation/configuration.md");
    let page = fs::read_to_string(page)?;
    let (_, section) = page.split_once("\n## Tracing\n").ok_or("no section")?;
    let (section, _) = section.split_once("\n## ").ok_or("no next section")?;
    let commands = section.lines().filter_map(|line| line.strip_prefix("# "));
    Ok(commands.map(str::to_owned).collect())
}

#[test]
fn commands_of_the_documentation_show_the_events() -> Result {
    let commands = documented()?;
    assert_eq!(commands.len(), PRINTED.len());
    let Some(machine) = traced()? else {
        return Ok(());
    };
    machine.exec_ok("mount -t tracefs tracefs /sys/kernel/tracing")?;
    for (command, printed) in commands.iter().zip(PRINTED) {
        let command = command.replace("sleep 10", "python3 /tmp/traced_load.py");
        let output = machine.exec_within(&format!("cd /tmp && {command}"), HANG)?;
        let said = format!("{}{}", output.stdout_text(), output.stderr_text());
        println!("# {command}\n{said}");
        assert!(output.status.success(), "{command}");
        for part in printed {
            assert!(said.contains(part), "{command} does not print {part:?}");
        }
    }
    assert_no_trouble(&machine)?;
    unload(&machine)
}
