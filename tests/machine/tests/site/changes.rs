// SPDX-License-Identifier: GPL-2.0-only

//! Files that change while they are loaded, and reloads under load.

use std::collections::HashMap;
use std::io::Write;

use machine::Machine;

use crate::commanded;
use crate::common::{assert_quiet, put_guest, rounds, scaled_time, Result, HANG, PYTHON};

/// Runs a program of the guest that writes to a file of `directory` while the site is loaded.
fn load_while_written(machine: &Machine, program: &str, directory: &str) -> Result {
    put_guest(machine, &[program])?;
    let output = machine.exec(&format!(
        "{PYTHON} /tmp/{program} {directory} {} 2>&1",
        rounds(30)
    ))?;
    let said = output.stdout_text().into_owned();
    say!("{}", said.trim());
    assert!(output.status.success(), "{said}");
    assert_quiet(machine)
}

#[test]
fn file_written_in_place_is_never_served_torn() -> Result {
    load_while_written(&*commanded()?, "torn.py", "/tmp/torn")
}

#[test]
fn file_written_through_a_mapping_on_tmpfs_is_never_served_torn() -> Result {
    let machine = commanded()?;
    machine.exec_ok("mkdir /tmp/mapped && mount -t tmpfs none /tmp/mapped")?;
    load_while_written(&machine, "mapped.py", "/tmp/mapped")
}

#[test]
fn file_made_private_during_a_load_does_not_leak_new_content() -> Result {
    let machine = commanded()?;
    put_guest(&machine, &["closing.py"])?;
    let output = machine.exec("python3 /tmp/closing.py /tmp/closing 20 2>&1")?;
    let said = output.stdout_text().into_owned();
    say!("{}", said.trim());
    assert!(output.status.success(), "{said}");
    assert_quiet(&machine)
}

#[test]
fn slow_peers_keep_no_more_than_two_old_sites() -> Result {
    let machine = commanded()?;
    put_guest(&machine, &["status.py", "old_sites.py"])?;
    let output = machine.exec("python3 /tmp/old_sites.py /tmp/old-sites 2>&1")?;
    assert!(output.status.success(), "{}", output.stdout_text());
    machine.exec_ok("rmmod khttpd")?;
    assert_quiet(&machine)
}

/// Parses the counts that a program in the guest has printed.
fn counts(said: &str) -> HashMap<String, f64> {
    let words: Vec<_> = said.split_ascii_whitespace().collect();
    words
        .chunks_exact(2)
        .filter_map(|pair| Some((pair[0].to_owned(), pair[1].parse().ok()?)))
        .collect()
}

#[test]
fn reloads_under_load_serve_no_torn_file_and_leak_nothing() -> Result {
    let machine = commanded()?;
    put_guest(&machine, &["reload.py", "status.py"])?;
    // Otherwise most of the time would be spent in RCU grace periods.
    machine.exec_ok("echo 1 > /sys/kernel/rcu_expedited")?;
    let reloads = rounds(10_000);
    let output = machine.exec_within(
        &format!("{PYTHON} /tmp/reload.py {reloads} 2>&1"),
        scaled_time(HANG),
    )?;
    let said = output.stdout_text().into_owned();
    say!("{}", said.trim());
    assert!(output.status.success(), "{said}");
    let counts = counts(&said);
    assert!(counts.get("reloads") >= Some(&f64::from(reloads)));
    assert_eq!(counts.get("lost"), Some(&0.0));
    // A leak of a page per reload would be twice as much.
    assert!(counts
        .get("leaked-kib")
        .is_some_and(|leaked| *leaked < 2.0 * f64::from(reloads)));
    machine.exec_ok("rmmod khttpd")?;
    assert_quiet(&machine)
}
