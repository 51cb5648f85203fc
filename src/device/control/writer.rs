// SPDX-License-Identifier: GPL-2.0-only

//! Identity of a writer.

use crate::sys::{
    log::UserLog,
    net::Net,
    task_rights::TaskRights, //
};
use kernel::fs::File;

/// The calling task, as far as an unfinished line must not pass from one task to another.
pub(super) struct WriterIdentity {
    /// Whether the task, and the opener of the file, may administer the task's network namespace.
    pub(super) may_administer: bool,
    /// Cookie of that network namespace.
    pub(super) net: u64,
    /// The log for what the task causes.
    pub(super) log: UserLog,
    /// What the task may do, and which files its paths lead to.
    pub(super) rights: TaskRights,
}

impl WriterIdentity {
    /// Returns the identity of the calling task, which uses `file`.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    pub(super) fn current(file: &File) -> Self {
        Net::with_current(|net| Self {
            may_administer: net.may_administer(file),
            net: net.cookie(),
            log: UserLog::of_writer(file),
            rights: TaskRights::current(),
        })
    }

    /// Checks that this writer may continue a line that `other` has begun.
    ///
    /// # Errors
    ///
    /// The reason why not.
    pub(super) fn check_continues(&self, other: &Self) -> Result<(), &'static str> {
        if self.net != other.net {
            return Err("begun in another network namespace");
        }
        if self.rights != other.rights {
            return Err("begun by a task with other rights or another root");
        }
        Ok(())
    }
}
