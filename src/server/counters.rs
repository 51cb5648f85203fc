// SPDX-License-Identifier: GPL-2.0-only

//! What a server has done so far.

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

/// What is counted.
#[derive(Clone, Copy)]
pub(crate) enum Count {
    /// Connections accepted.
    Accepted,
    /// Times that a connection could not be accepted for want of memory or the like.
    AcceptErrors,
    /// Times that those who waited to be accepted were more than there are seats.
    Full,
    /// Replies begun, by the first digit of their status.
    Informational,
    /// As above: 2xx.
    Successful,
    /// As above: 3xx.
    Redirection,
    /// As above: 4xx.
    ClientError,
    /// As above: 5xx.
    ServerError,
    /// Bytes handed to TCP, heads and bodies.
    Bytes,
    /// Turns that a worker took, because a process owned the socket, or the callback was caused by
    /// what was being done with it.
    Owned,
    /// As above: because somebody has waited to be accepted.
    Crowded,
    /// As above: because there was more to do than one turn may.
    Spent,
    /// As above: because memory was short.
    Short,
    /// Times that the send buffer was full, and the reply waited for space.
    Blocked,
    /// Connections whose time was up.
    Expired,
}

impl Count {
    const LEN: usize = Self::Expired as usize + 1;

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
        Self::Crowded,
        Self::Spent,
        Self::Short,
        Self::Blocked,
        Self::Expired,
    ];

    /// The class of a status (RFC 9110, section 15).
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

/// The counts of one CPU, on cache lines of its own.
#[repr(align(64))]
pub(crate) struct Tally([Atomic<u64>; Count::LEN]);

impl Tally {
    fn new() -> Result<KBox<Self>> {
        let zeros = [const { Atomic::new(0) }; Count::LEN];
        Ok(KBox::new(Self(zeros), GFP_KERNEL)?)
    }

    fn get(&self, count: Count) -> u64 {
        self.0
            .get(count as usize)
            .map_or(0, |place| place.load(Relaxed))
    }

    fn set(&self, count: Count, value: u64) {
        if let Some(place) = self.0.get(count as usize) {
            place.store(value, Relaxed);
        }
    }

    /// Counts `n` more. With softirqs disabled, on the CPU it belongs to: it is no
    /// read-modify-write, so of two at a time one would be lost.
    #[inline]
    pub(crate) fn add(&self, count: Count, n: u64) {
        if let Some(place) = self.0.get(count as usize) {
            place.store(place.load(Relaxed).wrapping_add(n), Relaxed);
        }
    }
}

/// The counters of a server, one set for each CPU so that they share no cache line.
pub(crate) struct Counters {
    tallies: KVec<KBox<Tally>>,
    /// What was counted before zero was last begun with.
    before: KBox<Tally>,
}

impl Counters {
    /// All zero. Process context, may sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(crate) fn new() -> Result<Self> {
        let cpus = usize::try_from(cpu::nr_cpu_ids())?;
        let mut tallies = KVec::with_capacity(cpus, GFP_KERNEL)?;
        for _ in 0..cpus {
            tallies.push(Tally::new()?, GFP_KERNEL)?;
        }
        Ok(Self {
            tallies,
            before: Tally::new()?,
        })
    }

    /// The counts of this CPU. With softirqs disabled.
    #[inline]
    pub(crate) fn local(&self) -> Option<&Tally> {
        let cpu = usize::try_from(CpuId::current().as_u32()).ok()?;
        self.tallies.get(cpu).map(|tally| &**tally)
    }

    /// Counts one more, in any context. What is counted by this is not counted by [`Tally::add`].
    pub(crate) fn increment(&self, count: Count) {
        let place = self
            .tallies
            .first()
            .and_then(|tally| tally.0.get(count as usize));
        if let Some(place) = place {
            place.add(1, Relaxed);
        }
    }

    /// The sum over all CPUs. Each is exact; a set of them is not a snapshot. Any context.
    pub(crate) fn total(&self, count: Count) -> u64 {
        let before = self.before.get(count);
        self.ever(count).wrapping_sub(before)
    }

    fn ever(&self, count: Count) -> u64 {
        self.tallies.iter().map(|tally| tally.get(count)).sum()
    }

    /// Begins with zero again. Process context; one at a time.
    pub(crate) fn reset(&self) {
        for count in Count::ALL {
            self.before.set(count, self.ever(count));
        }
    }

    /// Replies begun, of any status.
    pub(crate) fn replies(&self) -> u64 {
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
