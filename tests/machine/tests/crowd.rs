// SPDX-License-Identifier: GPL-2.0-only

//! Load: many clients, slow clients, too little memory, faulty links. Every response is correct,
//! and no connection is left afterwards.

mod common;

use std::fs;
use std::process::Command;
use std::time::Duration;

use common::random::{seed, setting};
use common::{
    assert_quiet, check_kmemleak, machine, put_guest, scaled_count, scaled_memory, scaled_time,
    Result, HANG,
};
use machine::{Accelerator, Builder, KernelLog, Kind, Machine, Net};

/// Bound on the wait of a new client while other connections expire.
const NEWCOMER_LIMIT: Duration = Duration::from_millis(50);

/// Bounds on the wait of new clients while thousands of heads are not finished.
const FIRST_RESPONSE_MEDIAN: Duration = Duration::from_millis(100);
const FIRST_RESPONSE_LIMIT: Duration = Duration::from_secs(1);

/// Bound on the time in which new clients are served after thousands have gone.
const SERVED_LIMIT: Duration = Duration::from_secs(20);

/// Boots a machine that serves and has the programs of these tests.
fn loaded(builder: Builder) -> Result<Machine> {
    let machine = builder.boot()?;
    machine.exec_ok("insmod khttpd.ko")?;
    put_guest(
        &machine,
        &[
            "status.py",
            "workload.py",
            "responses.py",
            "limits.py",
            "shortage.py",
            "unfinished.py",
            "links.py",
            "load.py",
        ],
    )?;
    Ok(machine)
}

/// Returns `KHTTPD_COUNT`, or `usual` if it is not set.
fn count(usual: u32) -> Result<u32> {
    Ok(setting("KHTTPD_COUNT", usual.into())?.try_into()?)
}

/// Runs a case of `guest/load.py`; returns its output.
fn run(machine: &Machine, case: &str, count: u32) -> Result<String> {
    let command = format!("exec python3 /tmp/load.py {case} {count} {}", seed()?);
    let output = machine.exec_within(&command, scaled_time(HANG))?;
    println!("{}{}", output.stdout_text(), output.stderr_text());
    assert!(output.status.success(), "{case} failed");
    Ok(output.stdout_text().into_owned())
}

/// Returns the second word of the output, a number.
fn first_number(said: &str) -> Result<f64> {
    let word = said.split_whitespace().nth(1);
    Ok(word.ok_or("no output")?.parse()?)
}

fn unload(machine: &Machine) -> Result {
    machine.exec_ok("rmmod khttpd")?;
    assert_quiet(machine)
}

#[test]
#[ignore = "long: make test-long"]
fn fifty_thousand_connections_are_served_and_unloading_takes_seconds() -> Result {
    let machine = loaded(machine()?.memory(scaled_memory(4096)))?;
    let count = count(50_000)?;
    let command = format!("exec python3 /tmp/load.py many {count} {}", seed()?);
    let clients = machine.spawn(&command)?;
    let limit = std::time::Instant::now() + scaled_time(HANG);
    while clients.stdout_so_far().is_empty() {
        if !clients.is_running() || std::time::Instant::now() > limit {
            clients.signal(9)?;
            let output = clients.wait(HANG)?;
            return Err(format!("not all connections are open: {}", output.stderr_text()).into());
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    print!("{}", String::from_utf8_lossy(&clients.stdout_so_far()));
    let begin = std::time::Instant::now();
    machine.exec_ok("rmmod khttpd")?;
    println!("unloaded in {:?}", begin.elapsed());
    assert!(begin.elapsed() < scaled_time(Duration::from_secs(20)));
    drop(clients);
    assert_quiet(&machine)
}

#[test]
#[ignore = "long: make test-long"]
fn million_responses_are_correct_byte_for_byte() -> Result {
    let machine = loaded(machine()?.memory(scaled_memory(2048)))?;
    run(&machine, "million", count(1_000_000)?)?;
    unload(&machine)
}

/// The latency is measured in the machine's own time, in which each instruction takes a nanosecond.
/// A slow kernel has fewer peers, because their own work would be measured otherwise.
#[test]
#[ignore = "long: make test-long"]
fn five_thousand_slow_peers_do_not_double_the_latency_of_other_clients() -> Result {
    let machine = loaded(machine()?.cpus(1).accelerator(Accelerator::Counting))?;
    put_guest(&machine, &["packet.py", "slow.py"])?;
    let (peers, seed) = (scaled_count(count(5000)?), seed()?);
    let command = format!("exec python3 /tmp/slow.py {peers} 15 {seed}");
    let output = machine.exec_within(&command, scaled_time(HANG))?;
    let text = output.stdout_text();
    println!("{text}{}", output.stderr_text());
    let words: Vec<&str> = text.split_whitespace().collect();
    let &["quiet", quiet, quiet_most, "loud", loud, loud_most, ..] = words.as_slice() else {
        return Err("the program has not finished".into());
    };
    for (what, quiet, loud) in [("half", quiet, loud), ("99 %", quiet_most, loud_most)] {
        let (quiet, loud): (u64, u64) = (quiet.parse()?, loud.parse()?);
        assert!(
            loud <= 2 * quiet,
            "{what} of the requests take up to {loud} microseconds, and {quiet} without slow peers"
        );
    }
    unload(&machine)
}

/// The clients are outside of the machine, so that softirqs can occupy its CPU completely. This
/// measures time and is for a quiet host.
#[test]
#[ignore = "long: make test-long"]
fn thousand_simultaneous_clients_get_each_response_within_two_seconds() -> Result {
    let machine = loaded(machine()?.cpus(1).net(Net::Tap))?;
    let url = format!("http://{}/robots.txt", machine.http_address()?);
    let log = concat!(env!("CARGO_TARGET_TMPDIR"), "/h2load.log");
    let (clients, requests) = (scaled_count(1000), scaled_count(1000) * 100);
    // h2load appends to its log.
    let load = format!(
        "rm -f {log}; ulimit -n 4096; \
         exec timeout 120 h2load --h1 -t1 -c{clients} -n{requests} --log-file={log} {url}"
    );
    let output = Command::new("sh").args(["-c", &load]).output()?;
    println!("{}", String::from_utf8_lossy(&output.stdout));
    // Start time, status and duration of each request.
    let log = fs::read_to_string(log)?;
    let mut longest = 0;
    for line in log.lines() {
        let words: Vec<&str> = line.split('\t').collect();
        let &[_, "200", microseconds, ..] = words.as_slice() else {
            return Err(format!("not served: {line}").into());
        };
        longest = longest.max(microseconds.parse()?);
    }
    println!("the longest request took {longest} microseconds");
    assert_eq!(log.lines().count(), usize::try_from(requests)?);
    assert!(longest < 2_000_000, "a request took {longest} microseconds");
    unload(&machine)
}

#[test]
#[ignore = "long: make test-long"]
fn new_clients_are_served_while_twenty_thousand_connections_expire() -> Result {
    let builder = machine()?.cpus(1).accelerator(Accelerator::Counting);
    let machine = loaded(builder.memory(scaled_memory(2048)))?;
    let command = format!(
        "exec python3 /tmp/load.py expire {}",
        scaled_count(count(20_000)?)
    );
    let output = machine.exec_within(&command, scaled_time(HANG))?;
    let said = output.stdout_text();
    println!("{said}{}", output.stderr_text());
    let longest = first_number(&said)?;
    assert!(
        longest < scaled_time(NEWCOMER_LIMIT).as_secs_f64() * 1000.0,
        "a new client has waited for {longest} ms"
    );
    unload(&machine)
}

#[test]
fn clients_beyond_max_connections_and_backlog_are_served_later() -> Result {
    let machine = loaded(machine()?.memory(scaled_memory(2048)))?;
    for many in [1000, 6000] {
        run(&machine, "connection_limit", many)?;
    }
    unload(&machine)
}

/// The machine's clock counts instructions, so that a busy host delays no client.
#[test]
fn abandoned_connections_do_not_delay_new_clients() -> Result {
    let machine = machine()?.cpus(1).accelerator(Accelerator::Counting);
    let machine = loaded(machine.memory(scaled_memory(2048)))?;
    let served = first_number(&run(&machine, "abandoned", 6000)?)?;
    assert!(
        served < scaled_time(SERVED_LIMIT).as_secs_f64(),
        "{served} s"
    );
    unload(&machine)
}

/// The machine's clock counts instructions, so that a busy host delays no client.
#[test]
fn unfinished_heads_take_no_memory_of_the_module_and_delay_no_newcomer() -> Result {
    let machine = machine()?.cpus(1).accelerator(Accelerator::Counting);
    let machine = loaded(machine.memory(scaled_memory(384)))?;
    let said = run(&machine, "unfinished_heads", scaled_count(count(4_000)?))?;
    let waits: Vec<f64> = said
        .split_whitespace()
        .filter_map(|word| word.parse().ok())
        .collect();
    let &[median, longest, ..] = waits.as_slice() else {
        return Err("no output".into());
    };
    assert!(median < scaled_time(FIRST_RESPONSE_MEDIAN).as_secs_f64() * 1000.0);
    assert!(longest < scaled_time(FIRST_RESPONSE_LIMIT).as_secs_f64() * 1000.0);
    assert_only_memory(&machine)
}

#[test]
#[ignore = "long: make test-long"]
fn responses_over_faulty_links_are_correct() -> Result {
    let machine = loaded(machine()?.memory(scaled_memory(2048)))?;
    run(&machine, "faulty_links", 16)?;
    unload(&machine)
}

#[test]
fn server_recovers_from_tcp_memory_shortage() -> Result {
    let machine = loaded(machine()?.memory(scaled_memory(2048)))?;
    run(&machine, "tcp_memory_shortage", 40)?;
    assert_only_memory(&machine)
}

#[test]
#[ignore = "long: make test-long"]
fn server_recovers_from_memory_exhaustion() -> Result {
    let machine = loaded(machine()?.memory(scaled_memory(384)))?;
    run(&machine, "memory_exhaustion", 40)?;
    assert_only_memory(&machine)
}

/// Unloads the module, and asserts that the kernel has reported nothing but a lack of memory.
fn assert_only_memory(machine: &Machine) -> Result {
    machine.exec_ok("rmmod khttpd")?;
    check_kmemleak(machine)?;
    let log: KernelLog = machine.log()?;
    let trouble: Vec<_> = log
        .trouble()
        .into_iter()
        .filter(|trouble| trouble.kind != Kind::Memory)
        .collect();
    assert!(trouble.is_empty(), "the kernel's log: {trouble:#?}");
    Ok(())
}
