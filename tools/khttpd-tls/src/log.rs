// SPDX-License-Identifier: GPL-2.0-only

//! The log: lines on standard error, of which peers cannot cause too many.

use std::fmt::Display;
use std::io::{self, Write};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use crate::rate_limit::{RateLimit, Verdict};

/// The log of this process.
#[derive(Debug)]
pub(crate) struct Log(Mutex<RateLimit>);

impl Log {
    /// Returns a log in which peers cause at most `per_second` lines a second.
    pub(crate) fn new(per_second: u32) -> Self {
        Self(Mutex::new(RateLimit::new(per_second)))
    }

    /// Changes the bound.
    pub(crate) fn set_rate(&self, per_second: u32) {
        self.limit().set_rate(per_second);
    }

    /// Writes a line that an administrator has caused.
    pub(crate) fn say(&self, what: impl Display) {
        // There is no other place for an error.
        let _ = writeln!(io::stderr().lock(), "{what}");
    }

    /// Writes a line that a peer has caused, unless there are too many.
    pub(crate) fn peer(&self, what: impl Display) {
        let verdict = self.limit().admit(Instant::now());
        match verdict {
            Verdict::Write { suppressed: 0 } => self.say(what),
            Verdict::Write { suppressed } => {
                self.say(format_args!("{suppressed} more lines like these"));
                self.say(what);
            }
            Verdict::Suppress => {}
        }
    }

    /// Writes how many lines were left out, if the second in which they were is over.
    pub(crate) fn settle(&self) {
        let suppressed = self.limit().settle(Instant::now());
        if suppressed > 0 {
            self.say(format_args!("{suppressed} more lines like these"));
        }
    }

    fn limit(&self) -> std::sync::MutexGuard<'_, RateLimit> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
