// SPDX-License-Identifier: GPL-2.0-only

//! RawCallbacks of ours in the place of a socket's own.

use super::{
    ffi,
    Socket, //
};
use core::{
    cell::UnsafeCell,
    marker::PhantomData, //
};
use kernel::{
    bindings,
    sync::{
        Arc,
        ArcBorrow, //
    },
    types::ForeignOwnable, //
};

/// The callbacks that a socket does without at present: ours before they are attached, its own
/// while they are.
///
/// # Invariants
///
/// - `spare` is accessed only by the C helpers, which lock the socket or its callbacks.
/// - The callbacks that were given to [`SockCallbacks::new`] take the socket's user data for an `Arc<T>`. The
///   C helpers show no user data but ours: another's, as BPF's, has other flags.
pub(super) struct SockCallbacks<T> {
    spare: UnsafeCell<ffi::RawCallbacks>,
    _owner: PhantomData<fn(T)>,
}

// SAFETY: All access is by C helpers: writers hold the socket's lock and its `sk_callback_lock`,
// readers one of the two.
unsafe impl<T> Sync for SockCallbacks<T> {}

impl<T: Send + Sync + 'static> SockCallbacks<T> {
    /// SockCallbacks with these callbacks, not attached yet.
    ///
    /// # Safety
    ///
    /// The callbacks take the user data of their socket for an `Arc<T>`, which they borrow while
    /// the socket is locked by their caller, or by way of [`with_owner::<T>`](with_owner).
    pub(super) const unsafe fn new(callbacks: ffi::RawCallbacks) -> Self {
        // INVARIANT: As the caller promises.
        Self {
            spare: UnsafeCell::new(callbacks),
            _owner: PhantomData,
        }
    }

    /// Attaches the callbacks to `socket`, and gives it the reference that they borrow; a no-op
    /// that drops `owner` if they are attached already, or if the socket is somebody else's, as
    /// BPF's. Returns whether it has attached them. Process context, may sleep.
    ///
    /// # Safety
    ///
    /// `socket` is the only one that these hooks are used with, and the only hooks it is used
    /// with are these.
    pub(super) unsafe fn attach(&self, socket: &Socket, owner: Arc<T>) -> bool {
        const { assert!(<Arc<T> as ForeignOwnable>::FOREIGN_ALIGN >= 8) };
        let user_data = owner.into_foreign();
        // SAFETY: The socket is valid, `spare` belongs to it as the caller promises, and the
        // alignment of the user data was just checked.
        let attached = unsafe { ffi::khttpd_attach(socket.sk(), self.spare.get(), user_data) };
        if !attached {
            // SAFETY: The pointer comes from `into_foreign` above and was not passed on.
            drop(unsafe { Arc::<T>::from_foreign(user_data) });
        }
        attached
    }

    /// Gives the socket its own callbacks back, and the caller the reference, if the hooks were
    /// attached. None of the callbacks borrows it any more. Process context, may sleep.
    ///
    /// # Safety
    ///
    /// As for [`SockCallbacks::attach`].
    pub(super) unsafe fn detach(&self, socket: &Socket) -> Option<Arc<T>> {
        // SAFETY: The socket is valid, and `spare` belongs to it as the caller promises.
        let user_data = unsafe { ffi::khttpd_detach(socket.sk(), self.spare.get()) };
        if user_data.is_null() {
            return None;
        }
        // SAFETY: The helper gives back user data with our flags alone, which comes from `attach`,
        // thus from `into_foreign`; the socket has given it up, so this is the only time that it is
        // taken back.
        Some(unsafe { Arc::from_foreign(user_data) })
    }

    /// The callbacks the socket does without, for the C helpers.
    pub(super) fn as_raw(&self) -> *const ffi::RawCallbacks {
        self.spare.get()
    }
}

/// Calls `f` with the owner of the socket's hooks, if they are attached, in a callback.
///
/// # Safety
///
/// `sk` is the socket that the callback is called with, and its user data comes from a
/// [`SockCallbacks<T>`].
pub(super) unsafe fn with_owner<T: 'static>(
    sk: *mut bindings::sock,
    f: impl FnOnce(ArcBorrow<'_, T>),
) {
    // SAFETY: Whoever calls a callback of a connection holds a reference to its socket; whoever calls
    // that of a listener, which is looked up without one, is in an RCU read-side critical section,
    // and listeners are freed after a grace period.
    let user_data = unsafe { ffi::khttpd_callback_begin(sk) };
    if !user_data.is_null() {
        // SAFETY: The user data comes from `Arc::<T>::into_foreign`, and it is not taken back
        // before `khttpd_callback_end`, because that takes the lock for writing.
        f(unsafe { <Arc<T> as ForeignOwnable>::borrow(user_data) });
    }
    // SAFETY: This ends what was begun above.
    unsafe { ffi::khttpd_callback_end(sk) };
}
