// SPDX-License-Identifier: GPL-2.0-only

//! Numbers by chance that can be had again.

use std::time::{SystemTime, UNIX_EPOCH};

use super::Result;

/// The seed of this run: `KHTTPD_SEED`, or another one each time. It is printed, and shown when the test fails.
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

/// A number from the environment, or `default`.
pub(crate) fn setting(name: &str, default: u64) -> Result<u64> {
    Ok(match std::env::var(name) {
        Ok(text) if !text.is_empty() => text.parse()?,
        _ => default,
    })
}

/// SplitMix64: short, and random enough for tests.
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

    /// A number below `bound`, which is not 0.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        // CAST: The remainder is less than `bound`, a `usize`.
        (self.next() % bound as u64) as usize
    }

    /// Whether it comes to pass, once in `times`.
    pub(crate) fn once_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    /// One of them; there is one.
    pub(crate) fn choose<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len())]
    }
}
