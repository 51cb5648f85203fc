// SPDX-License-Identifier: GPL-2.0-only

//! Statistics: counters, and the status text that shows them.

mod counters;
mod metrics;
mod softirq_latency;
mod status_text;

pub(super) use self::{
    counters::{
        Count,
        Counters,
        CpuCounters, //
    },
    softirq_latency::SoftirqLatency,
    status_text::StatusText, //
};
