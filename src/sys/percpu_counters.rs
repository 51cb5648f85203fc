// SPDX-License-Identifier: GPL-2.0-only

//! Counters, each of them one number per CPU.

use super::softirq::BhDisabled;
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

/// The counters of one CPU, on cache lines of its own.
///
/// A borrowed row is evidence that softirqs are disabled on its CPU, the current one, as
/// [`PerCpuCounters::local`] asks.
#[repr(align(64))]
pub(crate) struct CounterRow<const N: usize> {
    /// Index of the row.
    cpu: usize,
    counters: [Atomic<u64>; N],
}

impl<const N: usize> CounterRow<N> {
    fn new(cpu: usize) -> Result<KBox<Self>> {
        let counters = [const { Atomic::new(0) }; N];
        Ok(KBox::new(Self { cpu, counters }, GFP_KERNEL_ACCOUNT)?)
    }

    fn get(&self, number: usize) -> u64 {
        self.counters
            .get(number)
            .map_or(0, |counter| counter.load(Relaxed))
    }

    fn set(&self, number: usize, value: u64) {
        if let Some(counter) = self.counters.get(number) {
            counter.store(value, Relaxed);
        }
    }

    /// Adds `n` to a counter. It is no atomic read-modify-write, so it is for the CPU that the
    /// counters belong to, with softirqs disabled as [`PerCpuCounters::local`] asks.
    ///
    /// # Context
    ///
    /// Softirq or process context, must not sleep.
    #[inline]
    pub(crate) fn add(&self, number: usize, n: u64) {
        if let Some(counter) = self.counters.get(number) {
            counter.store(counter.load(Relaxed).wrapping_add(n), Relaxed);
        }
    }
}

/// `N` counters, with a row for each CPU so that CPUs share no cache line.
pub(crate) struct PerCpuCounters<const N: usize> {
    rows: KVec<KBox<CounterRow<N>>>,
    /// Totals at the last reset.
    baseline: KBox<CounterRow<N>>,
}

impl<const N: usize> PerCpuCounters<N> {
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
        let mut rows = KVec::with_capacity(cpus, GFP_KERNEL_ACCOUNT)?;
        for cpu in 0..cpus {
            rows.push(CounterRow::new(cpu)?, GFP_KERNEL_ACCOUNT)?;
        }
        Ok(Self {
            rows,
            baseline: CounterRow::new(cpus)?,
        })
    }

    /// Returns the counters of this CPU.
    ///
    /// # Context
    ///
    /// Softirq or process context, must not sleep.
    #[inline]
    pub(crate) fn local(&self, _bh: &BhDisabled) -> Option<&CounterRow<N>> {
        let cpu = usize::try_from(CpuId::current().as_u32()).ok()?;
        self.rows.get(cpu).map(|row| &**row)
    }

    /// Returns the counters of the CPU that `row`, of other counters, belongs to.
    ///
    /// # Context
    ///
    /// Softirq or process context, must not sleep.
    #[inline]
    pub(crate) fn beside<const M: usize>(&self, row: &CounterRow<M>) -> Option<&CounterRow<N>> {
        self.rows.get(row.cpu).map(|row| &**row)
    }

    /// Adds one to a counter that [`CounterRow::add`] is not used for.
    ///
    /// # Context
    ///
    /// Any context.
    pub(crate) fn increment(&self, number: usize) {
        let counter = self.rows.first().and_then(|row| row.counters.get(number));
        if let Some(counter) = counter {
            counter.add(1, Relaxed);
        }
    }

    /// Returns the sum over all CPUs since the last reset. Each is exact; several are no snapshot.
    ///
    /// # Context
    ///
    /// Any context.
    pub(crate) fn total(&self, number: usize) -> u64 {
        self.sum(number).wrapping_sub(self.baseline.get(number))
    }

    fn sum(&self, number: usize) -> u64 {
        self.rows
            .iter()
            .fold(0, |sum: u64, row| sum.wrapping_add(row.get(number)))
    }

    /// Begins at zero again. Callers take turns.
    ///
    /// # Context
    ///
    /// Any context.
    pub(crate) fn reset(&self) {
        for number in 0..N {
            self.baseline.set(number, self.sum(number));
        }
    }

    /// Returns the allocated memory, in bytes.
    pub(crate) fn footprint(&self) -> usize {
        (self.rows.len() + 1) * size_of::<CounterRow<N>>()
            + self.rows.capacity() * size_of::<KBox<CounterRow<N>>>()
    }
}

#[kunit_tests(khttpd_percpu_counters)]
mod tests {
    use super::*;
    use crate::sys::softirq;

    #[test]
    fn total_is_the_sum_over_all_cpus_since_the_last_reset() -> Result {
        let counters = PerCpuCounters::<3>::new()?;
        counters.increment(1);
        softirq::disabled(|bh| counters.local(bh).map(|row| row.add(1, 5))).ok_or(EINVAL)?;
        assert_eq!(counters.total(1), 6);
        let others = PerCpuCounters::<1>::new()?;
        softirq::disabled(|bh| others.beside(counters.local(bh)?).map(|row| row.add(0, 2)))
            .ok_or(EINVAL)?;
        assert_eq!(others.total(0), 2);
        counters.reset();
        assert_eq!(counters.total(1), 0);
        counters.increment(1);
        assert_eq!((counters.total(0), counters.total(1)), (0, 1));
        // There is no such counter.
        counters.increment(3);
        assert_eq!(counters.total(3), 0);
        Ok(())
    }
}
