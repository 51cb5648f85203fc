// SPDX-License-Identifier: GPL-2.0-only

//! Reproducible random numbers.

use std::time::{SystemTime, UNIX_EPOCH};

use super::Result;

/// Returns the seed of this run, `KHTTPD_SEED` or a new one, and prints it.
pub(crate) fn seed() -> Result<u64> {
    let seed = match std::env::var("KHTTPD_SEED") {
        Ok(text) => text.parse()?,
        Err(_) => {
            let now = SystemTime::now().duration_since(UNIX_EPOCH)?;
            u64::from(now.subsec_nanos()) ^ now.as_secs()
        }
    };
    println!("KHTTPD_SEED={seed}");
    Ok(seed)
}

/// Returns a number from the environment, or `default`.
pub(crate) fn setting(name: &str, default: u64) -> Result<u64> {
    Ok(match std::env::var(name) {
        Ok(text) if !text.is_empty() => text.parse()?,
        _ => default,
    })
}

/// A SplitMix64 generator.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Returns a number below `bound`, which is not 0.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        // CAST: The remainder is less than `bound`, a `usize`.
        (self.next() % bound as u64) as usize
    }

    /// Returns `true` once in `times` on average.
    pub(crate) fn once_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    /// Returns an element of a slice that is not empty.
    pub(crate) fn choose<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len())]
    }
}
