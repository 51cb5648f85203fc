// SPDX-License-Identifier: GPL-2.0-only

//! `watch yes`: changed files are served without a command.

mod common;

use common::{
    assert_quiet, check_charged, put_guest, rounds, scaled_count, serving, unload, Result, PYTHON,
};
use machine::Machine;

/// Runs a case of a program in `guest/`, and unloads the module.
fn run(case: &str) -> Result {
    let machine = serving()?;
    run_on(&machine, case)?;
    unload(&machine)
}

/// Runs a case of a program in `guest/`.
fn run_on(machine: &Machine, case: &str) -> Result {
    put_guest(machine, &["status.py", "watch.py", "watch_ends.py"])?;
    let output = machine.exec(&format!("exec {PYTHON} /tmp/{case}"))?;
    print!("{}", output.stdout_text());
    assert!(
        output.status.success(),
        "{}\n{}",
        output.stderr_text(),
        machine.exec_ok("cat /dev/khttpd")?
    );
    Ok(())
}

#[test]
fn changed_files_and_directories_are_served_without_a_command() -> Result {
    run("watch.py changes")
}

#[test]
fn burst_of_changes_ends_in_its_last_state_with_at_most_a_load_a_second() -> Result {
    run(&format!("watch.py bursts {}", rounds(1000)))
}

#[test]
fn flipped_link_and_replaced_root_are_followed() -> Result {
    run("watch.py links")
}

#[test]
fn file_systems_that_may_wait_for_ever_are_not_watched() -> Result {
    let share = std::env::temp_dir().join(format!("khttpd-watch-{}", std::process::id()));
    std::fs::create_dir_all(&share)?;
    let machine = common::machine()?.share(&share).boot()?;
    machine.exec_ok("insmod khttpd.ko")?;
    let run = run_on(&machine, "watch_ends.py waiting");
    std::fs::remove_dir_all(&share)?;
    run?;
    machine.exec_ok("rmmod khttpd")?;
    // File systems log their mounts.
    common::assert_no_trouble(&machine).map(drop)
}

#[test]
fn watched_file_system_can_be_unmounted_and_the_old_site_stays() -> Result {
    let machine = serving()?;
    run_on(&machine, "watch_ends.py unmounted")?;
    machine.exec_ok("rmmod khttpd")?;
    // File systems log their mounts.
    common::assert_no_trouble(&machine).map(drop)
}

#[test]
fn malformed_rules_of_a_watched_root_keep_the_old_site_and_are_reported() -> Result {
    run("watch.py rules")
}

#[test]
fn failure_that_passes_without_a_change_is_attempted_again() -> Result {
    run("watch.py leased")
}

#[test]
fn commands_do_not_keep_changes_from_being_loaded() -> Result {
    run("watch_ends.py commands")
}

#[test]
fn reload_reads_no_file_that_the_writer_could_not_read() -> Result {
    run("watch.py rights")
}

#[test]
fn reload_sees_the_mounts_of_the_writer() -> Result {
    run("watch_ends.py views")
}

#[test]
fn commands_namespaces_and_the_module_end_while_files_change() -> Result {
    run(&format!("watch_ends.py ends {}", scaled_count(20).max(8)))
}

#[test]
fn command_interrupts_a_reload_that_begins_anew() -> Result {
    run(&format!("watch_ends.py interrupted {}", scaled_count(5000)))
}

#[test]
fn reloads_are_charged_to_the_cgroup_of_the_writer() -> Result {
    check_charged("", "watched 16")
}

#[test]
fn malformed_watch_is_refused() -> Result {
    let machine = serving()?;
    put_guest(&machine, &["command.py"])?;
    machine.exec_ok("mkdir /tmp/t && echo 'watch yes' > /tmp/t/.khttpd")?;
    for (line, said) in [
        ("watch", "EINVAL\nline 1: \"watch\": must be yes or no\n"),
        (
            "watch always",
            "EINVAL\nline 1: \"always\": must be yes or no\n",
        ),
        (
            "watch yes please",
            "EINVAL\nline 1: \"please\": unexpected word\n",
        ),
        (
            "root /tmp/t",
            "EINVAL\nline 1: \"root /tmp/t\": /tmp/t/.khttpd: line 1: \"watch yes\": only the \
             control node may set this, not the rules of a root\n",
        ),
    ] {
        let output = machine.exec(&format!("{PYTHON} /tmp/command.py '{line}'"))?;
        let refused = output.stdout_text().into_owned() + &output.stderr_text();
        assert_eq!(refused, said, "{line}");
    }
    machine.exec_ok("! grep -q '^watch' /dev/khttpd")?;
    machine.exec_ok("echo watch no > /dev/khttpd; grep -qx 'watch no' /dev/khttpd")?;
    machine.exec_ok("rmmod khttpd")?;
    assert_quiet(&machine)
}
