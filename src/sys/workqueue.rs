// SPDX-License-Identifier: GPL-2.0-only

//! Work queues that belong to the module.
//!
//! The `kernel` crate has only the shared ones. A module that can be unloaded must wait until its
//! last work item has returned.
//!
//! C header: [`include/linux/workqueue.h`](srctree/include/linux/workqueue.h)

use core::{
    ops::Deref,
    ptr::{
        self,
        NonNull, //
    }, //
};
use kernel::{
    bindings,
    prelude::*,
    workqueue::{
        DelayedWork,
        Queue,
        Work, //
    }, //
};

/// Waits until an item has returned, if it is queued or runs.
///
/// # Context
///
/// Process context, may sleep. Not from the item.
pub(crate) fn flush<T: ?Sized, const ID: u64>(work: &Work<T, ID>) {
    // SAFETY: The item is valid.
    let raw = unsafe { Work::raw_get(ptr::from_ref(work)) };
    // SAFETY: The item is borrowed, so that it is valid until the function returns.
    unsafe { bindings::flush_work(raw) };
}

/// As [`flush`], for an item that may also wait for its time, which comes at once then.
///
/// # Context
///
/// Process context, may sleep. Not from the item.
pub(crate) fn flush_delayed<T: ?Sized, const ID: u64>(work: &DelayedWork<T, ID>) {
    // CAST: The type is transparent.
    let raw = ptr::from_ref(work)
        .cast::<bindings::delayed_work>()
        .cast_mut();
    // SAFETY: The item is borrowed, so that it is valid until the function returns.
    unsafe { bindings::flush_delayed_work(raw) };
}

/// A work queue that waits for all of its items when it is dropped.
///
/// # Invariants
///
/// The pointer is a valid work queue, and this object alone destroys it.
pub(crate) struct OwnedQueue(NonNull<bindings::workqueue_struct>);

// SAFETY: A work queue is not bound to the thread that has created it, and all its operations lock.
unsafe impl Send for OwnedQueue {}
// SAFETY: As above.
unsafe impl Sync for OwnedQueue {}

impl OwnedQueue {
    /// Creates a queue whose items run on the CPU where they were queued.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(crate) fn new_percpu(name: &'static CStr) -> Result<Self> {
        Self::new(name, bindings::wq_flags_WQ_PERCPU)
    }

    /// Creates a queue whose items run on any CPU.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(crate) fn new_unbound(name: &'static CStr) -> Result<Self> {
        Self::new(name, bindings::wq_flags_WQ_UNBOUND)
    }

    /// Creates a queue whose items run in softirq, on the CPU where they were queued.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(crate) fn new_softirq(name: &'static CStr) -> Result<Self> {
        Self::new(
            name,
            bindings::wq_flags_WQ_BH | bindings::wq_flags_WQ_PERCPU,
        )
    }

    fn new(name: &'static CStr, flags: u32) -> Result<Self> {
        // SAFETY: The first string is a format without conversions but one for a string, and
        // that is the fourth argument; 0 asks for the default number of items at a time.
        let queue = unsafe {
            bindings::alloc_workqueue_noprof(c"%s".as_char_ptr(), flags, 0, name.as_char_ptr())
        };
        // INVARIANT: It was just created, and the pointer is not passed on.
        Ok(Self(NonNull::new(queue).ok_or(ENOMEM)?))
    }

    /// Waits until all items that were queued before have returned, and have dropped the references
    /// that they were queued with.
    ///
    /// # Context
    ///
    /// Process context, may sleep. Not from an item of this queue.
    pub(crate) fn flush(&self) {
        // SAFETY: By the type invariant the queue is valid.
        unsafe { bindings::__flush_workqueue(self.0.as_ptr()) };
    }
}

impl Deref for OwnedQueue {
    type Target = Queue;

    fn deref(&self) -> &Queue {
        // SAFETY: By the type invariant the queue is valid as long as `self` is.
        unsafe { Queue::from_raw(self.0.as_ptr()) }
    }
}

impl Drop for OwnedQueue {
    /// Waits for all items.
    ///
    /// # Context
    ///
    /// Process context, may sleep. Not from an item of this queue, so an item must not hold the
    /// last reference to its own queue: [`OwnedQueue::flush`] first.
    fn drop(&mut self) {
        // SAFETY: By the type invariant the queue is ours to destroy.
        unsafe { bindings::destroy_workqueue(self.0.as_ptr()) };
    }
}
