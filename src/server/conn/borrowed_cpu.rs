// SPDX-License-Identifier: GPL-2.0-only

//! What a poll borrows from its CPU.

use super::{
    super::{
        server_core::ServerCore,
        site_snapshot::SiteSnapshot,
        stats::CpuCounters, //
    },
    cpu_scratch::CpuScratch,
    request_context::RequestContext, //
};
use crate::sys::{
    percpu::Borrowed,
    softirq::BhDisabled, //
};
use kernel::sync::{
    rcu,
    ArcBorrow, //
};

/// This CPU's scratch memory and counters, borrowed for one poll.
pub(super) struct BorrowedCpu<'a> {
    core: &'a ServerCore,
    scratch: Borrowed<'a, CpuScratch>,
    counters: CpuCounters<'a>,
}

impl<'a> BorrowedCpu<'a> {
    /// Borrows from this CPU, unless another poll on it does.
    ///
    /// # Context
    ///
    /// Softirq or process context, must not sleep.
    #[inline]
    pub(super) fn new(core: &'a ServerCore, bh: &BhDisabled) -> Option<Self> {
        Some(Self {
            core,
            scratch: core.scratch.try_borrow(bh)?,
            counters: core.counters.local(bh)?,
        })
    }

    /// Calls `poll` with the site that is served at present.
    ///
    /// # Context
    ///
    /// Softirq or process context, must not sleep.
    #[inline]
    pub(super) fn run<T>(self, poll: impl FnOnce(&RequestContext<'_>, &mut CpuScratch) -> T) -> T {
        let rcu = rcu::read_lock();
        let snapshot = self.core.snapshot.get(&rcu);
        self.run_within(&rcu, snapshot, poll)
    }

    /// Calls `poll` with another site.
    ///
    /// # Context
    ///
    /// Softirq or process context, must not sleep.
    #[inline]
    pub(super) fn run_with<T>(
        self,
        snapshot: ArcBorrow<'_, SiteSnapshot>,
        poll: impl FnOnce(&RequestContext<'_>, &mut CpuScratch) -> T,
    ) -> T {
        self.run_within(&rcu::read_lock(), snapshot, poll)
    }

    #[inline]
    fn run_within<T>(
        mut self,
        rcu: &rcu::Guard,
        snapshot: ArcBorrow<'_, SiteSnapshot>,
        poll: impl FnOnce(&RequestContext<'_>, &mut CpuScratch) -> T,
    ) -> T {
        let context = RequestContext::new(self.core, snapshot, self.counters, rcu);
        poll(&context, self.scratch.get_mut())
    }
}
