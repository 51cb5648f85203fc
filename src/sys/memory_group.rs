// SPDX-License-Identifier: GPL-2.0-only

//! Memory control groups.
//!
//! C headers: [`include/linux/memcontrol.h`](srctree/include/linux/memcontrol.h),
//! [`include/linux/sched/mm.h`](srctree/include/linux/sched/mm.h)

use super::ffi;
use kernel::{
    alloc::{
        flags::__GFP_NOWARN,
        Flags, //
    },
    ffi::c_void,
    prelude::*, //
};

/// The memory control group of a task, for memory that is allocated on its behalf.
///
/// # Invariants
///
/// The pointer is null, in a kernel without such groups, or a valid `struct mem_cgroup` of which this
/// object has a reference.
pub(crate) struct MemoryGroup(*mut c_void);

// SAFETY: A group is not bound to a thread; its references are counted atomically.
unsafe impl Send for MemoryGroup {}
// SAFETY: As above.
unsafe impl Sync for MemoryGroup {}

impl MemoryGroup {
    /// Returns the group of the calling task.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    pub(crate) fn current() -> Self {
        // SAFETY: The function has no preconditions but the context.
        let group = unsafe { ffi::khttpd_get_mem_cgroup_from_current() };
        // INVARIANT: The function has returned null or a reference.
        Self(group)
    }

    /// Calls `f`, whose allocations with `GFP_KERNEL_ACCOUNT` or [`atomic_account`] are charged to
    /// the group.
    ///
    /// # Context
    ///
    /// Any context.
    pub(crate) fn charge<R>(&self, f: impl FnOnce() -> R) -> R {
        // SAFETY: By the type invariant the group is valid, and `self` is borrowed until the task,
        // or the softirq, charges the group of before again.
        let before = unsafe { ffi::khttpd_set_active_memcg(self.0) };
        let result = f();
        // SAFETY: The group of before is valid as long as the scope that it belongs to, which this
        // one lies within.
        unsafe { ffi::khttpd_set_active_memcg(before) };
        result
    }
}

impl Drop for MemoryGroup {
    fn drop(&mut self) {
        // SAFETY: By the type invariant it is null, which the function ignores, or the reference is
        // ours.
        unsafe { ffi::khttpd_mem_cgroup_put(self.0) };
    }
}

/// Returns the flags of an allocation that must not sleep, may fail quietly, and is charged to the
/// group in [`MemoryGroup::charge`]. A group may exceed its limit by such allocations.
#[inline]
pub(crate) fn atomic_account() -> Flags {
    let account = GFP_KERNEL_ACCOUNT & !GFP_KERNEL;
    GFP_ATOMIC | __GFP_NOWARN | account
}
