// SPDX-License-Identifier: GPL-2.0-only

//! Rights and network namespace of a writer.

use crate::sys::net::Net;
use kernel::fs::File;

/// The calling task, as far as an unfinished line must not pass from one task to another.
pub(super) struct WriterIdentity {
    /// Whether the task, and the opener of the file, may administer the task's network namespace.
    pub(super) may_administer: bool,
    /// Cookie of that network namespace.
    pub(super) net: u64,
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
        })
    }
}
