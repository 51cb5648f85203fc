// SPDX-License-Identifier: GPL-2.0-only

//! The lock of a stream, held.

use super::{
    locked_state::LockedState,
    LockedSocket,
    StreamHandler, //
};
use crate::sys::{
    ffi,
    softirq::BhDisabled, //
};
use core::ops::{
    Deref,
    DerefMut, //
};
use kernel::bindings;

/// The right to read from a stream, to send on it, and to change its state, to which it
/// dereferences.
///
/// As long as it exists the code must not sleep.
///
/// # Invariants
///
/// - The socket's spinlock is held, no process owns the socket, and softirqs are disabled.
/// - `borrowed` of the stream was set for this object, which is the only one of its stream.
pub(crate) struct Guard<'a, H: StreamHandler> {
    locked: &'a LockedState<H::State>,
    /// Whether this object releases the lock. Otherwise the caller of a callback does.
    owns_lock: bool,
    bh: BhDisabled,
}

impl<'a, H: StreamHandler> Guard<'a, H> {
    /// Creates the guard.
    ///
    /// # Safety
    ///
    /// The socket's spinlock is held as long as the guard exists, no process owns the socket, and
    /// softirqs are disabled. `borrowed` was set for this object. With `owns_lock` the lock was
    /// taken by `khttpd_sk_try_lock`, and the guard takes it over.
    #[inline]
    pub(super) unsafe fn new(locked: &'a LockedState<H::State>, owns_lock: bool) -> Self {
        // INVARIANT: The caller guarantees all of it.
        Self {
            locked,
            owns_lock,
            // SAFETY: The caller guarantees that softirqs are disabled as long as the guard exists.
            bh: unsafe { BhDisabled::new() },
        }
    }

    /// Returns the evidence that softirqs are disabled.
    #[inline]
    pub(crate) fn bh(&self) -> &BhDisabled {
        &self.bh
    }

    /// Returns the stream's socket and state.
    #[inline]
    pub(super) fn locked(&self) -> &'a LockedState<H::State> {
        self.locked
    }
}

// SAFETY: By the type invariants the spinlock is held, and softirqs are disabled.
unsafe impl<H: StreamHandler> LockedSocket for Guard<'_, H> {
    #[inline]
    fn sk(&self) -> *mut bindings::sock {
        self.locked.sk()
    }
}

impl<H: StreamHandler> Deref for Guard<'_, H> {
    type Target = H::State;

    #[inline]
    fn deref(&self) -> &H::State {
        // SAFETY: By the type invariants the lock is held and `borrowed` is set for `self`, which
        // is borrowed.
        unsafe { &*self.locked.state() }
    }
}

impl<H: StreamHandler> DerefMut for Guard<'_, H> {
    #[inline]
    fn deref_mut(&mut self) -> &mut H::State {
        // SAFETY: By the type invariants the lock is held and `borrowed` is set for `self`, which
        // is borrowed mutably.
        unsafe { &mut *self.locked.state() }
    }
}

impl<H: StreamHandler> Drop for Guard<'_, H> {
    /// Releases the stream, and the lock if the guard owns it.
    #[inline]
    fn drop(&mut self) {
        // SAFETY: By the type invariants the lock is held, and `borrowed` was set for this object.
        unsafe { self.locked.release() };
        if self.owns_lock {
            // SAFETY: The lock was taken for this object, which is not used after this.
            unsafe { ffi::khttpd_sk_unlock(self.locked.sk()) };
        }
    }
}
