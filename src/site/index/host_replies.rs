// SPDX-License-Identifier: GPL-2.0-only

//! The responses for the hosts of a root, counted while the server has several roots.

use crate::sys::percpu_counters::{
    CounterRow,
    PerCpuCounters, //
};
use kernel::prelude::*;
use protocol::http::Status;

/// Number of the classes of status codes (RFC 9110 section 15).
const CLASSES: usize = 5;

/// Counters of responses by class of status. They outlive the site: the site that replaces it goes
/// on with them.
pub(crate) struct HostReplies(PerCpuCounters<CLASSES>);

impl HostReplies {
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

    /// Counts a response on the CPU that `row` belongs to.
    ///
    /// # Context
    ///
    /// Softirq or process context, must not sleep.
    pub(crate) fn count<const N: usize>(&self, status: Status, row: &CounterRow<N>) {
        let class = usize::from(status.code() / 100).wrapping_sub(1);
        if let Some(row) = self.0.beside(row) {
            row.add(class, 1);
        }
    }

    /// Returns the number of responses by class of status, from 1xx to 5xx, since the last reset.
    ///
    /// # Context
    ///
    /// Any context.
    pub(crate) fn by_class(&self) -> [u64; CLASSES] {
        [0, 1, 2, 3, 4].map(|class| self.0.total(class))
    }

    /// Begins at zero again.
    ///
    /// # Context
    ///
    /// Any context.
    pub(crate) fn reset(&self) {
        self.0.reset();
    }

    /// Returns the allocated memory, in bytes.
    pub(crate) fn footprint(&self) -> usize {
        self.0.footprint()
    }
}
