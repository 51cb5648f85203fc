// SPDX-License-Identifier: GPL-2.0-only

//! Why a poll is left to the worker, for the tracepoint `khttpd_defer`.

use kernel::prelude::*;

/// The reason why a poll is left to the worker.
#[derive(Clone, Copy)]
pub(super) enum DeferReason {
    /// A process owns the socket.
    Owned,
    /// The budget of the poll is spent.
    Budget,
    /// Memory is short.
    Memory,
    /// Another poll, which this one has interrupted, uses the memory of the CPU.
    Cpu,
}

impl DeferReason {
    /// Returns the word for the reason.
    pub(super) const fn word(self) -> &'static CStr {
        match self {
            Self::Owned => c"owned",
            Self::Budget => c"budget",
            Self::Memory => c"memory",
            Self::Cpu => c"cpu",
        }
    }
}
