// SPDX-License-Identifier: GPL-2.0-only

//! Many at a time, slow ones, much, too much, and over bad cables: all that is answered is answered rightly, and when it is
//! over nothing is left of it.

mod common;

use std::fs;
use std::process::Command;
use std::time::Duration;

use common::random::{seed, setting};
use common::{assert_quiet, fewer, look_for_leaks, machine, patience, roomy, Result, HANG};
use machine::{Accelerator, Builder, KernelLog, Kind, Machine, Net};

/// Those who come while others are thrown out must not wait longer than this.
const NEWCOMER_LIMIT: Duration = Duration::from_millis(50);

/// Those who come behind a crowd that is gone must not wait longer than this.
const SERVED_LIMIT: Duration = Duration::from_secs(20);

/// A machine that serves, and that has what the tests run in it.
fn loaded(builder: Builder) -> Result<Machine> {
    let machine = builder.boot()?;
    machine.exec_ok("insmod khttpd.ko")?;
    machine.put_file("/tmp/status.py", 0o600, include_bytes!("guest/status.py"))?;
    machine.put_file("/tmp/load.py", 0o600, include_bytes!("guest/load.py"))?;
    Ok(machine)
}

/// How many; `KHTTPD_COUNT` says otherwise.
fn count(usual: u32) -> Result<u32> {
    Ok(setting("KHTTPD_COUNT", usual.into())?.try_into()?)
}

/// Runs a case of `guest/load.py`; what it says.
fn run(machine: &Machine, case: &str, count: u32) -> Result<String> {
    let command = format!("exec python3 /tmp/load.py {case} {count} {}", seed()?);
    let output = machine.exec_within(&command, patience(HANG))?;
    println!("{}{}", output.stdout_text(), output.stderr_text());
    assert!(output.status.success(), "{case} has failed");
    Ok(output.stdout_text().into_owned())
}

/// The number behind the first word.
fn first_number(said: &str) -> Result<f64> {
    let word = said.split_whitespace().nth(1);
    Ok(word.ok_or("nothing was said")?.parse()?)
}

fn unload(machine: &Machine) -> Result {
    machine.exec_ok("rmmod khttpd")?;
    assert_quiet(machine)
}

#[test]
#[ignore = "long: make test-long"]
fn fifty_thousand_connections_at_once_are_each_answered_and_unloading_with_them_is_quick() -> Result
{
    let machine = loaded(machine()?.memory(roomy(4096)))?;
    let count = count(50_000)?;
    let command = format!("exec python3 /tmp/load.py many {count} {}", seed()?);
    let clients = machine.spawn(&command)?;
    let limit = std::time::Instant::now() + patience(HANG);
    while clients.stdout_so_far().is_empty() {
        if !clients.is_running() || std::time::Instant::now() > limit {
            clients.signal(9)?;
            let output = clients.wait(HANG)?;
            return Err(format!("not all are open: {}", output.stderr_text()).into());
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    print!("{}", String::from_utf8_lossy(&clients.stdout_so_far()));
    let begin = std::time::Instant::now();
    machine.exec_ok("rmmod khttpd")?;
    println!("unloaded in {:?}", begin.elapsed());
    assert!(begin.elapsed() < patience(Duration::from_secs(20)));
    drop(clients);
    assert_quiet(&machine)
}

#[test]
#[ignore = "long: make test-long"]
fn million_requests_are_answered_as_they_should_be_byte_for_byte() -> Result {
    let machine = loaded(machine()?.memory(roomy(2048)))?;
    run(&machine, "million", count(1_000_000)?)?;
    unload(&machine)
}

/// The time that counts is the machine's own, in which each instruction takes a nanosecond, whatever else the host does. On a
/// kernel that is slow itself they are fewer, or their own work would be what is measured.
#[test]
#[ignore = "long: make test-long"]
fn five_thousand_slow_peers_do_not_double_the_99th_percentile_of_an_honest_clients_latency(
) -> Result {
    let machine = loaded(machine()?.cpus(1).accelerator(Accelerator::Counting))?;
    machine.put_file("/tmp/packet.py", 0o600, include_bytes!("guest/packet.py"))?;
    machine.put_file("/tmp/slow.py", 0o600, include_bytes!("guest/slow.py"))?;
    let (peers, seed) = (fewer(count(5000)?), seed()?);
    let command = format!("exec python3 /tmp/slow.py {peers} 15 {seed}");
    let output = machine.exec_within(&command, patience(HANG))?;
    let text = output.stdout_text();
    println!("{text}{}", output.stderr_text());
    let words: Vec<&str> = text.split_whitespace().collect();
    let &["quiet", quiet, quiet_most, "loud", loud, loud_most, ..] = words.as_slice() else {
        return Err("it has not come to its end".into());
    };
    for (what, quiet, loud) in [("half", quiet, loud), ("99 %", quiet_most, loud_most)] {
        let (quiet, loud): (u64, u64) = (quiet.parse()?, loud.parse()?);
        assert!(
            loud <= 2 * quiet,
            "{what} of the requests take up to {loud} microseconds, and {quiet} without the others"
        );
    }
    unload(&machine)
}

/// From outside, where softirqs are all that the processor can do.
#[test]
#[ignore = "long: make test-long"]
fn thousand_who_come_at_once_are_each_answered_within_two_seconds() -> Result {
    let machine = loaded(machine()?.cpus(1).net(Net::Tap))?;
    let url = format!("http://{}/robots.txt", machine.http_address()?);
    let log = concat!(env!("CARGO_TARGET_TMPDIR"), "/h2load.log");
    let (clients, requests) = (fewer(1000), fewer(1000) * 100);
    // It adds to its log.
    let load = format!(
        "rm -f {log}; ulimit -n 4096; \
         exec timeout 120 h2load --h1 -t1 -c{clients} -n{requests} --log-file={log} {url}"
    );
    let output = Command::new("sh").args(["-c", &load]).output()?;
    println!("{}", String::from_utf8_lossy(&output.stdout));
    // Of each request the time of its start, the status, and how long it took.
    let log = fs::read_to_string(log)?;
    let mut longest = 0;
    for line in log.lines() {
        let words: Vec<&str> = line.split('\t').collect();
        let &[_, "200", microseconds, ..] = words.as_slice() else {
            return Err(format!("not answered: {line}").into());
        };
        longest = longest.max(microseconds.parse()?);
    }
    println!("the longest took {longest} microseconds");
    assert_eq!(log.lines().count(), usize::try_from(requests)?);
    assert!(longest < 2_000_000, "one took {longest} microseconds");
    unload(&machine)
}

#[test]
#[ignore = "long: make test-long"]
fn while_twenty_thousand_are_thrown_out_at_once_newcomers_are_served_at_once() -> Result {
    let builder = machine()?.cpus(1).accelerator(Accelerator::Counting);
    let machine = loaded(builder.memory(roomy(2048)))?;
    let command = format!("exec python3 /tmp/load.py expire {}", fewer(count(20_000)?));
    let output = machine.exec_within(&command, patience(HANG))?;
    let said = output.stdout_text();
    println!("{said}{}", output.stderr_text());
    let longest = first_number(&said)?;
    assert!(
        longest < patience(NEWCOMER_LIMIT).as_secs_f64() * 1000.0,
        "a newcomer has waited for {longest} ms"
    );
    unload(&machine)
}

#[test]
fn more_clients_than_seats_and_than_the_backlog_takes_wait_and_are_served() -> Result {
    let machine = loaded(machine()?.memory(roomy(2048)))?;
    for many in [1000, 6000] {
        run(&machine, "seats", many)?;
    }
    unload(&machine)
}

/// The machine's clock counts instructions, so that a busy host makes nobody wait.
#[test]
fn clients_that_are_gone_before_they_are_served_keep_no_other_waiting() -> Result {
    let machine = machine()?.cpus(1).accelerator(Accelerator::Counting);
    let machine = loaded(machine.memory(roomy(2048)))?;
    let served = first_number(&run(&machine, "forsaken", 6000)?)?;
    assert!(served < patience(SERVED_LIMIT).as_secs_f64(), "{served} s");
    unload(&machine)
}

#[test]
#[ignore = "long: make test-long"]
fn replies_over_bad_cables_are_equal_to_the_files() -> Result {
    let machine = loaded(machine()?.memory(roomy(2048)))?;
    run(&machine, "faults", 16)?;
    unload(&machine)
}

#[test]
fn with_too_little_memory_for_tcp_some_are_broken_off_and_then_all_is_well() -> Result {
    let machine = loaded(machine()?.memory(roomy(2048)))?;
    run(&machine, "short_of_tcp_memory", 40)?;
    assert_only_memory(&machine)
}

#[test]
#[ignore = "long: make test-long"]
fn with_too_little_memory_for_anything_some_are_not_served_and_then_all_is_well() -> Result {
    let machine = loaded(machine()?.memory(roomy(384)))?;
    run(&machine, "short_of_memory", 40)?;
    assert_only_memory(&machine)
}

/// Unloads it. The kernel has complained of nothing but that memory has run out.
fn assert_only_memory(machine: &Machine) -> Result {
    machine.exec_ok("rmmod khttpd")?;
    look_for_leaks(machine)?;
    let log: KernelLog = machine.log()?;
    let trouble: Vec<_> = log
        .trouble()
        .into_iter()
        .filter(|trouble| trouble.kind != Kind::Memory)
        .collect();
    assert!(trouble.is_empty(), "the kernel's log: {trouble:#?}");
    Ok(())
}
