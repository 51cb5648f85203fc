// SPDX-License-Identifier: GPL-2.0-only

//! The memory that TCP copies replies into.

use super::ffi;
use core::ptr::NonNull;
use kernel::{
    ffi::c_void,
    prelude::*, //
};

/// A page fragment per CPU, lent to whichever socket sends there.
///
/// Otherwise each socket would keep one of up to 32 KiB for itself, idle or not.
///
/// # Invariants
///
/// The pointer is a `struct page_frag __percpu` of ours.
pub(crate) struct SendBuffers(NonNull<c_void>);

// SAFETY: The memory is not bound to a thread.
unsafe impl Send for SendBuffers {}
// SAFETY: Each CPU uses its own fragment, and only with softirqs disabled. Sending calls
// `sk_write_space` at times, but nobody sends there: `lent` of the stream that is sent on is set, and
// its owner has no other.
unsafe impl Sync for SendBuffers {}

impl SendBuffers {
    /// Allocates the fragments, empty. Process context, may sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(crate) fn new() -> Result<Self> {
        // SAFETY: `khttpd_alloc_frags` has no preconditions but the context.
        let frags = unsafe { ffi::khttpd_alloc_frags() };
        // INVARIANT: They were just made, and nobody else frees them.
        Ok(Self(NonNull::new(frags).ok_or(ENOMEM)?))
    }

    /// The `struct page_frag __percpu`, valid as long as `self`.
    #[inline]
    pub(super) fn as_raw(&self) -> *mut c_void {
        self.0.as_ptr()
    }
}

impl Drop for SendBuffers {
    /// Process context.
    fn drop(&mut self) {
        // SAFETY: By the type invariant they are ours, and nobody sends with them any more, since
        // that takes a reference to `self`.
        unsafe { ffi::khttpd_free_frags(self.as_raw()) };
    }
}
