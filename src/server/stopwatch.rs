// SPDX-License-Identifier: GPL-2.0-only

//! How long the turns in softirq take.
//!
//! Only a module that is built with `LONGEST_TURN=y`, as by `make bench-turns`, has a clock here.

use kernel::fmt;

#[cfg(longest_turn)]
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

/// The longest turn so far; nothing, unless it is built to be measured.
pub(super) struct Stopwatch {
    /// In nanoseconds.
    #[cfg(longest_turn)]
    longest: Atomic<i64>,
}

impl Stopwatch {
    pub(super) const fn new() -> Self {
        Self {
            #[cfg(longest_turn)]
            longest: Atomic::new(0),
        }
    }

    /// Takes a turn.
    #[cfg(not(longest_turn))]
    #[inline]
    pub(super) fn time<T>(&self, turn: impl FnOnce() -> T) -> T {
        turn()
    }

    /// Takes a turn, and the time of it. Of two that end at the same time on two CPUs one may be
    /// forgotten.
    #[cfg(longest_turn)]
    pub(super) fn time<T>(&self, turn: impl FnOnce() -> T) -> T {
        let begin = Instant::<Monotonic>::now();
        let result = turn();
        let took = begin.elapsed().as_nanos();
        if took > self.longest.load(Relaxed) {
            self.longest.store(took, Relaxed);
        }
        result
    }
}

impl fmt::Display for Stopwatch {
    /// A comment of the status. The next one is of the turns after this.
    #[cfg(longest_turn)]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "# longest-turn-nanoseconds {}",
            self.longest.xchg(0, Relaxed)
        )
    }

    /// Nothing.
    #[cfg(not(longest_turn))]
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        Ok(())
    }
}
