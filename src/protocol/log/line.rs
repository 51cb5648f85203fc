// SPDX-License-Identifier: GPL-2.0-only

//! The line of a record.

use super::{
    ascii,
    format::LogFormat,
    json,
    record::{
        LogRecord,
        TEXT_ROOM, //
    }, //
};
use core::fmt;

/// Bound of the length of a line in bytes, its line feed included: a JSON object whose texts are
/// escaped byte for byte, as `\u0001`, with its names and numbers.
pub const LINE_MAX: usize = TEXT_ROOM.wrapping_mul(6).wrapping_add(320);

impl fmt::Display for LogRecord {
    /// Writes the line and its line feed; nothing for [`LogFormat::Off`].
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.format() {
            LogFormat::Off => return Ok(()),
            LogFormat::Common => ascii::write_common(self, f)?,
            LogFormat::Combined => {
                ascii::write_common(self, f)?;
                ascii::write_fields(self, f)?;
            }
            LogFormat::Json => json::write_object(self, f)?,
        }
        f.write_str("\n")
    }
}

#[cfg(test)]
mod tests;
