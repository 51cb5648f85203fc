// SPDX-License-Identifier: GPL-2.0-only

//! Results in a file.

use std::fs;
use std::path::Path;

use machine::{Error, Result};
use serde::{Deserialize, Serialize};

/// The latest results of each measure.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Results {
    /// Instructions per request.
    pub(crate) instructions: Option<Section<Instructions>>,
    /// Longest softirq runs.
    pub(crate) softirq: Option<Section<SoftirqRun>>,
    /// Requests per second under full load.
    pub(crate) rates: Option<Section<Rate>>,
    /// Latency under the same load for all.
    pub(crate) latencies: Option<Section<Latency>>,
    /// Waits of clients that start at once.
    pub(crate) waits: Option<Section<Waits>>,
    /// Instructions per request of the server alone.
    pub(crate) alone: Option<Section<Alone>>,
    /// Memory per idle connection.
    pub(crate) memory: Option<Section<Memory>>,
}

/// Results of one run of a measure.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Section<T> {
    /// Date.
    pub(crate) date: String,
    /// CPUs of the host.
    pub(crate) host: String,
    /// Accelerator of the guest.
    pub(crate) accelerator: String,
    /// Kernel of the guest.
    pub(crate) kernel: String,
    /// Figures.
    pub(crate) figures: Vec<T>,
}

/// Measure (a).
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Instructions {
    pub(crate) case: String,
    pub(crate) server: String,
    /// Instructions per request, client and server together.
    pub(crate) instructions: f64,
    /// Set if the CPU was idle at times, so that many of them were not executed.
    pub(crate) waits: bool,
}

/// khttpd's longest softirq run.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct SoftirqRun {
    pub(crate) case: String,
    pub(crate) instructions: f64,
}

/// Measure (b): full load.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Rate {
    pub(crate) cpus: u32,
    pub(crate) case: String,
    pub(crate) server: String,
    pub(crate) requests_per_second: Summary,
    /// Host time of the guest's busiest virtual CPU per response, in microseconds.
    pub(crate) processor_time: Summary,
    /// Responses slower than 2 s, in all rounds.
    pub(crate) timeouts: u64,
}

/// Measure (b): fixed rate.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Latency {
    pub(crate) cpus: u32,
    pub(crate) server: String,
    /// Requests per second.
    pub(crate) requests_per_second: f64,
    pub(crate) latency: Percentiles,
}

/// Waits of clients that start at once.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Waits {
    pub(crate) case: String,
    pub(crate) server: String,
    /// Fraction of the time in which the guest's CPU ran on a CPU of the host. It is less than 1 if
    /// the clients did not keep the guest busy, or if the host was busy with other work.
    pub(crate) processor_time: Summary,
    /// Waits for the first response of each client.
    pub(crate) first: Tail,
    /// Waits for all responses.
    pub(crate) all: Tail,
}

/// Instructions of the server alone.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Alone {
    pub(crate) case: String,
    pub(crate) server: String,
    /// Instructions per request.
    pub(crate) instructions: Summary,
}

/// The longest of many waits, in microseconds.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct Tail {
    pub(crate) p99: Summary,
    pub(crate) longest: Summary,
}

/// Guest memory of an idle connection, the client's end included.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Memory {
    pub(crate) server: String,
    /// Bytes of kernel objects.
    pub(crate) objects: f64,
    /// Bytes of kernel objects and of other pages, such as those of processes.
    pub(crate) all: f64,
}

/// Latency in microseconds.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct Percentiles {
    pub(crate) p50: Summary,
    pub(crate) p99: Summary,
    pub(crate) p999: Summary,
}

impl Tail {
    /// Summarizes p99 and the longest wait of at least one round.
    pub(crate) fn of(rounds: &[[f64; 2]]) -> Option<Self> {
        Some(Self {
            p99: Summary::of(rounds.iter().map(|[p99, _]| *p99))?,
            longest: Summary::of(rounds.iter().map(|[_, longest]| *longest))?,
        })
    }
}

impl Percentiles {
    /// Summarizes p50, p99 and p99.9 of at least one round.
    pub(crate) fn of(rounds: &[[f64; 3]]) -> Option<Self> {
        Some(Self {
            p50: Summary::of(rounds.iter().map(|[p50, _, _]| *p50))?,
            p99: Summary::of(rounds.iter().map(|[_, p99, _]| *p99))?,
            p999: Summary::of(rounds.iter().map(|[_, _, p999]| *p999))?,
        })
    }
}

/// A summary of several rounds.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct Summary {
    pub(crate) median: f64,
    pub(crate) least: f64,
    pub(crate) most: f64,
}

impl Summary {
    /// Summarizes at least one value.
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
    /// Lists the numbers of CPUs of the guests.
    pub(crate) fn cpus(&self) -> Vec<u32> {
        let mut cpus: Vec<_> = self.figures.iter().map(|rate| rate.cpus).collect();
        cpus.dedup();
        cpus
    }
}

impl Results {
    /// Reads the file; returns empty results if it does not exist.
    pub(crate) fn read(path: &Path) -> Result<Self> {
        if !path.exists() {
            return Ok(Self::default());
        }
        let text = fs::read(path).map_err(Error::io(format!("reading {}", path.display())))?;
        serde_json::from_slice(&text)
            .map_err(|error| Error::Setup(format!("{}: {error}; remove it", path.display())))
    }

    /// Writes the file.
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
    fn summary_has_median_and_extremes() {
        let summary = Summary::of([3.0, 1.0, 2.0]);
        assert!(summary.is_some_and(|s| (s.least, s.median, s.most) == (1.0, 2.0, 3.0)));
        assert!(Summary::of([]).is_none());
    }
}
