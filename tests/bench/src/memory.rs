// SPDX-License-Identifier: GPL-2.0-only

//! Guest memory of an idle connection.
//!
//! Each connection has served one request. The figures include the client's end, which is in the
//! guest too. A connection of the floor is an accepted kernel socket and 32 bytes to find it; a
//! server's own memory is its difference to the floor.

use std::thread;
use std::time::{Duration, Instant};

use machine::{Builder, Error, Machine, Result};

use crate::guest;
use crate::results::Memory;
use crate::server::Server;

/// Number of connections.
const CONNECTIONS: u32 = 10_000;

/// Time limit for opening them.
const LIMIT: Duration = Duration::from_secs(100);

/// Waits for the server to close its ends.
const CLOSED: &str = "open() { awk '/^TCP/ { n += $3 } END { print n }' \
    /proc/net/sockstat /proc/net/sockstat6; }; while [ $(open) -gt 50 ]; do sleep 0.1; done";

/// Time for the kernel to free memory.
const REST: Duration = Duration::from_secs(3);

/// Configures a machine with few caches, so that figures are stable.
pub(crate) fn builder(floor: &[u8]) -> Result<Builder> {
    Ok(guest::builder(floor)?.cpus(1).file(
        "/root/idle.py",
        0o644,
        include_bytes!("../guest/idle.py"),
    ))
}

/// Measures the memory of an idle connection.
pub(crate) fn measure(machine: &Machine, server: Server) -> Result<Memory> {
    // TIME_WAIT lasts a minute and would be in some figures only.
    machine.exec_ok("sysctl -q net.ipv4.tcp_max_tw_buckets=0")?;
    let command = |count| format!("exec python3 idle.py {} {count}", server.port());
    // Fill the caches first: their memory stays.
    hold(machine, &command(100), || Ok(()))?;
    let before = Used::now(machine)?;
    let after = hold(machine, &command(CONNECTIONS), || Used::now(machine))?;
    let each = |before: i64, after: i64| (after - before) as f64 / f64::from(CONNECTIONS);
    Ok(Memory {
        server: server.name().into(),
        objects: each(before.objects, after.objects),
        all: each(before.all, after.all),
    })
}

/// Calls `f` while the connections are open.
fn hold<T>(machine: &Machine, command: &str, f: impl FnOnce() -> Result<T>) -> Result<T> {
    let client = machine.spawn(command)?;
    let begin = Instant::now();
    while client.stdout_so_far().is_empty() {
        if !client.is_running() || begin.elapsed() > LIMIT {
            return Err(Error::Setup(format!(
                "`{command}`: could not open all connections"
            )));
        }
        thread::sleep(Duration::from_millis(50));
    }
    thread::sleep(REST);
    let found = f();
    drop(client);
    machine.exec_within(CLOSED, LIMIT)?;
    thread::sleep(REST);
    found
}

/// Memory in use, in bytes.
struct Used {
    objects: i64,
    /// Objects, and pages without objects.
    all: i64,
}

impl Used {
    fn now(machine: &Machine) -> Result<Self> {
        let said = machine.exec_ok("cat /proc/meminfo /proc/slabinfo")?;
        let number = |line: &str, nth| line.split_whitespace().nth(nth)?.parse::<i64>().ok();
        let kibibytes = |name: &str| {
            said.lines()
                .find_map(|line| number(line.strip_prefix(name)?, 0))
                .ok_or_else(|| Error::Setup(format!("no {name} in: {said}")))
        };
        // Slabs are filled at random; do not count them.
        let names = ["MemFree:", "Buffers:", "Cached:", "Slab:"];
        let other = names.into_iter().map(kibibytes).sum::<Result<i64>>()?;
        // Columns: name, objects in use, objects, object size. Header lines have words there.
        let objects: i64 = said
            .lines()
            .filter_map(|line| Some(number(line, 1)? * number(line, 3)?))
            .sum();
        Ok(Self {
            objects,
            all: objects - other * 1024,
        })
    }
}
