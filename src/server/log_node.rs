// SPDX-License-Identifier: GPL-2.0-only

//! Reading the access log of a server.

use super::{
    access_log::LogReader,
    Server, //
};
use crate::sys::log::UserLog;
use kernel::prelude::*;

impl Server {
    /// Becomes the reader of the access log.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    ///
    /// # Errors
    ///
    /// `EBUSY` if there is one, `ENOMEM`.
    pub(crate) fn open_log(&self) -> Result<Pin<KBox<LogReader>>> {
        self.pool.core.log.open()
    }

    /// Tells the kernel's log of lines that were lost, if a report is due at the second `now` of
    /// uptime.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    pub(super) fn report_lost_lines(&self, now: u32) {
        if let Some(count) = self.pool.core.log.lost_to_report(now) {
            UserLog::LIMITED.error(fmt!(
                "access log: {count} lines lost; read /dev/khttpd-log faster, or set a larger log-buffer"
            ));
        }
    }
}
