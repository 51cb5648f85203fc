// SPDX-License-Identifier: GPL-2.0-only

//! The rings of the access log.

use super::log_signal::{
    LogSignal,
    SignalKick, //
};
use crate::sys::{
    percpu::{
        EachCpu,
        Initial, //
    },
    ring::Ring,
    workqueue::OwnedQueue, //
};
use kernel::{
    prelude::*,
    sync::Arc, //
};
use protocol::log::LogRecord;

impl Initial for LogRecord {
    const INITIAL: Self = Self::EMPTY;
}

/// A ring for each CPU.
///
/// The last reference must go in process context, which may sleep.
pub(super) struct LogRings {
    cpus: EachCpu<KBox<CpuRing>>,
    bytes: u32,
}

/// The ring of a CPU.
pub(super) struct CpuRing {
    pub(super) ring: Ring<LogRecord>,
    /// Wakes the reader.
    pub(super) kick: Arc<SignalKick>,
}

impl LogRings {
    /// Allocates empty rings of `bytes` bytes each, whose reader waits for `signal`. They are
    /// charged to the control group of the calling task.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(super) fn new(
        bytes: u32,
        signal: &Arc<LogSignal>,
        queue: &Arc<OwnedQueue>,
    ) -> Result<Arc<Self>> {
        // CAST: Wider than 32 bits.
        let len = bytes as usize / size_of::<LogRecord>();
        let make = || {
            let ring = CpuRing {
                ring: Ring::new(len)?,
                kick: SignalKick::new(signal.clone(), queue.clone())?,
            };
            Ok(KBox::new(ring, GFP_KERNEL_ACCOUNT)?)
        };
        let cpus = EachCpu::new(make, GFP_KERNEL_ACCOUNT)?;
        Ok(Arc::new(Self { cpus, bytes }, GFP_KERNEL_ACCOUNT)?)
    }

    /// Returns the length of each ring in bytes.
    pub(super) fn bytes(&self) -> u32 {
        self.bytes
    }

    /// Returns the ring of this CPU.
    ///
    /// # Context
    ///
    /// Any context.
    #[inline]
    pub(super) fn current(&self) -> &CpuRing {
        self.cpus.current()
    }

    /// Returns the ring with this index of [`LogRings::iter`].
    pub(super) fn ring(&self, index: usize) -> Option<&Ring<LogRecord>> {
        self.cpus.iter().nth(index).map(|cpu| &cpu.ring)
    }

    /// Returns the rings of all CPUs, always in the same order.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Ring<LogRecord>> {
        self.cpus.iter().map(|cpu| &cpu.ring)
    }

    /// Returns the number of lines that no reader has taken.
    pub(super) fn len(&self) -> u64 {
        self.iter().map(Ring::len).sum()
    }

    /// Returns the number of lines that found no room.
    pub(super) fn lost(&self) -> u64 {
        self.iter().map(Ring::lost).sum()
    }

    /// Returns the number of those that no reader was told of.
    pub(super) fn untold(&self) -> u64 {
        self.iter().map(Ring::unacknowledged).sum()
    }

    /// Has the next line wake the reader, which looks for lines again before it sleeps.
    pub(super) fn begin_wait(&self) {
        self.iter().for_each(Ring::begin_wait);
    }

    /// Waits for the work items that wake the reader. No line may be written any more.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    pub(super) fn flush(&self) {
        self.cpus.iter().for_each(|cpu| cpu.kick.flush());
    }
}

impl Drop for LogRings {
    fn drop(&mut self) {
        // The workqueue cannot be flushed or destroyed while an item waits for its tick.
        self.flush();
    }
}
