// SPDX-License-Identifier: GPL-2.0-only

//! Uses the spare time of the guest's CPU, and counts it in turns of a loop.
//!
//! For each line of its input it prints its time in nanoseconds and its turns. It is to run with
//! the lowest priority.

#![forbid(unsafe_code)]

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Instant;

static TURNS: AtomicU64 = AtomicU64::new(0);

fn main() -> io::Result<()> {
    let begin = Instant::now();
    thread::spawn(|| loop {
        TURNS.fetch_add(1, Ordering::Relaxed);
    });
    for line in io::stdin().lines() {
        line?;
        let nanoseconds = begin.elapsed().as_nanos();
        println!("{nanoseconds} {}", TURNS.load(Ordering::Relaxed));
    }
    Ok(())
}
