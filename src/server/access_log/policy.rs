// SPDX-License-Identifier: GPL-2.0-only

//! What is logged of which request.

use protocol::log::LogFormat;

/// The settings of the access log.
pub(crate) struct LogPolicy {
    format: LogFormat,
    /// Memory for the lines that are not read yet, in bytes for each CPU.
    pub(crate) buffer_bytes: u32,
}

impl LogPolicy {
    /// The settings of a server whose log is off.
    pub(crate) const fn new() -> Self {
        Self {
            format: LogFormat::Off,
            buffer_bytes: 1 << 20,
        }
    }

    /// Returns whether any request is logged.
    pub(crate) fn is_on(&self) -> bool {
        self.format != LogFormat::Off
    }
}
