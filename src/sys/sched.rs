// SPDX-License-Identifier: GPL-2.0-only

//! Long loops in process context.
//!
//! On a kernel without preemption, a task that neither sleeps nor returns to user space keeps its
//! CPU. So each loop whose length a file system, a rule or the number of connections decides lets
//! other tasks run in each step.
//!
//! C header: [`include/linux/sched.h`](srctree/include/linux/sched.h)

use super::ffi;
use kernel::alloc::{
    Allocator,
    Vec, //
};

/// Lets another task run if it is that task's turn.
///
/// # Context
///
/// Process context, may sleep.
#[inline]
pub(crate) fn cond_resched() {
    #[cfg(CONFIG_KUNIT = "y")]
    count::add();
    // SAFETY: The function has no preconditions but the context.
    unsafe { ffi::khttpd_cond_resched() };
}

/// Drops all values, the last one first, and lets other tasks run meanwhile.
///
/// # Context
///
/// Process context, may sleep.
pub(crate) fn drop_all<T, A: Allocator>(values: &mut Vec<T, A>) {
    while values.pop().is_some() {
        cond_resched();
    }
}

/// The number of calls, for tests: a kernel with preemption has no other trace of them.
#[cfg(CONFIG_KUNIT = "y")]
pub(crate) mod count {
    use kernel::sync::atomic::{
        ordering::Relaxed,
        Atomic, //
    };

    static CALLS: Atomic<u64> = Atomic::new(0);

    /// Counts a call.
    pub(super) fn add() {
        CALLS.fetch_add(1, Relaxed);
    }

    /// Returns the number of calls during `f`, with those of other tasks.
    pub(crate) fn during(f: impl FnOnce()) -> u64 {
        let before = CALLS.load(Relaxed);
        f();
        CALLS.load(Relaxed).wrapping_sub(before)
    }
}
