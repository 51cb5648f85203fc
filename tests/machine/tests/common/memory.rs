// SPDX-License-Identifier: GPL-2.0-only

//! Finds leaks by the kernel memory that is in use.

use std::collections::BTreeMap;

use machine::Machine;

use super::Result;

/// Uncertainty of the number of free pages, in pages a cycle. The site alone has three times as
/// many.
const PAGES_BY_CHANCE: i64 = 5;

/// Objects of one cache, and pages including the stack, that a workqueue thread takes at most.
const OBJECTS_OF_A_WORKER: i64 = 2;
const PAGES_OF_A_WORKER: i64 = 12;

/// Rounds in each of which a leak loses objects. A cache that fills up, or is emptied late, may
/// grow in one or two.
const ROUNDS: u32 = 4;

/// The cache in which the kernel keeps an object for each freed page of sockets that had an RCU
/// head.
const NEVER_FORGOTTEN: &str = "debug_objects_cache";

/// Shortens the life of TCP sockets without an owner, so that none is left when memory is measured.
pub(crate) fn forget_soon(machine: &Machine) -> Result {
    machine.exec_ok("sysctl -q net.ipv4.tcp_fin_timeout=1 net.ipv4.tcp_max_tw_buckets=0 net.ipv4.tcp_orphan_retries=1")?;
    Ok(())
}

/// Returns the caches, and the numbers of objects or pages, that every run of `round` loses in each
/// of its `cycles` operations. A leak repeats itself; a cache that fills up does not.
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

/// Kernel memory that is in use.
struct Memory {
    /// Objects by slab cache.
    objects: BTreeMap<String, i64>,
    /// Free pages.
    free: i64,
    /// Workqueue threads. The kernel creates them when many items sleep at a time, as when many
    /// connections end, and keeps idle ones for five minutes.
    workers: i64,
}

impl Memory {
    /// Empties all caches that can be emptied, and measures.
    fn measure(machine: &Machine) -> Result<Self> {
        // Sockets in TIME_WAIT and objects that RCU has not freed yet would be taken for leaks.
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
        // Each CPU has free pages of its own.
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

    /// Returns the caches that have grown so much since `before` that an object may have been lost
    /// in each of `cycles` cycles, and their growth in objects or pages. Caches that fill up may be
    /// among them.
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
