// SPDX-License-Identifier: GPL-2.0-only

//! The pace at which a peer takes a response.

use kernel::prelude::*;

/// A peer's pace, compared with a minimum rate, while a response waits for space.
pub(super) struct Pace {
    /// The sequence number that the peer had acknowledged at the last look.
    acknowledged: u32,
    /// The second of uptime of the last look.
    looked_at: u32,
    /// The bytes by which the peer is behind the minimum rate.
    behind: u64,
}

impl Pace {
    /// Begins at the second `now` of uptime, with the sequence number that the peer has
    /// acknowledged.
    pub(super) const fn new(acknowledged: u32, now: u32) -> Self {
        Self {
            acknowledged,
            looked_at: now,
            behind: 0,
        }
    }

    /// Returns whether the peer is less than `seconds` behind `rate` bytes per second, at the
    /// second `now` of uptime.
    ///
    /// A peer that was faster than that gets no credit, so that it can not stall afterwards for
    /// longer than others.
    pub(super) fn keeps_up(
        &mut self,
        acknowledged: u32,
        now: u32,
        rate: u32,
        seconds: u32,
    ) -> bool {
        let bytes_in = |seconds: u32| u64::from(seconds) * u64::from(rate);
        let taken = acknowledged.wrapping_sub(self.acknowledged);
        self.behind = self
            .behind
            .saturating_add(bytes_in(now.saturating_sub(self.looked_at)))
            .saturating_sub(u64::from(taken));
        self.acknowledged = acknowledged;
        self.looked_at = now;
        self.behind < bytes_in(seconds)
    }
}

#[kunit_tests(khttpd_pace)]
mod tests {
    use super::*;

    /// Returns the second at which a peer that takes `taken` bytes each second is given up.
    fn given_up(taken: u32) -> Option<u32> {
        // The sequence numbers wrap around.
        let mut acknowledged = u32::MAX - 5;
        let mut pace = Pace::new(acknowledged, 1000);
        (1..10_000).find(|second| {
            acknowledged = acknowledged.wrapping_add(taken);
            !pace.keeps_up(acknowledged, 1000 + second, 100, 30)
        })
    }

    #[test]
    fn peer_that_takes_nothing_is_given_up_after_the_timeout() {
        assert_eq!(given_up(0), Some(30));
    }

    #[test]
    fn peer_that_trickles_is_given_up_a_little_later() {
        assert_eq!(given_up(1), Some(31));
        assert_eq!(given_up(50), Some(60));
    }

    #[test]
    fn peer_at_the_minimum_rate_is_never_given_up() {
        assert_eq!(given_up(100), None);
        assert_eq!(given_up(1_000_000), None);
    }

    #[test]
    fn fast_beginning_gives_no_credit() {
        let mut pace = Pace::new(0, 0);
        assert!(pace.keeps_up(1_000_000_000, 1, 100, 30));
        assert!(pace.keeps_up(1_000_000_000, 30, 100, 30));
        assert!(!pace.keeps_up(1_000_000_000, 31, 100, 30));
    }
}
