// SPDX-License-Identifier: GPL-2.0-only

//! Statistics: counters, and the texts that show them.

mod connections;
mod counters;
mod families;
mod metrics;
mod softirq_latency;
mod status_text;

pub(super) use self::{
    counters::{
        Count,
        Counters,
        CpuCounters, //
    },
    metrics::{
        ConfigNumbers,
        MetricsText, //
    },
    softirq_latency::SoftirqLatency,
    status_text::StatusText, //
};
