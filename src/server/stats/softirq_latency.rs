// SPDX-License-Identifier: GPL-2.0-only

//! The longest run of a connection in softirq.
//!
//! Only a module that is built with `SOFTIRQ_LATENCY=y`, as by `make bench-latency`, measures it.

use kernel::fmt;

#[cfg(softirq_latency)]
use kernel::{
    sync::atomic::{
        ordering::Relaxed,
        Atomic, //
    },
    time::{
        Instant,
        Monotonic, //
    },
};

/// The longest run so far. It is empty in a module that is not built to measure.
pub(crate) struct SoftirqLatency {
    /// In nanoseconds.
    #[cfg(softirq_latency)]
    longest: Atomic<i64>,
}

impl SoftirqLatency {
    /// Returns a measurement that has not begun.
    pub(crate) const fn new() -> Self {
        Self {
            #[cfg(softirq_latency)]
            longest: Atomic::new(0),
        }
    }

    /// Calls `run`.
    #[cfg(not(softirq_latency))]
    #[inline]
    pub(crate) fn measure<T>(&self, run: impl FnOnce() -> T) -> T {
        run()
    }

    /// Calls `run` and measures it. Of two runs that end at the same time on two CPUs, one may be
    /// lost.
    #[cfg(softirq_latency)]
    pub(crate) fn measure<T>(&self, run: impl FnOnce() -> T) -> T {
        let begin = Instant::<Monotonic>::now();
        let result = run();
        let took = begin.elapsed().as_nanos();
        if took > self.longest.load(Relaxed) {
            self.longest.store(took, Relaxed);
        }
        result
    }
}

impl fmt::Display for SoftirqLatency {
    /// Writes a line of the status text. The next one is about the runs after this.
    #[cfg(softirq_latency)]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "# longest-softirq-nanoseconds {}",
            self.longest.xchg(0, Relaxed)
        )
    }

    /// Writes nothing.
    #[cfg(not(softirq_latency))]
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        Ok(())
    }
}
