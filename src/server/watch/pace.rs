// SPDX-License-Identifier: GPL-2.0-only

//! When changed files are loaded.

use crate::sys::fsnotify::ChangeTimes;
use kernel::prelude::*;

/// A second in milliseconds.
const SECOND: u64 = 1000;

/// The milliseconds without a change after which the files are loaded.
const QUIET: u64 = 250;

/// The milliseconds after the first change at which the files are loaded though they change on.
const LATEST: u64 = 5 * SECOND;

/// The longest pause before a load that has failed is attempted again, in milliseconds.
const RETRY_MAX: u64 = 60 * SECOND;

/// The time of the next load.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum NextLoad {
    /// None before a change.
    AfterChange,
    /// Not before this number of milliseconds.
    In(u64),
    /// At once.
    Now,
}

impl NextLoad {
    fn after(milliseconds: u64) -> Self {
        match milliseconds {
            0 => Self::Now,
            milliseconds => Self::In(milliseconds),
        }
    }
}

/// The pace of loads: one that ends begins a pause of a second, or as long as it has taken.
pub(super) struct ReloadPace {
    /// Begin of the pause.
    paused_at: u64,
    /// Its length in milliseconds.
    pause: u64,
    /// The milliseconds after which a load that has failed is attempted without a change, if it is.
    retry: Option<u64>,
}

impl ReloadPace {
    /// Begins at `now`, when the files were just loaded.
    pub(super) const fn new(now: u64) -> Self {
        Self {
            paused_at: now,
            pause: SECOND,
            retry: None,
        }
    }

    /// Begins a pause after a load that has begun at `begin`. A failure that `is_transient` is
    /// attempted again, each time after twice the time.
    pub(super) fn finish(&mut self, begin: u64, now: u64, is_transient: bool) {
        self.paused_at = now;
        self.pause = now.saturating_sub(begin).max(SECOND);
        let next = |last: u64| last.saturating_mul(2).min(RETRY_MAX);
        self.retry = is_transient.then(|| self.retry.map_or(SECOND, next));
    }

    /// Begins a pause of a second, in which a command may be carried out, unless there is a longer
    /// one.
    pub(super) fn interrupt(&mut self, now: u64) {
        if self.left(now) < SECOND {
            self.paused_at = now;
            self.pause = SECOND;
        }
    }

    /// Returns when changes at these times are loaded, as of `now`.
    pub(super) fn next(&self, changes: Option<ChangeTimes>, now: u64) -> NextLoad {
        let Some(ChangeTimes { first, last }) = changes else {
            return self.retry.map_or(NextLoad::AfterChange, |retry| {
                NextLoad::after(self.left_of(retry.max(self.pause), now))
            });
        };
        let until_quiet = QUIET.saturating_sub(now.saturating_sub(last));
        let until_latest = LATEST.saturating_sub(now.saturating_sub(first));
        NextLoad::after(until_quiet.min(until_latest).max(self.left(now)))
    }

    /// Returns the milliseconds that are left of the pause.
    fn left(&self, now: u64) -> u64 {
        self.left_of(self.pause, now)
    }

    /// Returns the milliseconds that are left of this number since the pause has begun.
    fn left_of(&self, milliseconds: u64, now: u64) -> u64 {
        milliseconds.saturating_sub(now.saturating_sub(self.paused_at))
    }
}

#[kunit_tests(khttpd_watch_pace)]
mod tests {
    use super::*;

    /// When a watch begins.
    const BEGIN: u64 = 100_000;

    fn changes(first: u64, last: u64) -> Option<ChangeTimes> {
        Some(ChangeTimes {
            first: BEGIN + first,
            last: BEGIN + last,
        })
    }

    fn next(pace: &ReloadPace, times: Option<ChangeTimes>, now: u64) -> NextLoad {
        pace.next(times, BEGIN + now)
    }

    #[test]
    fn without_changes_nothing_is_loaded() {
        assert!(next(&ReloadPace::new(BEGIN), None, 100 * SECOND) == NextLoad::AfterChange);
    }

    #[test]
    fn changes_are_loaded_when_they_have_stopped() {
        let pace = ReloadPace::new(BEGIN);
        let times = changes(2 * SECOND, 3 * SECOND);
        assert!(next(&pace, times, 3 * SECOND) == NextLoad::In(QUIET));
        assert!(next(&pace, times, 3 * SECOND + QUIET) == NextLoad::Now);
    }

    #[test]
    fn changes_that_do_not_stop_are_loaded_at_last() {
        let pace = ReloadPace::new(BEGIN);
        let now = 2 * SECOND + LATEST;
        assert!(next(&pace, changes(2 * SECOND, now - 1), now - 1) == NextLoad::In(1));
        assert!(next(&pace, changes(2 * SECOND, now), now) == NextLoad::Now);
    }

    #[test]
    fn pause_between_loads_is_a_second_or_as_long_as_the_load() {
        let mut pace = ReloadPace::new(BEGIN);
        assert!(next(&pace, changes(0, 0), QUIET) == NextLoad::In(SECOND - QUIET));
        pace.finish(BEGIN, BEGIN + 7 * SECOND, false);
        let times = changes(7 * SECOND, 7 * SECOND);
        assert!(next(&pace, times, 8 * SECOND) == NextLoad::In(6 * SECOND));
        assert!(next(&pace, times, 14 * SECOND) == NextLoad::Now);
    }

    #[test]
    fn transient_failure_is_attempted_again_ever_later() {
        let mut pace = ReloadPace::new(BEGIN);
        for seconds in [1, 2, 4, 8, 16, 32, 60, 60] {
            pace.finish(BEGIN, BEGIN, true);
            assert!(next(&pace, None, 0) == NextLoad::In(seconds * SECOND));
            assert!(next(&pace, None, seconds * SECOND) == NextLoad::Now);
        }
        // A change does not wait for that.
        assert!(next(&pace, changes(0, 0), SECOND) == NextLoad::Now);
        pace.finish(BEGIN, BEGIN, false);
        assert!(next(&pace, None, 0) == NextLoad::AfterChange);
    }

    #[test]
    fn interrupted_load_begins_anew_after_a_second() {
        let mut pace = ReloadPace::new(BEGIN);
        pace.interrupt(BEGIN + 3 * SECOND);
        let times = changes(2 * SECOND, 2 * SECOND);
        assert!(next(&pace, times, 3 * SECOND) == NextLoad::In(SECOND));
        assert!(next(&pace, times, 4 * SECOND) == NextLoad::Now);
    }
}
