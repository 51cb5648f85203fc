// SPDX-License-Identifier: GPL-2.0-only

//! The memory that TCP copies responses into.
//!
//! C header: [`include/linux/mm_types_task.h`](srctree/include/linux/mm_types_task.h)

use crate::sys::ffi;
use core::ptr::NonNull;
use kernel::{
    ffi::c_void,
    prelude::*, //
};

/// A page fragment for each CPU, which the socket that sends there uses.
///
/// Otherwise each socket would keep one of up to 32 KiB, even when idle.
///
/// # Invariants
///
/// The pointer is a valid `struct page_frag __percpu`, and this object alone frees it.
pub(crate) struct SendBuffers(NonNull<c_void>);

// SAFETY: The memory is not bound to a thread.
unsafe impl Send for SendBuffers {}
// SAFETY: Each CPU uses its own fragment, and only with softirqs disabled. Sending calls
// `sk_write_space` at times, but that does not send: the stream is marked as borrowed, and its
// handler has no other stream.
unsafe impl Sync for SendBuffers {}

impl SendBuffers {
    /// Allocates the fragments, empty.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(crate) fn new() -> Result<Self> {
        // SAFETY: `khttpd_alloc_frags` has no preconditions but the context.
        let frags = unsafe { ffi::khttpd_alloc_frags() };
        // INVARIANT: They were just allocated, and the pointer is not passed on.
        Ok(Self(NonNull::new(frags).ok_or(ENOMEM)?))
    }

    /// Returns a pointer to the `struct page_frag __percpu`, valid as long as `self`.
    #[inline]
    pub(super) fn as_raw(&self) -> *mut c_void {
        self.0.as_ptr()
    }
}

impl Drop for SendBuffers {
    /// Frees the fragments.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    fn drop(&mut self) {
        // SAFETY: By the type invariant they are ours. No call uses them any more, since sending
        // takes a reference to `self`.
        unsafe { ffi::khttpd_free_frags(self.as_raw()) };
    }
}
