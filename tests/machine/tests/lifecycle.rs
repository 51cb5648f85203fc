// SPDX-License-Identifier: GPL-2.0-only

//! The module can be loaded and unloaded at any time, and leaves nothing behind.

mod common;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use common::{assert_quiet, machine, patience, serving, Result};
use machine::Machine;

const CYCLES: u32 = 100;

/// The number of free pages is known no better than this many pages a cycle; the site alone has three times as many.
const PAGES_BY_CHANCE: i64 = 5;

/// The most objects of one cache that a worker of a work queue takes, and the pages, its stack among them.
const OBJECTS_OF_A_WORKER: i64 = 2;
const PAGES_OF_A_WORKER: i64 = 12;

/// Unloading with connections in every state must not take longer than this.
const UNLOAD_LIMIT: Duration = Duration::from_secs(5);

/// The kernel's memory that is in use.
struct Memory {
    /// Objects by slab cache.
    objects: BTreeMap<String, i64>,
    /// Free pages.
    free: i64,
    /// Threads of the kernel's work queues. It makes them when many items sleep at a time, as they do when many
    /// connections end at once, and keeps idle ones for five minutes.
    workers: i64,
}

impl Memory {
    /// Measures when nothing is in a cache any more that can be taken out of it.
    fn measure(machine: &Machine) -> Result<Self> {
        // Sockets in TIME_WAIT and what RCU has not freed yet would count as leaks.
        machine.exec_ok("for i in $(seq 100); do grep -q 'TCP: inuse 0 orphan 0 tw 0' /proc/net/sockstat && break; sleep 1; done")?;
        machine.exec_ok("for i in 1 2 3; do sync; echo 3 > /proc/sys/vm/drop_caches; \
                         for cache in /sys/kernel/slab/*; do echo 1 > $cache/shrink; done; sleep 1; done")?;
        let slabs = machine.exec_ok("cat /proc/slabinfo")?;
        let objects = slabs.lines().skip(2).filter_map(|line| {
            let mut words = line.split_whitespace();
            Some((words.next()?.to_owned(), words.next()?.parse().ok()?))
        });
        let free = machine.exec_ok("awk '/^nr_free_pages /{print $2}' /proc/vmstat")?;
        let workers = machine.exec_ok("cat /proc/[0-9]*/comm | grep -c ^kworker")?;
        Ok(Self {
            objects: objects.collect(),
            free: free.trim().parse()?,
            workers: workers.trim().parse()?,
        })
    }

    /// What has grown since `before` by so much that it may have been lost once in each of `cycles` cycles: names, and
    /// by how many objects or pages. Caches that fill up may be among it.
    fn grown_since(&self, before: &Self, cycles: i64) -> BTreeMap<String, i64> {
        let workers = (self.workers - before.workers).max(0);
        let mut grown: BTreeMap<_, _> = self
            .objects
            .iter()
            .map(|(cache, now)| {
                let then = before.objects.get(cache).unwrap_or(now);
                (cache.clone(), now - then - workers * OBJECTS_OF_A_WORKER)
            })
            .collect();
        let pages = before.free - self.free - workers * PAGES_OF_A_WORKER;
        grown.insert("pages".into(), pages / PAGES_BY_CHANCE);
        grown.retain(|_, by| *by >= cycles * 4 / 5);
        grown
    }
}

#[test]
fn hundred_loads_and_unloads_under_load_leave_nothing_behind() -> Result {
    let machine = machine()?.boot()?;
    // The first time allocates what stays, such as the module's text in caches.
    let cycles = |count| -> Result {
        machine.exec_ok("sysctl -q net.ipv4.tcp_fin_timeout=1 net.ipv4.tcp_max_tw_buckets=0")?;
        let load = machine
            .spawn("while :; do wrk -t1 -c64 -d10 http://127.0.0.1:8080/ > /tmp/wrk 2>&1; done")?;
        for _ in 0..count {
            machine.exec_ok("insmod khttpd.ko; for i in $(seq 200); do grep -q '# requests 0' /dev/khttpd || break; sleep 0.01; done; sleep 0.1; cat /dev/khttpd > /tmp/node; rmmod khttpd")?;
            let node = machine.exec_ok("cat /tmp/node")?;
            assert!(!node.contains("# requests 0\n"), "no load: {node}");
        }
        load.signal(9)?;
        let _ = load.wait(Duration::from_secs(10))?;
        machine.exec("pkill wrk; sleep 1")?;
        Ok(())
    };
    cycles(5)?;
    // A leak goes on, a cache that fills up does not.
    let mut suspects: Option<BTreeMap<String, i64>> = None;
    let mut before = Memory::measure(&machine)?;
    for _ in 0..2 {
        cycles(CYCLES / 2)?;
        let after = Memory::measure(&machine)?;
        let mut grown = after.grown_since(&before, i64::from(CYCLES / 2));
        grown.retain(|name, _| {
            suspects
                .as_ref()
                .is_none_or(|known| known.contains_key(name))
        });
        suspects = Some(grown);
        before = after;
    }
    let suspects = suspects.unwrap_or_default();
    assert!(suspects.is_empty(), "lost in every cycle: {suspects:?}");
    assert_quiet(&machine)
}

#[test]
fn unloading_with_ten_thousand_connections_open_is_quick() -> Result {
    let machine = serving()?;
    machine.put_file("/tmp/idle.py", 0o600, include_bytes!("guest/idle.py"))?;
    let clients = machine.spawn("exec python3 /tmp/idle.py 10000")?;
    let begin = Instant::now();
    while clients.stdout_so_far().is_empty() {
        assert!(
            clients.is_running() && begin.elapsed() < Duration::from_secs(100),
            "no 10,000 connections"
        );
        std::thread::sleep(Duration::from_millis(50));
    }
    // Those who say nothing are accepted after a second.
    machine.exec_ok(
        "for i in $(seq 300); do grep -qx '# connections 10000' /dev/khttpd && exit 0; sleep 0.1; done; \
         cat /dev/khttpd; exit 1",
    )?;
    let begin = Instant::now();
    machine.exec_ok("rmmod khttpd")?;
    let took = begin.elapsed();
    println!("10000 connections, unloaded in {took:?}");
    assert!(took < patience(UNLOAD_LIMIT), "took {took:?}");
    drop(clients);
    machine.exec_ok(
        "insmod khttpd.ko && curl -s --fail -o /dev/null http://127.0.0.1:8080/ && rmmod khttpd",
    )?;
    assert_quiet(&machine)
}

#[test]
fn wrong_parameters_fail_with_their_errno_and_one_line_and_leave_nothing() -> Result {
    let machine = machine()?.boot()?;
    let cases = [
        ("address=localhost", "Invalid", "address=\"localhost\""),
        (
            "address=10.99.99.99",
            "Cannot assign requested address",
            "cannot listen at 10.99.99.99:8080: this machine has no such address",
        ),
        ("backlog=0", "Invalid", "backlog=0: must be"),
        ("backlog=65536", "Invalid", "backlog=65536: must be"),
        ("max_connections=0", "Invalid", "max_connections=0: must be"),
        (
            "max_connections=1048577",
            "Invalid",
            "max_connections=1048577: must be",
        ),
    ];
    for (parameter, error, line) in cases {
        assert_fails(&machine, parameter, error, line)?;
    }
    for edge in [
        "backlog=1",
        "backlog=65535",
        "max_connections=1",
        "max_connections=1048576",
    ] {
        machine.exec_ok(&format!("insmod khttpd.ko {edge} && rmmod khttpd"))?;
    }
    let taken = machine.spawn("exec python3 -m http.server 8080")?;
    machine.exec_ok("for i in $(seq 100); do curl -s -o /dev/null http://127.0.0.1:8080/ && exit 0; sleep 0.1; done; exit 1")?;
    assert_fails(
        &machine,
        "port=8080",
        "Address already in use",
        "cannot listen at [::]:8080: somebody else listens there",
    )?;
    machine.exec_ok("insmod khttpd.ko port=8081 && rmmod khttpd")?;
    drop(taken);
    assert_quiet(&machine)
}

fn assert_fails(machine: &Machine, parameter: &str, error: &str, line: &str) -> Result {
    let mark = machine.log()?.mark();
    let output = machine.exec(&format!("insmod khttpd.ko {parameter}"))?;
    assert!(
        output.stderr_text().contains(error),
        "{parameter}: {}",
        output.stderr_text()
    );
    let log = machine.log()?.since(mark);
    let lines: Vec<_> = log
        .containing("khttpd: ")
        .map(|line| &line.text)
        .filter(|text| !text.contains("taints"))
        .collect();
    assert!(
        lines.len() == 1 && lines[0].contains(line),
        "{parameter}: {lines:?}"
    );
    machine.exec_ok("! test -e /dev/khttpd && ! grep -q khttpd /proc/modules")?;
    Ok(())
}

#[test]
fn port_0_loads_without_listening() -> Result {
    let machine = machine()?.boot()?;
    machine.exec_ok("insmod khttpd.ko port=0 && ! grep -q '^listen' /dev/khttpd && grep -q '^# entries' /dev/khttpd")?;
    machine.exec_ok("! curl -s -o /dev/null http://127.0.0.1:8080/ && rmmod khttpd")?;
    assert_quiet(&machine)
}

#[test]
fn connections_beyond_max_connections_wait_their_turn() -> Result {
    let machine = machine()?.boot()?;
    machine.exec_ok("insmod khttpd.ko max_connections=4")?;
    machine.put_file("/tmp/idle.py", 0o600, include_bytes!("guest/idle.py"))?;
    let clients = machine.spawn("exec python3 /tmp/idle.py 4")?;
    machine.exec_ok("for i in $(seq 100); do grep -q '# connections 4' /dev/khttpd && exit 0; sleep 0.1; done; exit 1")?;
    let fifth =
        machine.spawn("exec curl -s --fail --max-time 30 -o /dev/null http://127.0.0.1:8080/")?;
    std::thread::sleep(Duration::from_millis(1500));
    assert!(fifth.is_running(), "the fifth was served");
    machine.exec_ok("grep -q '# connections 4' /dev/khttpd")?;
    drop(clients);
    let output = fifth.wait(Duration::from_secs(30))?;
    assert_eq!(
        output.status,
        machine::Status::Exited(0),
        "the fifth was not served after the others had left"
    );
    machine.exec_ok("rmmod khttpd")?;
    assert_quiet(&machine)
}
