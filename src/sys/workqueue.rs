// SPDX-License-Identifier: GPL-2.0-only

//! Work queues of one's own: the `kernel` crate has only the shared ones, and code that can be
//! unloaded must be able to wait until its last work item has returned.
//!
//! C header: [`include/linux/workqueue.h`](srctree/include/linux/workqueue.h)

use core::{
    ops::Deref,
    ptr::NonNull, //
};
use kernel::{
    bindings,
    cpu::CpuId,
    prelude::*,
    workqueue::{
        Queue,
        RawWorkItem, //
    }, //
};

/// A work queue that waits for all of its items when it is dropped.
///
/// # Invariants
///
/// The pointer is a work queue that nobody else destroys.
pub(crate) struct OwnedQueue(NonNull<bindings::workqueue_struct>);

// SAFETY: A work queue is not bound to the thread that made it, and all its operations lock.
unsafe impl Send for OwnedQueue {}
// SAFETY: As above.
unsafe impl Sync for OwnedQueue {}

impl OwnedQueue {
    /// Makes a queue whose items run on the CPU where they were queued. Process context, may
    /// sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(crate) fn new_percpu(name: &'static CStr) -> Result<Self> {
        // SAFETY: The first string is a format without conversions but one for a string, and
        // that is the fourth argument; 0 asks for the default number of items at a time.
        let queue = unsafe {
            bindings::alloc_workqueue_noprof(
                c"%s".as_char_ptr(),
                bindings::wq_flags_WQ_PERCPU,
                0,
                name.as_char_ptr(),
            )
        };
        // INVARIANT: It was just made, and the pointer is not given away.
        Ok(Self(NonNull::new(queue).ok_or(ENOMEM)?))
    }

    /// As [`Queue::enqueue`], for `cpu`, whichever this is. If that CPU goes away, the item runs on
    /// another. Any context.
    pub(crate) fn enqueue_on<W, const ID: u64>(&self, cpu: CpuId, item: W) -> W::EnqueueOutput
    where
        W: RawWorkItem<ID> + Send + 'static,
    {
        let queue = self.0.as_ptr();
        // `CpuId` is below the number of CPUs, which is an `int` in C.
        let cpu = i32::try_from(cpu.as_u32()).unwrap_or(0);
        let enqueue = move |work| {
            // SAFETY: The queue is valid by the type invariant, and `__enqueue` promises that the
            // item is valid until its function is called.
            unsafe { bindings::queue_work_on(cpu, queue, work) }
        };
        // SAFETY: `false` is returned only if the item is queued already. Items are `Send` and
        // static, so where and when they run does not matter.
        unsafe { item.__enqueue(enqueue) }
    }

    /// Waits until all items queued before have returned, and with them are gone the references
    /// they were queued with. Process context, sleeps; not from an item of this queue.
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
    /// Waits for all items. Process context, sleeps; not from an item of this queue, so an item
    /// must not hold the last reference to its own queue: [`OwnedQueue::flush`] first.
    fn drop(&mut self) {
        // SAFETY: By the type invariant the queue is ours to destroy.
        unsafe { bindings::destroy_workqueue(self.0.as_ptr()) };
    }
}
