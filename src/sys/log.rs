// SPDX-License-Identifier: GPL-2.0-only

//! Messages in the kernel's log that user space causes.
//!
//! Only the load and the end of the module write to the log directly; `tests/lint/source` checks
//! that.
//!
//! C header: [`include/linux/ratelimit.h`](srctree/include/linux/ratelimit.h)

use super::ffi;
use kernel::{
    fmt,
    fs::File,
    prelude::*, //
};

/// The kernel's log, for messages that a task causes.
///
/// A task that may read and clear the log fills it as it likes. All other tasks share a limit of
/// ten messages in five seconds, so that the administrators of containers cannot flood the log. The
/// limit begins anew when the module is loaded.
#[derive(Clone, Copy)]
pub(crate) struct UserLog {
    is_limited: bool,
}

impl UserLog {
    /// The log for messages whose cause is not known.
    pub(crate) const LIMITED: Self = Self { is_limited: true };

    /// Returns the log for what the calling task does with `file`. It is limited unless this task
    /// and the opener have `CAP_SYSLOG` on the host: an opener without it must not make another
    /// task fill the log.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    pub(crate) fn of_writer(file: &File) -> Self {
        // SAFETY: The file is valid.
        let may_read = unsafe { ffi::khttpd_log_may_read(file.as_ptr()) };
        Self {
            is_limited: !may_read,
        }
    }

    /// Logs an error.
    ///
    /// # Context
    ///
    /// Any context.
    pub(crate) fn error(self, text: fmt::Arguments<'_>) {
        if self.admits() {
            pr_err!("{text}\n");
        }
    }

    /// Logs what has happened.
    ///
    /// # Context
    ///
    /// Any context.
    pub(crate) fn info(self, text: fmt::Arguments<'_>) {
        if self.admits() {
            pr_info!("{text}\n");
        }
    }

    /// Logs each line of a text; the limit counts them as one message.
    ///
    /// # Context
    ///
    /// Any context.
    pub(crate) fn info_lines(self, text: &str) {
        if self.admits() {
            text.lines().for_each(|line| pr_info!("{line}\n"));
        }
    }

    fn admits(self) -> bool {
        // SAFETY: The function has no preconditions.
        !self.is_limited || unsafe { ffi::khttpd_log_admits() }
    }
}
