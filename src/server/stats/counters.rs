// SPDX-License-Identifier: GPL-2.0-only

//! Event counters, per CPU.

use crate::sys::softirq::BhDisabled;
use kernel::{
    cpu::{
        self,
        CpuId, //
    },
    prelude::*,
    sync::atomic::{
        ordering::Relaxed,
        Atomic, //
    }, //
};
use protocol::http::Status;

/// An event that is counted.
#[derive(Clone, Copy)]
pub(crate) enum Count {
    /// A connection was accepted.
    Accepted,
    /// A connection could not be accepted because a resource was short.
    AcceptErrors,
    /// A connection had to wait in the backlog because no slot was free.
    Full,
    /// A response was begun with a status of 1xx.
    Informational,
    /// A response was begun with a status of 2xx.
    Successful,
    /// A response was begun with a status of 3xx.
    Redirection,
    /// A response was begun with a status of 4xx.
    ClientError,
    /// A response was begun with a status of 5xx.
    ServerError,
    /// A byte was handed to TCP, of a head or of a body.
    Bytes,
    /// A poll was left to the worker because a process owned the socket.
    Owned,
    /// A poll was left to the worker because its budget was spent.
    Spent,
    /// A poll was left to the worker because memory was short.
    Short,
    /// A response had to wait because the send buffer was full.
    Blocked,
    /// A connection's time was up.
    Expired,
    /// A connection with an unfinished head was reset because TCP was short of memory.
    Shed,
    /// A connection was handed over to a process.
    HandedOver,
    /// A hand-over was refused because no socket listens at the address.
    NoListener,
    /// A hand-over was refused because the accept queue of the process was full.
    QueueFull,
    /// A hand-over was refused because the kernel itself accepts from the socket.
    KernelSocket,
    /// A hand-over was refused because the process listens with a socket of the other family.
    WrongFamily,
    /// A hand-over was refused because the socket belongs to another user than the rule says.
    WrongUser,
    /// A hand-over was refused because the client ends the connection.
    HandOverClosing,
    /// A hand-over was refused because memory was short.
    HandOverShort,
    /// An adopted connection was not given back because no process reads the adopt node.
    NoReader,
    /// A connection was adopted.
    Adopted,
    /// An adopted connection was given back to a process.
    Returned,
    /// The site was loaded again because its files have changed.
    WatchLoads,
    /// The site could not be loaded again when its files had changed.
    WatchFailures,
}

impl Count {
    const LEN: usize = Self::WatchFailures as usize + 1;

    const ALL: [Self; Self::LEN] = [
        Self::Accepted,
        Self::AcceptErrors,
        Self::Full,
        Self::Informational,
        Self::Successful,
        Self::Redirection,
        Self::ClientError,
        Self::ServerError,
        Self::Bytes,
        Self::Owned,
        Self::Spent,
        Self::Short,
        Self::Blocked,
        Self::Expired,
        Self::Shed,
        Self::HandedOver,
        Self::NoListener,
        Self::QueueFull,
        Self::KernelSocket,
        Self::WrongFamily,
        Self::WrongUser,
        Self::HandOverClosing,
        Self::HandOverShort,
        Self::NoReader,
        Self::Adopted,
        Self::Returned,
        Self::WatchLoads,
        Self::WatchFailures,
    ];

    /// Returns the class of a status (RFC 9110, section 15).
    #[inline]
    pub(crate) fn of(status: Status) -> Self {
        match status.code() / 100 {
            1 => Self::Informational,
            2 => Self::Successful,
            3 => Self::Redirection,
            4 => Self::ClientError,
            _ => Self::ServerError,
        }
    }
}

/// The counters of one CPU, on cache lines of its own.
#[repr(align(64))]
pub(crate) struct CpuCounters([Atomic<u64>; Count::LEN]);

impl CpuCounters {
    fn new() -> Result<KBox<Self>> {
        let zeros = [const { Atomic::new(0) }; Count::LEN];
        Ok(KBox::new(Self(zeros), GFP_KERNEL_ACCOUNT)?)
    }

    fn get(&self, count: Count) -> u64 {
        self.0
            .get(count as usize)
            .map_or(0, |counter| counter.load(Relaxed))
    }

    fn set(&self, count: Count, value: u64) {
        if let Some(counter) = self.0.get(count as usize) {
            counter.store(value, Relaxed);
        }
    }

    /// Adds `n` to a counter. It is no atomic read-modify-write, so it is for the CPU that the
    /// counters belong to, with softirqs disabled as [`Counters::local`] asks.
    ///
    /// # Context
    ///
    /// Softirq or process context, must not sleep.
    #[inline]
    pub(crate) fn add(&self, count: Count, n: u64) {
        if let Some(counter) = self.0.get(count as usize) {
            counter.store(counter.load(Relaxed).wrapping_add(n), Relaxed);
        }
    }
}

/// The counters of a server, one set for each CPU so that CPUs share no cache line.
pub(crate) struct Counters {
    per_cpu: KVec<KBox<CpuCounters>>,
    /// Totals at the last reset.
    baseline: KBox<CpuCounters>,
}

impl Counters {
    /// Creates counters that are zero.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(crate) fn new() -> Result<Self> {
        let cpus = usize::try_from(cpu::nr_cpu_ids())?;
        let mut per_cpu = KVec::with_capacity(cpus, GFP_KERNEL_ACCOUNT)?;
        for _ in 0..cpus {
            per_cpu.push(CpuCounters::new()?, GFP_KERNEL_ACCOUNT)?;
        }
        Ok(Self {
            per_cpu,
            baseline: CpuCounters::new()?,
        })
    }

    /// Returns the counters of this CPU.
    ///
    /// # Context
    ///
    /// Softirq or process context, must not sleep.
    #[inline]
    pub(crate) fn local(&self, _bh: &BhDisabled) -> Option<&CpuCounters> {
        let cpu = usize::try_from(CpuId::current().as_u32()).ok()?;
        self.per_cpu.get(cpu).map(|counters| &**counters)
    }

    /// Adds one to a counter that [`CpuCounters::add`] is not used for.
    ///
    /// # Context
    ///
    /// Any context.
    pub(crate) fn increment(&self, count: Count) {
        let counter = self
            .per_cpu
            .first()
            .and_then(|counters| counters.0.get(count as usize));
        if let Some(counter) = counter {
            counter.add(1, Relaxed);
        }
    }

    /// Returns the sum over all CPUs since the last reset. Each is exact; several are no snapshot.
    ///
    /// # Context
    ///
    /// Any context.
    pub(crate) fn total(&self, count: Count) -> u64 {
        let baseline = self.baseline.get(count);
        self.sum(count).wrapping_sub(baseline)
    }

    fn sum(&self, count: Count) -> u64 {
        self.per_cpu
            .iter()
            .map(|counters| counters.get(count))
            .sum()
    }

    /// Begins at zero again. Callers take turns.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    pub(crate) fn reset(&self) {
        for count in Count::ALL {
            self.baseline.set(count, self.sum(count));
        }
    }

    /// Returns the number of responses begun, of any status.
    ///
    /// # Context
    ///
    /// Any context.
    pub(crate) fn responses(&self) -> u64 {
        [
            Count::Informational,
            Count::Successful,
            Count::Redirection,
            Count::ClientError,
            Count::ServerError,
        ]
        .map(|class| self.total(class))
        .iter()
        .sum()
    }
}

#[kunit_tests(khttpd_counters)]
mod tests {
    use super::*;

    #[test]
    fn total_counts_from_the_last_reset() -> Result {
        let counters = Counters::new()?;
        counters.increment(Count::Accepted);
        counters.increment(Count::Accepted);
        assert_eq!(counters.total(Count::Accepted), 2);
        counters.reset();
        assert_eq!(counters.total(Count::Accepted), 0);
        counters.increment(Count::Accepted);
        assert_eq!(counters.total(Count::Accepted), 1);
        assert_eq!(counters.total(Count::Full), 0);
        Ok(())
    }

    #[test]
    fn responses_are_the_sum_of_all_classes() -> Result {
        let counters = Counters::new()?;
        for status in [Status::Ok, Status::NotModified, Status::NotFound] {
            counters.increment(Count::of(status));
        }
        assert_eq!(counters.responses(), 3);
        Ok(())
    }
}
