// SPDX-License-Identifier: GPL-2.0-only

//! Interruption of a load by signals and by other tasks.

use crate::sys::sched;
use kernel::{
    current,
    prelude::*, //
};

/// Checks that no signal is pending, and lets other tasks run. It is called in each loop whose length
/// a file system decides.
///
/// # Context
///
/// Process context, may sleep.
///
/// # Errors
///
/// `EINTR` if a signal is pending.
pub(super) fn check() -> Result {
    sched::cond_resched();
    if current!().signal_pending() {
        return Err(EINTR);
    }
    Ok(())
}
