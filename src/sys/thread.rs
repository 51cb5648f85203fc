// SPDX-License-Identifier: GPL-2.0-only

//! A thread of the kernel whose waits a signal ends.
//!
//! C header: [`include/linux/kthread.h`](srctree/include/linux/kthread.h)

use super::ffi;
use core::ptr::NonNull;
use kernel::{
    bindings,
    current,
    error::from_err_ptr,
    ffi::{
        c_int,
        c_void, //
    },
    prelude::*,
    sync::{
        atomic::{
            ordering::{
                Acquire,
                Release, //
            },
            Atomic, //
        },
        Arc, //
    }, //
};

/// The work of a [`Thread`].
pub(crate) trait ThreadBody: Send + Sync + 'static {
    /// Runs in the thread, until `control` tells that it must end.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    fn run(&self, control: &ThreadControl);
}

/// The wishes of the owner of a [`Thread`].
pub(crate) struct ThreadControl {
    is_ended: Atomic<bool>,
}

impl ThreadControl {
    /// Returns whether the thread must end.
    pub(crate) fn is_ended(&self) -> bool {
        self.is_ended.load(Acquire)
    }

    /// Returns whether the thread was interrupted since it has last taken an interrupt.
    pub(crate) fn is_interrupted(&self) -> bool {
        current!().signal_pending()
    }

    /// Returns whether the thread was interrupted since the last call. Until this call, all waits
    /// that a signal ends return at once.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    pub(crate) fn take_interrupt(&self) -> bool {
        let is_pending = self.is_interrupted();
        if is_pending {
            // SAFETY: The function has no preconditions but the context.
            unsafe { ffi::khttpd_kthread_flush_signals() };
        }
        is_pending
    }
}

struct ThreadContext<T> {
    control: ThreadControl,
    body: T,
}

/// A thread of the kernel.
///
/// # Invariants
///
/// The pointer is a valid task, of which this object has a reference, and which runs
/// [`Thread::main`] with `context`.
pub(crate) struct Thread<T: ThreadBody> {
    task: NonNull<bindings::task_struct>,
    context: Arc<ThreadContext<T>>,
}

// SAFETY: Any task may stop a thread or send it a signal; what is shared with it is `Sync`.
unsafe impl<T: ThreadBody> Send for Thread<T> {}
// SAFETY: As above.
unsafe impl<T: ThreadBody> Sync for Thread<T> {}

impl<T: ThreadBody> Thread<T> {
    /// Starts a thread.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM`, `EINTR` for a fatal signal.
    pub(crate) fn start(name: &'static CStr, body: T) -> Result<Self> {
        let control = ThreadControl {
            is_ended: Atomic::new(false),
        };
        let context = Arc::new(ThreadContext { control, body }, GFP_KERNEL_ACCOUNT)?;
        let raw = (&raw const *context).cast_mut().cast::<c_void>();
        // SAFETY: The context lives as long as this object, which stops the thread when it is
        // dropped. The name is NUL-terminated.
        let task = unsafe { ffi::khttpd_kthread_run(Self::main, raw, name.as_char_ptr()) };
        let task = NonNull::new(from_err_ptr(task)?).ok_or(ENOMEM)?;
        // INVARIANT: It was just started with this context, and the reference is ours.
        Ok(Self { task, context })
    }

    /// Returns what the thread does.
    pub(crate) fn body(&self) -> &T {
        &self.context.body
    }

    /// Interrupts what the thread does or begins to do.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    pub(crate) fn interrupt(&self) {
        // SAFETY: By the type invariant the task is valid.
        unsafe { ffi::khttpd_kthread_kill(self.task.as_ptr()) };
    }

    /// The function of the thread.
    ///
    /// # Safety
    ///
    /// `context` is a valid [`ThreadContext`] of `T` until the function returns.
    unsafe extern "C" fn main(context: *mut c_void) -> c_int {
        // SAFETY: The function has no preconditions but the context.
        unsafe { ffi::khttpd_kthread_allow_kill() };
        // SAFETY: The caller guarantees that it is valid.
        let context = unsafe { &*context.cast_const().cast::<ThreadContext<T>>() };
        context.body.run(&context.control);
        0
    }
}

impl<T: ThreadBody> Drop for Thread<T> {
    /// Interrupts the thread and waits until it has ended.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    fn drop(&mut self) {
        self.context.control.is_ended.store(true, Release);
        self.interrupt();
        // SAFETY: By the type invariant the task is valid, and the reference is ours.
        unsafe { ffi::khttpd_kthread_stop_put(self.task.as_ptr()) };
    }
}
