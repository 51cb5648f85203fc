// SPDX-License-Identifier: GPL-2.0-only

//! Counters of events and of responses, per CPU.

use crate::sys::{
    percpu_counters::{
        CounterRow,
        PerCpuCounters, //
    },
    softirq::BhDisabled, //
};
use kernel::prelude::*;
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
    /// A connection of a TLS listener was closed because the agent could not have it.
    TlsRefused,
    /// An adopted connection was not given back because no process reads the adopt node.
    NoReader,
    /// A connection was adopted.
    Adopted,
    /// A connection with TLS was adopted.
    AdoptedTls,
    /// An adopted connection was given back to a process.
    Returned,
    /// The site was loaded again because its files have changed.
    WatchLoads,
    /// The site could not be loaded again when its files had changed.
    WatchFailures,
}

impl Count {
    /// Number of events.
    const LEN: usize = Self::WatchFailures as usize + 1;
}

/// The counters of a server: those of the events in their order, then those of the responses begun,
/// by status.
pub(crate) struct Counters(PerCpuCounters<LEN>);

/// Number of counters.
pub(crate) const LEN: usize = Count::LEN + Status::ALL.len();

/// The counters of this CPU.
#[derive(Clone, Copy)]
pub(crate) struct CpuCounters<'a>(&'a CounterRow<LEN>);

impl CpuCounters<'_> {
    /// Adds `n` to the counter of an event. It is no atomic read-modify-write, so softirqs must be
    /// disabled, as [`Counters::local`] asks.
    ///
    /// # Context
    ///
    /// Softirq or process context, must not sleep.
    #[inline]
    pub(crate) fn add(self, count: Count, n: u64) {
        self.0.add(count as usize, n);
    }

    /// Returns the counters by number, for others to count on the same CPU.
    #[inline]
    pub(crate) fn row(&self) -> &CounterRow<LEN> {
        self.0
    }

    /// Counts a response, otherwise as [`CpuCounters::add`].
    #[inline]
    pub(crate) fn add_response(self, status: Status) {
        self.0.add(Count::LEN + status as usize, 1);
    }
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
        Ok(Self(PerCpuCounters::new()?))
    }

    /// Returns the counters of this CPU.
    ///
    /// # Context
    ///
    /// Softirq or process context, must not sleep.
    #[inline]
    pub(crate) fn local(&self, bh: &BhDisabled) -> Option<CpuCounters<'_>> {
        self.0.local(bh).map(CpuCounters)
    }

    /// Adds one to a counter that [`CpuCounters::add`] is not used for.
    ///
    /// # Context
    ///
    /// Any context.
    pub(crate) fn increment(&self, count: Count) {
        self.0.increment(count as usize);
    }

    /// Returns the number of events since the last reset.
    ///
    /// # Context
    ///
    /// Any context.
    pub(crate) fn total(&self, count: Count) -> u64 {
        self.0.total(count as usize)
    }

    /// Returns the number of responses begun with this status since the last reset.
    ///
    /// # Context
    ///
    /// Any context.
    pub(crate) fn responses(&self, status: Status) -> u64 {
        self.0.total(Count::LEN + status as usize)
    }

    /// Returns the number of responses whose status `is_meant`.
    ///
    /// # Context
    ///
    /// Any context.
    pub(crate) fn sum(&self, is_meant: impl Fn(Status) -> bool) -> u64 {
        Status::ALL
            .iter()
            .filter(|status| is_meant(**status))
            .map(|status| self.responses(*status))
            .sum()
    }

    /// Begins at zero again. Callers take turns.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    pub(crate) fn reset(&self) {
        self.0.reset();
    }
}

#[kunit_tests(khttpd_counters)]
mod tests {
    use super::*;
    use crate::sys::softirq;

    #[test]
    fn responses_are_counted_by_status() -> Result {
        let counters = Counters::new()?;
        counters.increment(Count::WatchFailures);
        softirq::disabled(|bh| {
            let local = counters.local(bh)?;
            for status in [Status::Ok, Status::NotFound, Status::NotFound] {
                local.add_response(status);
            }
            Some(())
        })
        .ok_or(EINVAL)?;
        assert_eq!(counters.total(Count::WatchFailures), 1);
        assert_eq!(counters.responses(Status::Ok), 1);
        assert_eq!(counters.responses(Status::NotFound), 2);
        assert_eq!(counters.sum(|_| true), 3);
        assert_eq!(counters.sum(Status::is_error), 2);
        counters.reset();
        assert_eq!(counters.sum(|_| true), 0);
        Ok(())
    }
}
