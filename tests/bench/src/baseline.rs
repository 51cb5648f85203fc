// SPDX-License-Identifier: GPL-2.0-only

//! The baseline of khttpd's instructions per request.
//!
//! The floor is measured too, and the baseline is scaled by its change: another kernel or compiler
//! does not count as a change of khttpd.

use std::collections::BTreeMap;
use std::fs;

use machine::{Error, Result};

use crate::case::Case;
use crate::results::Instructions;
use crate::server::Server;

const PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/baseline.json");

/// Tolerance above the baseline.
const TOLERANCE: f64 = 0.02;

/// The case that measures the floor.
const YARDSTICK: &str = "612B-8";

/// The cases to check, each for a property of its own.
const CASES: [&str; 8] = [
    YARDSTICK,
    "pipelined-16",
    "closing",
    "16KiB",
    "206",
    "304",
    "404",
    "random-10000",
];

/// Billions of instructions per case, as many as are bearable.
pub(crate) const SECONDS: f64 = 0.4;

/// Instructions per request of khttpd in each case, and of the floor.
type Baseline = BTreeMap<String, f64>;

/// Lists the runs to measure.
pub(crate) fn runs() -> impl Iterator<Item = (Case, Server)> {
    let khttpd = CASES.into_iter().filter_map(Case::named);
    let floor = Case::named(YARDSTICK).map(|case| (case, Server::Floor));
    floor
        .into_iter()
        .chain(khttpd.map(|case| (case, Server::Khttpd)))
}

fn baseline(figures: &[Instructions]) -> Baseline {
    let key = |figure: &Instructions| match figure.server == Server::Floor.name() {
        true => Server::Floor.name().to_owned(),
        false => figure.case.clone(),
    };
    figures
        .iter()
        .map(|figure| (key(figure), figure.instructions.round()))
        .collect()
}

/// Writes the figures as the new baseline.
pub(crate) fn record(figures: &[Instructions]) -> Result {
    let text = serde_json::to_string_pretty(&baseline(figures))
        .map_err(|error| Error::Setup(format!("writing {PATH}: {error}")))?;
    fs::write(PATH, text + "\n").map_err(Error::io(format!("writing {PATH}")))
}

/// Prints the difference of each figure from the baseline. Fails if one is too far above.
pub(crate) fn check(figures: &[Instructions]) -> Result {
    let text = fs::read(PATH).map_err(Error::io(format!("reading {PATH}")))?;
    let then: Baseline =
        serde_json::from_slice(&text).map_err(|error| Error::Setup(format!("{PATH}: {error}")))?;
    let differences = differences(&then, &baseline(figures))?;
    for (case, difference) in &differences {
        println!("{case:14} {:+6.2} %", difference * 100.0);
    }
    let over: Vec<&str> = differences
        .iter()
        .filter(|(_, difference)| **difference > TOLERANCE)
        .map(|(case, _)| case.as_str())
        .collect();
    if over.is_empty() {
        return Ok(());
    }
    Err(Error::Setup(format!(
        "more instructions per request than {PATH} allows: {}; \
         find them with `make bench-profile`, or accept them with `make bench-record`",
        over.join(" ")
    )))
}

/// Computes by which fraction of the baseline each case exceeds it.
fn differences(then: &Baseline, now: &Baseline) -> Result<BTreeMap<String, f64>> {
    let value = |of: &Baseline, name: &str| {
        of.get(name)
            .copied()
            .ok_or_else(|| Error::Setup(format!("{PATH}: no {name}; run `make bench-record`")))
    };
    let floor = Server::Floor.name();
    let scale = value(now, floor)? / value(then, floor)?;
    CASES
        .into_iter()
        .map(|case| {
            Ok((
                case.to_owned(),
                value(now, case)? / (value(then, case)? * scale) - 1.0,
            ))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(instructions: f64, floor: f64) -> Baseline {
        let cases = CASES
            .into_iter()
            .map(|case| (case.to_owned(), instructions));
        cases.chain([("floor".to_owned(), floor)]).collect()
    }

    #[test]
    fn baseline_scales_with_the_floor() -> Result {
        let same = differences(&all(100.0, 50.0), &all(110.0, 55.0))?;
        assert!(same.values().all(|difference| difference.abs() < 1e-9));
        let more = differences(&all(100.0, 50.0), &all(103.0, 50.0))?;
        assert!(more.values().all(|difference| *difference > TOLERANCE));
        Ok(())
    }

    #[test]
    fn checked_cases_exist() {
        assert_eq!(runs().count(), CASES.len() + 1);
    }
}
