// SPDX-License-Identifier: GPL-2.0-only

//! A bound on events per second that counts those above it.

use std::time::{Duration, Instant};

const PERIOD: Duration = Duration::from_secs(1);

/// A bound on events per second.
#[derive(Debug)]
pub(crate) struct RateLimit {
    per_second: u32,
    begin: Option<Instant>,
    admitted: u32,
    suppressed: u64,
}

/// What becomes of an event.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It is written, after the number of those that were not.
    Write {
        /// Number of events that were suppressed since the last one that was written.
        suppressed: u64,
    },
    /// It is counted only.
    Suppress,
}

impl RateLimit {
    pub(crate) fn new(per_second: u32) -> Self {
        Self {
            per_second,
            begin: None,
            admitted: 0,
            suppressed: 0,
        }
    }

    pub(crate) fn set_rate(&mut self, per_second: u32) {
        self.per_second = per_second;
    }

    /// Decides about an event.
    pub(crate) fn admit(&mut self, now: Instant) -> Verdict {
        if !self.is_within(now) {
            self.begin = Some(now);
            self.admitted = 0;
        }
        if self.admitted >= self.per_second {
            self.suppressed = self.suppressed.saturating_add(1);
            return Verdict::Suppress;
        }
        self.admitted += 1;
        let suppressed = std::mem::take(&mut self.suppressed);
        Verdict::Write { suppressed }
    }

    /// Returns the number of suppressed events, once, if their second is over.
    pub(crate) fn settle(&mut self, now: Instant) -> u64 {
        if self.is_within(now) {
            return 0;
        }
        std::mem::take(&mut self.suppressed)
    }

    fn is_within(&self, now: Instant) -> bool {
        self.begin
            .is_some_and(|begin| now.saturating_duration_since(begin) < PERIOD)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_above_the_bound_are_counted_until_the_next_second() {
        let mut limit = RateLimit::new(2);
        let begin = Instant::now();
        let at = |milliseconds| begin + Duration::from_millis(milliseconds);
        assert_eq!(limit.admit(at(0)), Verdict::Write { suppressed: 0 });
        assert_eq!(limit.admit(at(1)), Verdict::Write { suppressed: 0 });
        assert_eq!(limit.admit(at(2)), Verdict::Suppress);
        assert_eq!(limit.admit(at(999)), Verdict::Suppress);
        assert_eq!(limit.settle(at(999)), 0);
        assert_eq!(limit.admit(at(1000)), Verdict::Write { suppressed: 2 });
        assert_eq!(limit.admit(at(1001)), Verdict::Write { suppressed: 0 });
        assert_eq!(limit.admit(at(1002)), Verdict::Suppress);
        assert_eq!(limit.settle(at(2000)), 1);
        assert_eq!(limit.settle(at(2001)), 0);
    }

    #[test]
    fn bound_of_zero_suppresses_all() {
        let mut limit = RateLimit::new(0);
        assert_eq!(limit.admit(Instant::now()), Verdict::Suppress);
    }
}
