// SPDX-License-Identifier: GPL-2.0-only

//! A socket and the state that its lock protects.

use super::Child;
use core::cell::UnsafeCell;
use kernel::bindings;

/// A socket and the state `S` that its lock protects.
///
/// # Invariants
///
/// - `borrowed` is accessed with the socket's spinlock held while no process owns the socket.
/// - `state` is accessed only by the holder of the lock that has set `borrowed`, until it clears
///   that.
pub(super) struct LockedState<S> {
    // Dropped first. No callback uses the state then: the handler was detached.
    socket: Child,
    borrowed: UnsafeCell<bool>,
    state: UnsafeCell<S>,
}

// SAFETY: By the type invariants one thread at a time has access to the state, so that sharing it
// is no more than sending it. A `Child` is `Sync`.
unsafe impl<S: Send> Sync for LockedState<S> {}

impl<S> LockedState<S> {
    /// Combines a socket and the state.
    pub(super) const fn new(socket: Child, state: S) -> Self {
        // INVARIANT: The state is not accessed yet.
        Self {
            socket,
            borrowed: UnsafeCell::new(false),
            state: UnsafeCell::new(state),
        }
    }

    /// Returns the socket.
    #[inline]
    pub(super) fn socket(&self) -> &Child {
        &self.socket
    }

    /// Returns a pointer to the `struct sock`, valid as long as `self`.
    #[inline]
    pub(super) fn sk(&self) -> *mut bindings::sock {
        self.socket.sk()
    }

    /// Sets `borrowed`; returns `false` if it is set already.
    ///
    /// # Safety
    ///
    /// The socket's spinlock is held, and no process owns the socket.
    #[inline]
    pub(super) unsafe fn try_borrow(&self) -> bool {
        // SAFETY: By the type invariant the holder of the lock may access this, and the caller
        // guarantees that it is held.
        !unsafe { self.borrowed.get().replace(true) }
    }

    /// Clears `borrowed`.
    ///
    /// # Safety
    ///
    /// The caller has set it by [`LockedState::try_borrow`], whose requirements still hold, and
    /// does not access the state any more.
    #[inline]
    pub(super) unsafe fn release(&self) {
        // SAFETY: By the type invariant the holder of the lock may access this, and the caller
        // guarantees that it is held.
        unsafe { self.borrowed.get().write(false) };
    }

    /// Returns a pointer to the state, for the caller that has set `borrowed`.
    #[inline]
    pub(super) fn state(&self) -> *mut S {
        self.state.get()
    }
}
