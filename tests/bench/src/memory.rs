// SPDX-License-Identifier: GPL-2.0-only

//! What an idle connection takes of the guest's memory.
//!
//! Each connection has been used once. The client's end is in the guest too, and in the figures of all servers. A
//! connection of the floor is a bare accepted kernel socket and 32 bytes to find it by: what a server takes more than
//! the floor is its own.

use std::thread;
use std::time::{Duration, Instant};

use machine::{Builder, Error, Machine, Result};

use crate::guest;
use crate::results::Memory;
use crate::server::Server;

/// How many connections there are.
const CONNECTIONS: u32 = 10_000;

/// How long it may take to open them.
const LIMIT: Duration = Duration::from_secs(100);

/// Waits until the server has closed its ends too.
const CLOSED: &str = "while [ $(cat /proc/net/sockstat /proc/net/sockstat6 | awk '/^TCP/ { n += $3 } END { print n }') -gt 50 ]; \
    do sleep 0.1; done";

/// Time in which what is over is given back.
const REST: Duration = Duration::from_secs(3);

/// A machine with as few places as possible in which memory can lie about.
pub(crate) fn builder(floor: &[u8]) -> Result<Builder> {
    Ok(guest::builder(floor)?.cpus(1).file(
        "/root/idle.py",
        0o644,
        include_bytes!("../guest/idle.py"),
    ))
}

/// The memory of one idle connection.
pub(crate) fn measure(machine: &Machine, server: Server) -> Result<Memory> {
    // What is left of a connection for a minute would be in one figure and not in another.
    machine.exec_ok("sysctl -q net.ipv4.tcp_max_tw_buckets=0")?;
    let command = |count| format!("exec python3 idle.py {} {count}", server.port());
    // What the first connections bring into the caches stays there.
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
                "`{command}`: not all connections are open"
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

/// What is in use, in bytes.
struct Used {
    objects: i64,
    /// Those, and the pages that hold none.
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
        // How full the pages of objects are is chance.
        let names = ["MemFree:", "Buffers:", "Cached:", "Slab:"];
        let other = names.into_iter().map(kibibytes).sum::<Result<i64>>()?;
        // Name, objects in use, objects, size of an object. The lines that are none have words there.
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
