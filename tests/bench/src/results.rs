// SPDX-License-Identifier: GPL-2.0-only

//! What was measured, as it is kept in a file.

use std::fs;
use std::path::Path;

use machine::{Error, Result};
use serde::{Deserialize, Serialize};

/// The latest of each measure.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Results {
    /// Instructions per request.
    pub(crate) instructions: Option<Section<Instructions>>,
    /// The longest turns in softirq.
    pub(crate) turns: Option<Section<Turn>>,
    /// Requests per second and latency under full load.
    pub(crate) rates: Option<Section<Rate>>,
    /// Latency under the same load for all.
    pub(crate) latencies: Option<Section<Latency>>,
    /// Memory per idle connection.
    pub(crate) memory: Option<Section<Memory>>,
}

/// What was measured in one go.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Section<T> {
    /// The day.
    pub(crate) date: String,
    /// The host's processors.
    pub(crate) host: String,
    /// What ran the guest.
    pub(crate) accelerator: String,
    /// The guest's kernel.
    pub(crate) kernel: String,
    /// The figures.
    pub(crate) figures: Vec<T>,
}

/// Measure (a).
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Instructions {
    pub(crate) case: String,
    pub(crate) server: String,
    /// Instructions per request, client and server together.
    pub(crate) instructions: f64,
    /// Many of them are none, because at times everybody waited.
    pub(crate) waits: bool,
}

/// khttpd's longest turn in softirq.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Turn {
    pub(crate) case: String,
    pub(crate) instructions: f64,
}

/// Measure (b): as fast as the server can.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Rate {
    pub(crate) cpus: u32,
    pub(crate) case: String,
    pub(crate) server: String,
    pub(crate) requests_per_second: Summary,
    /// What the busiest processor of the guest takes of the host's time for each request that the guest serves, in
    /// microseconds.
    pub(crate) processor_time: Summary,
    /// Unless requests are pipelined: what the client measures then is not theirs.
    pub(crate) latency: Option<Percentiles>,
    /// Replies that took longer than 2 s, in all rounds.
    pub(crate) timeouts: u64,
}

/// Measure (b): as fast as the client asks.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Latency {
    pub(crate) cpus: u32,
    pub(crate) server: String,
    /// What was asked for.
    pub(crate) requests_per_second: f64,
    pub(crate) latency: Percentiles,
}

/// What an idle connection takes of the guest's memory, the client's end included.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Memory {
    pub(crate) server: String,
    /// Bytes of the kernel's objects.
    pub(crate) objects: f64,
    /// Those, and the bytes of pages that hold none, as of processes.
    pub(crate) all: f64,
}

/// How long replies take, in microseconds.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct Percentiles {
    pub(crate) p50: Summary,
    pub(crate) p99: Summary,
    pub(crate) p999: Summary,
}

impl Percentiles {
    /// Of at least one round's p50, p99 and p99.9.
    pub(crate) fn of(rounds: &[[f64; 3]]) -> Option<Self> {
        Some(Self {
            p50: Summary::of(rounds.iter().map(|[p50, _, _]| *p50))?,
            p99: Summary::of(rounds.iter().map(|[_, p99, _]| *p99))?,
            p999: Summary::of(rounds.iter().map(|[_, _, p999]| *p999))?,
        })
    }
}

/// One value out of several rounds.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct Summary {
    pub(crate) median: f64,
    pub(crate) least: f64,
    pub(crate) most: f64,
}

impl Summary {
    /// Of at least one value.
    pub(crate) fn of(values: impl IntoIterator<Item = f64>) -> Option<Self> {
        let mut sorted: Vec<f64> = values.into_iter().collect();
        sorted.sort_by(f64::total_cmp);
        Some(Self {
            median: *sorted.get(sorted.len() / 2)?,
            least: *sorted.first()?,
            most: *sorted.last()?,
        })
    }
}

impl Section<Rate> {
    /// How many processors the guests had.
    pub(crate) fn cpus(&self) -> Vec<u32> {
        let mut cpus: Vec<_> = self.figures.iter().map(|rate| rate.cpus).collect();
        cpus.dedup();
        cpus
    }
}

impl Results {
    /// What the file holds; nothing where there is none.
    pub(crate) fn read(path: &Path) -> Result<Self> {
        if !path.exists() {
            return Ok(Self::default());
        }
        let text = fs::read(path).map_err(Error::io(format!("reading {}", path.display())))?;
        serde_json::from_slice(&text)
            .map_err(|error| Error::Setup(format!("{}: {error}; remove it", path.display())))
    }

    /// Writes them to the file.
    pub(crate) fn write(&self, path: &Path) -> Result {
        let text = serde_json::to_string_pretty(self)
            .map_err(|error| Error::Setup(format!("writing results: {error}")))?;
        fs::write(path, text + "\n").map_err(Error::io(format!("writing {}", path.display())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_summary_is_the_median_and_the_extremes() {
        let summary = Summary::of([3.0, 1.0, 2.0]);
        assert!(summary.is_some_and(|s| (s.least, s.median, s.most) == (1.0, 2.0, 3.0)));
        assert!(Summary::of([]).is_none());
    }
}
