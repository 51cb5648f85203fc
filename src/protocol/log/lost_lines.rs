// SPDX-License-Identifier: GPL-2.0-only

//! The line that stands for lines that were lost.

use super::json;
use core::fmt;

/// Lines that found no room, because nothing read the log in time.
///
/// # Examples
///
/// ```
/// use protocol::log::LostLines;
///
/// let lost = LostLines { count: 3, real_nanoseconds: 784_111_777_012_000_000 };
/// assert_eq!(lost.to_string(), "{\"time\":\"1994-11-06T08:49:37.012Z\",\"lost\":3}\n");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LostLines {
    /// Number of the lines.
    pub count: u64,
    /// Time at which the loss is reported, in nanoseconds since the beginning of 1970, UTC.
    pub real_nanoseconds: u64,
}

impl fmt::Display for LostLines {
    /// Writes a line of the JSON format and its line feed.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        json::write_time(self.real_nanoseconds, f)?;
        writeln!(f, ",\"lost\":{}}}", self.count)
    }
}
