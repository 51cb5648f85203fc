// SPDX-License-Identifier: GPL-2.0-only

//! How much of the kernel's memory is in use, to find what is lost.

use std::collections::BTreeMap;

use machine::Machine;

use super::Result;

/// The number of free pages is known no better than this many pages a cycle; the site alone has three times as many.
const PAGES_BY_CHANCE: i64 = 5;

/// The most objects of one cache that a worker of a work queue takes, and the pages, its stack among them.
const OBJECTS_OF_A_WORKER: i64 = 2;
const PAGES_OF_A_WORKER: i64 = 12;

/// In so many rounds must something be lost. A cache that fills up, or is not emptied in time, may look like that in two.
const ROUNDS: u32 = 4;

/// What the kernel itself never forgets: that an RCU head has been in a page of sockets, for each such page that has been freed.
const NEVER_FORGOTTEN: &str = "debug_objects_cache";

/// Has TCP forget sooner who is gone: nobody shall still be there when memory is measured.
pub(crate) fn forget_soon(machine: &Machine) -> Result {
    machine.exec_ok("sysctl -q net.ipv4.tcp_fin_timeout=1 net.ipv4.tcp_max_tw_buckets=0 net.ipv4.tcp_orphan_retries=1")?;
    Ok(())
}

/// What `round`, which does something `cycles` times, loses each time in every round: names of caches, and how many objects or
/// pages. A leak goes on, a cache that fills up does not.
pub(crate) fn lost_in_each(
    machine: &Machine,
    cycles: i64,
    mut round: impl FnMut() -> Result,
) -> Result<BTreeMap<String, i64>> {
    let mut suspects: Option<BTreeMap<String, i64>> = None;
    let mut before = Memory::measure(machine)?;
    for _ in 0..ROUNDS {
        round()?;
        let after = Memory::measure(machine)?;
        let mut grown = after.grown_since(&before, cycles);
        grown.retain(|name, _| {
            suspects
                .as_ref()
                .is_none_or(|known| known.contains_key(name))
        });
        if grown.is_empty() {
            return Ok(grown);
        }
        suspects = Some(grown);
        before = after;
    }
    Ok(suspects.unwrap_or_default())
}

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
        machine.exec_ok(
            "for i in $(seq 600); do \
                 grep -q 'TCP: inuse 0 orphan 0 tw 0' /proc/net/sockstat && grep -qx 'TCP6: inuse 0' /proc/net/sockstat6 && exit 0; \
                 sleep 1; \
             done; cat /proc/net/sockstat /proc/net/sockstat6; ss -tanoe; exit 1",
        )?;
        machine.exec_ok("for i in 1 2 3; do sync; echo 3 > /proc/sys/vm/drop_caches; \
                         for cache in /sys/kernel/slab/*; do echo 1 > $cache/shrink; done; sleep 1; done")?;
        let slabs = machine.exec_ok("cat /proc/slabinfo")?;
        let objects = slabs.lines().skip(2).filter_map(|line| {
            let mut words = line.split_whitespace();
            Some((words.next()?.to_owned(), words.next()?.parse().ok()?))
        });
        let objects = objects.filter(|(cache, _)| cache != NEVER_FORGOTTEN);
        // Each processor keeps some free pages for itself.
        let free = machine.exec_ok(
            "awk '$1 == \"count:\" || $1 == \"nr_free_pages\" {sum += $2} END {print sum}' /proc/zoneinfo",
        )?;
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
