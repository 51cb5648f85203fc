// SPDX-License-Identifier: GPL-2.0-only

//! The access log, from requests to the lines that a process reads.

mod common;

use std::fs;
use std::path::Path;
use std::thread;
use std::time::Duration;

use common::program::{self, run};
use common::{assert_no_trouble, assert_quiet, put_guest, rounds, serving, unload, Result, Shared};

const LIBRARIES: [&str; 3] = ["status.py", "stream.py", "access_log.py"];

/// Runs a program in a machine that serves, and unloads the module.
fn check(name: &str, command: &str) -> Result {
    program::check(&[&LIBRARIES[..], &[name]].concat(), command)
}

/// Runs a case of `log_lines.py` with `count` requests.
fn lines(case: &str, count: u32) -> Result {
    check("log_lines.py", &format!("log_lines.py {case} {count}"))
}

#[test]
fn node_has_one_reader_that_a_signal_or_the_end_of_the_namespace_ends() -> Result {
    check("log_node.py", "log_node.py")
}

#[test]
fn open_node_keeps_the_module() -> Result {
    let machine = serving()?;
    machine.exec_ok(
        "exec 3< /dev/khttpd-log; ! rmmod khttpd 2> /dev/null && exec 3<&-; rmmod khttpd && \
         test ! -e /dev/khttpd-log",
    )?;
    assert_quiet(&machine)
}

#[test]
fn read_returns_whole_lines_or_a_part_of_one() -> Result {
    lines("pieces", 60)
}

#[test]
fn line_that_cannot_be_copied_stays() -> Result {
    lines("faults", 20)
}

#[test]
fn reader_that_waits_gets_each_line() -> Result {
    lines("wakes", rounds(2000))
}

#[test]
fn lines_of_two_cpus_come_in_the_order_of_time() -> Result {
    lines("order", rounds(20_000))
}

#[test]
fn lines_that_a_slow_reader_loses_are_counted_and_told_of() -> Result {
    lines("slow", 500)
}

#[test]
fn readers_that_are_killed_leave_their_place() -> Result {
    lines("killed", rounds(20_000))
}

#[test]
fn each_request_is_a_line_or_lost_while_buffers_are_replaced() -> Result {
    lines("replaced", rounds(20_000))
}

#[test]
fn log_is_switched_off_and_on_under_load() -> Result {
    lines("switched", rounds(20_000))
}

#[test]
fn each_line_of_json_parses_whatever_the_bytes_of_requests() -> Result {
    lines("hostile", 200)
}

#[test]
fn lines_have_the_format_of_their_host_and_the_address_that_a_proxy_sends() -> Result {
    let machine = serving()?;
    machine.exec_ok(
        "printf 'log common\nlog json for a.org\nlog off for *.a.org\n\
         client-address X-Forwarded-For from 127.0.0.0/8\n' > /dev/khttpd",
    )?;
    for (host, address) in [
        ("a.org", "spoofed, 192.0.2.7:80"),
        ("b.a.org", "192.0.2.8"),
        ("b.org", "unknown"),
    ] {
        machine.exec_ok(&format!(
            "curl -s -o /dev/null -H 'Host: {host}' -H 'X-Forwarded-For: {address}' \
             http://127.0.0.1:8080/robots.txt"
        ))?;
    }
    let text = machine.exec_ok("timeout 60 head -n 2 < /dev/khttpd-log")?;
    let lines: Vec<_> = text.lines().collect();
    let [json, common] = lines.as_slice() else {
        panic!("{text}");
    };
    assert!(json.contains(r#""client":"192.0.2.7","#), "{json}");
    assert!(json.contains(r#""host":"a.org","status":200,"#), "{json}");
    assert!(common.starts_with("127.0.0.1 - - ["), "{common}");
    assert!(
        common.contains(r#"] "GET /robots.txt HTTP/1.1" 200 "#),
        "{common}"
    );
    unload(&machine)
}

/// Returns the command of the unit that appends the log to a file.
fn command_of_unit() -> Result<String> {
    let unit = "../../tools/khttpd/khttpd-log.service";
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(unit))?;
    let command = text
        .lines()
        .find_map(|line| line.strip_prefix("ExecStart="));
    Ok(command.ok_or("the unit has no command")?.into())
}

#[test]
fn rotation_by_the_unit_of_the_package_loses_no_line() -> Result {
    let machine = serving()?;
    put_guest(&machine, &LIBRARIES)?;
    put_guest(&machine, &["log_rotation.py"])?;
    machine.put_file("/tmp/unit.sh", 0o600, command_of_unit()?.as_bytes())?;
    run(&machine, &format!("log_rotation.py {}", rounds(20_000)))?;
    unload(&machine)
}

/// A process reads all the time, and clients make requests, in two namespaces.
#[test]
fn namespace_and_module_end_under_load() -> Result {
    let machine = Shared::take()?;
    put_guest(&machine, &LIBRARIES)?;
    for round in 0..3 {
        machine.exec_ok(
            "insmod khttpd.ko && ip netns add a && ip -n a link set lo up && \
             ip netns exec a sh -c \"printf 'log json\\nlisten 8080\\n' > /dev/khttpd\" && \
             printf 'log combined\\nlog-buffer 65536\\n' > /dev/khttpd",
        )?;
        // The reader of the namespace is outside: it does not keep it.
        machine.exec_ok(
            "python3 -c \"
import os, subprocess
here, there = (os.open(path, os.O_RDONLY) for path in ('/proc/self/ns/net', '/run/netns/a'))
os.setns(there, os.CLONE_NEWNET)
node = os.open('/dev/khttpd-log', os.O_RDONLY)
os.setns(here, os.CLONE_NEWNET)
subprocess.Popen('cat > /tmp/a.log; echo ended > /tmp/a.ended', shell=True, stdin=node)
\" > /dev/null 2>&1 && \
             { ip netns exec a wrk -d 600 -c 20 -t 2 http://127.0.0.1:8080/ > /dev/null 2>&1 & } && \
             { wrk -d 600 -c 20 -t 2 http://127.0.0.1:8080/ > /dev/null 2>&1 & } && \
             { timeout 4 cat /dev/khttpd-log > /dev/null & } && sleep 0.5",
        )?;
        thread::sleep(Duration::from_millis(300 * round));
        machine.exec_ok(
            "set -e; until test -s /tmp/a.log; do sleep 0.1; done; \
             ip netns pids a | xargs kill; ip netns del a; \
             until test -e /tmp/a.ended; do sleep 0.1; done; rm /tmp/a.ended /tmp/a.log; \
             until rmmod khttpd 2> /dev/null; do sleep 0.1; done; pkill -x wrk",
        )?;
    }
    assert_no_trouble(&machine).map(drop)
}
