// SPDX-License-Identifier: GPL-2.0-only

//! What the reader of the access log reads: rings, one set after the other.

use super::{
    super::limits::REPORT_SECONDS,
    log_rings::LogRings,
    log_signal::LogSignal, //
};
use kernel::{
    new_mutex,
    prelude::*,
    sync::{
        Arc,
        Mutex, //
    }, //
};

/// The sets of rings that exist beside each other: that which the reader drains, another one that was
/// replaced, and the present one.
const SETS_MAX: usize = 3;

/// The rings from which a reader reads, and the count of the lines that it cannot read any more.
#[pin_data]
pub(super) struct LogFeed {
    #[pin]
    state: Mutex<FeedState>,
    pub(super) signal: Arc<LogSignal>,
}

struct FeedState {
    /// The oldest first, which the reader drains. At most [`SETS_MAX`].
    sets: KVec<Arc<LogRings>>,
    /// Whether lines are written to the last one.
    is_live: bool,
    has_reader: bool,
    is_closed: bool,
    /// The lines that were lost with rings that are gone.
    lost: u64,
    /// Those of them that no reader has been told of.
    untold: u64,
    /// The lost lines at the last reset of the counters.
    baseline: u64,
    /// The lost lines at the last report.
    reported: u64,
    /// The time of the last report in seconds of uptime.
    reported_at: Option<u32>,
}

impl FeedState {
    /// Returns the number of lines that were ever lost.
    fn lost(&self) -> u64 {
        let present: u64 = self.sets.iter().map(|rings| rings.lost()).sum();
        self.lost.wrapping_add(present)
    }

    /// Returns whether the first set is written to no more.
    fn has_ended(&self) -> bool {
        self.sets.len() > usize::from(self.is_live)
    }

    /// Removes a set; its unread lines are lost.
    fn remove(&mut self, index: usize) -> Option<Arc<LogRings>> {
        let rings = self.sets.remove(index).ok()?;
        let unread = rings.len();
        self.lost = self.lost.wrapping_add(rings.lost()).wrapping_add(unread);
        let untold = rings.untold().wrapping_add(unread);
        self.untold = self.untold.wrapping_add(untold);
        Some(rings)
    }

    /// Removes a set that is too much, none of which is written to, or read by the reader.
    fn remove_excess(&mut self) -> Option<Arc<LogRings>> {
        if !self.has_reader && self.has_ended() {
            self.remove(0)
        } else if self.sets.len() > SETS_MAX {
            self.remove(1)
        } else {
            None
        }
    }
}

impl LogFeed {
    /// Creates a feed without rings.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(super) fn new() -> Result<Arc<Self>> {
        let signal = LogSignal::new()?;
        // Room for one that is too much, so that publishing rings cannot fail.
        let sets = KVec::with_capacity(SETS_MAX + 1, GFP_KERNEL_ACCOUNT)?;
        Arc::pin_init(
            pin_init!(Self {
                state <- new_mutex!(FeedState {
                    sets,
                    is_live: false,
                    has_reader: false,
                    is_closed: false,
                    lost: 0,
                    untold: 0,
                    baseline: 0,
                    reported: 0,
                    reported_at: None,
                }),
                signal,
            }),
            GFP_KERNEL_ACCOUNT,
        )
    }

    /// Has lines read from `rings` after all others, to which none is written any more.
    ///
    /// Without a reader, the lines in the others are lost. A reader drains the first set; beyond
    /// [`SETS_MAX`], the lines of the second are lost.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    pub(super) fn publish(&self, rings: Option<&Arc<LogRings>>) {
        let mut state = self.state.lock();
        let last = state.sets.last().filter(|_| state.is_live);
        if let (Some(last), Some(rings)) = (last, rings) {
            if Arc::ptr_eq(last, rings) {
                return;
            }
        }
        state.is_live = rings.is_some();
        if let Some(rings) = rings {
            // It has room: `remove_excess` has made it.
            let _ = state.sets.push_within_capacity(rings.clone());
        }
        drop(state);
        self.drop_excess();
        self.signal.notify();
    }

    /// Drops the sets that are too much, without the lock, because that sleeps.
    fn drop_excess(&self) {
        loop {
            let excess = self.state.lock().remove_excess();
            if excess.is_none() {
                return;
            }
        }
    }

    /// Admits a reader, until [`LogFeed::leave`].
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    ///
    /// # Errors
    ///
    /// `EBUSY` if there is one.
    pub(super) fn enter(&self) -> Result {
        let mut state = self.state.lock();
        if state.has_reader {
            return Err(EBUSY);
        }
        state.has_reader = true;
        Ok(())
    }

    /// Ends the reader, which had not told of `untold` lost lines.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    pub(super) fn leave(&self, untold: u64) {
        let mut state = self.state.lock();
        state.has_reader = false;
        state.untold = state.untold.wrapping_add(untold);
        drop(state);
        self.drop_excess();
    }

    /// Returns the rings that the reader drains, and whether lines are written to them no more.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    pub(super) fn first(&self) -> Option<(Arc<LogRings>, bool)> {
        let state = self.state.lock();
        Some((state.sets.first()?.clone(), state.has_ended()))
    }

    /// Removes the rings that the reader has drained.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    pub(super) fn remove_first(&self) {
        let mut state = self.state.lock();
        let drained = if state.has_ended() {
            state.remove(0)
        } else {
            None
        };
        drop(state);
        drop(drained);
    }

    /// Returns the number of lost lines that no reader was told of, and that the caller tells of.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    pub(super) fn take_untold(&self) -> u64 {
        core::mem::take(&mut self.state.lock().untold)
    }

    /// Returns whether there is a line to be read. If not, the next one wakes the reader.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    pub(super) fn has_lines_or_wait(&self) -> bool {
        let state = self.state.lock();
        let has_lines = || state.sets.iter().any(|rings| rings.len() != 0);
        has_lines() || {
            state.sets.iter().for_each(|rings| rings.begin_wait());
            has_lines()
        }
    }

    /// Returns whether no line is written any more.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    pub(super) fn is_closed(&self) -> bool {
        self.state.lock().is_closed
    }

    /// Ends the waiting of the reader, once and for all. No line may be written any more.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    pub(super) fn close(&self) {
        let mut state = self.state.lock();
        state.is_closed = true;
        let last = state.sets.last().cloned();
        drop(state);
        if let Some(rings) = last {
            rings.flush();
        }
        self.signal.notify();
    }

    /// Returns the number of lines that were lost since the last reset.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    pub(super) fn lost(&self) -> u64 {
        let state = self.state.lock();
        state.lost().saturating_sub(state.baseline)
    }

    /// Begins to count lost lines at zero.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    pub(super) fn reset_lost(&self) {
        let mut state = self.state.lock();
        state.baseline = state.lost();
    }

    /// Returns the number of lines that were lost since the last report, if there are any and one is
    /// due at the second `now` of uptime.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    pub(super) fn lost_to_report(&self, now: u32) -> Option<u64> {
        let mut state = self.state.lock();
        let (lost, last) = (state.lost(), state.reported_at);
        let is_due = last.is_none_or(|last| now.saturating_sub(last) >= REPORT_SECONDS);
        if lost == state.reported || !is_due {
            return None;
        }
        let count = lost.wrapping_sub(state.reported);
        state.reported = lost;
        state.reported_at = Some(now);
        Some(count)
    }
}
