// SPDX-License-Identifier: GPL-2.0-only

//! Callbacks of ours in the place of a socket's own.
//!
//! C header: [`include/net/sock.h`](srctree/include/net/sock.h)

use super::{
    address::RawAddress,
    Child,
    Socket, //
};
use crate::sys::ffi;
use core::{
    cell::UnsafeCell,
    marker::PhantomData,
    net::SocketAddr,
    ptr, //
};
use kernel::{
    bindings,
    error::to_result,
    prelude::*,
    sync::{
        Arc,
        ArcBorrow, //
    },
    types::ForeignOwnable, //
};

/// The callbacks that are not in a socket at present: ours before they are attached, the socket's
/// own while ours are attached.
///
/// # Invariants
///
/// - `spare` is accessed only by C functions, which lock the socket or its callbacks.
/// - The callbacks that were given to [`SockCallbacks::new`] use the socket's user data as an
///   `Arc<T>`. The C functions return no user data but ours: that of others, such as BPF, has other
///   flags.
pub(super) struct SockCallbacks<T> {
    spare: UnsafeCell<ffi::RawCallbacks>,
    _handler: PhantomData<fn(T)>,
}

// SAFETY: Only C functions access it: for writing with the socket's lock and its
// `sk_callback_lock`, for reading with one of the two.
unsafe impl<T> Sync for SockCallbacks<T> {}

impl<T: Send + Sync + 'static> SockCallbacks<T> {
    /// Wraps callbacks, which are not attached yet.
    ///
    /// # Safety
    ///
    /// The callbacks use the user data of their socket as an `Arc<T>`, which they borrow while
    /// their caller holds the socket's lock, or by [`with_handler::<T>`](with_handler).
    pub(super) const unsafe fn new(callbacks: ffi::RawCallbacks) -> Self {
        // INVARIANT: The caller guarantees it.
        Self {
            spare: UnsafeCell::new(callbacks),
            _handler: PhantomData,
        }
    }

    /// Attaches the callbacks to `socket`, and gives it the reference that they borrow. Returns
    /// `false` and drops `handler` if they are attached already, or if another user such as BPF has
    /// the socket.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    ///
    /// # Safety
    ///
    /// This object is used with `socket` only, and `socket` with this object only.
    pub(super) unsafe fn attach(&self, socket: &Socket, handler: Arc<T>) -> bool {
        const { assert!(<Arc<T> as ForeignOwnable>::FOREIGN_ALIGN >= 8) };
        let user_data = handler.into_foreign();
        // SAFETY: The socket is valid, the caller guarantees that `spare` belongs to it, and the
        // alignment of the user data was just checked.
        let attached = unsafe { ffi::khttpd_attach(socket.sk(), self.spare.get(), user_data) };
        if !attached {
            // SAFETY: The pointer comes from `into_foreign` above and was not passed on.
            drop(unsafe { Arc::<T>::from_foreign(user_data) });
        }
        attached
    }

    /// Puts the socket's own callbacks back and returns the reference, if the callbacks were
    /// attached. No callback borrows it any more.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    ///
    /// # Safety
    ///
    /// As for [`SockCallbacks::attach`].
    pub(super) unsafe fn detach(&self, socket: &Socket) -> Option<Arc<T>> {
        // SAFETY: The socket is valid, and the caller guarantees that `spare` belongs to it.
        let user_data = unsafe { ffi::khttpd_detach(socket.sk(), self.spare.get()) };
        if user_data.is_null() {
            return None;
        }
        // SAFETY: The function returns only user data with our flags, which comes from `attach`,
        // thus from `into_foreign`. The socket does not have it any more, so that it is taken back
        // only once.
        Some(unsafe { Arc::from_foreign(user_data) })
    }

    /// As [`SockCallbacks::attach`], for an accepted connection.
    ///
    /// # Context
    ///
    /// Softirq or process context, must not sleep.
    ///
    /// # Safety
    ///
    /// As for [`SockCallbacks::attach`]. The socket's spinlock is held, and no process owns it.
    pub(super) unsafe fn attach_child(&self, child: &Child, handler: Arc<T>) -> bool {
        const { assert!(<Arc<T> as ForeignOwnable>::FOREIGN_ALIGN >= 8) };
        let child = child.as_raw();
        let user_data = handler.into_foreign();
        // SAFETY: The socket is valid and locked, the caller guarantees that `spare` belongs to it,
        // and the alignment of the user data was just checked.
        let attached = unsafe { ffi::khttpd_child_attach(child, self.spare.get(), user_data) };
        if !attached {
            // SAFETY: The pointer comes from `into_foreign` above and was not passed on.
            drop(unsafe { Arc::<T>::from_foreign(user_data) });
        }
        attached
    }

    /// Puts the socket's own callbacks back, closes the connection, and returns the reference, if
    /// the callbacks were attached. No callback borrows it any more.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    ///
    /// # Safety
    ///
    /// As for [`SockCallbacks::attach`]. The connection was not closed before.
    pub(super) unsafe fn close_child(&self, child: &Child) -> Option<Arc<T>> {
        // SAFETY: The socket is valid, and the caller guarantees the rest.
        let user_data = unsafe { ffi::khttpd_child_close(child.as_raw(), self.spare.get()) };
        if user_data.is_null() {
            return None;
        }
        // SAFETY: As in `detach`.
        Some(unsafe { Arc::from_foreign(user_data) })
    }

    /// Moves a connection to a process that listens at `to`. If the callbacks are not attached any
    /// more, it returns the reference, too.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    ///
    /// # Errors
    ///
    /// Those of `khttpd_hand_over`.
    ///
    /// # Safety
    ///
    /// As for [`SockCallbacks::attach`]. The callbacks were attached, and the connection was neither
    /// closed nor handed over before.
    pub(super) unsafe fn hand_over_child(
        &self,
        child: &Child,
        to: SocketAddr,
        uid: Option<u32>,
    ) -> (Result, Option<Arc<T>>) {
        let mut user_data = ptr::null_mut();
        let uid = uid.unwrap_or(ffi::ANY_USER);
        let result = RawAddress::new(to).and_then(|mut to| {
            let (to, _) = to.as_raw();
            let (child, spare) = (child.as_raw(), self.spare.get());
            // SAFETY: The socket and the address are valid, `user_data` is valid for writes, and the
            // caller guarantees the rest.
            to_result(unsafe { ffi::khttpd_hand_over(child, spare, to, uid, &mut user_data) })
        });
        let handler = (!user_data.is_null()).then(|| {
            // SAFETY: As in `detach`.
            unsafe { Arc::from_foreign(user_data) }
        });
        (result, handler)
    }

    /// Returns the callbacks that are not in the socket, for C.
    pub(super) fn as_raw(&self) -> *const ffi::RawCallbacks {
        self.spare.get()
    }
}

/// Calls `f` with the handler of a socket, if one is attached.
///
/// # Safety
///
/// The caller is a callback that was called with `sk`, and the socket's user data comes from a
/// [`SockCallbacks<T>`].
pub(super) unsafe fn with_handler<T: 'static>(
    sk: *mut bindings::sock,
    f: impl FnOnce(ArcBorrow<'_, T>),
) {
    // SAFETY: The caller of a callback of a connection has a reference to the socket. A listener is
    // looked up without one, in an RCU read-side critical section, and is freed after a grace
    // period.
    let user_data = unsafe { ffi::khttpd_callback_begin(sk) };
    if !user_data.is_null() {
        // SAFETY: The user data comes from `Arc::<T>::into_foreign`, and it is not taken back
        // before `khttpd_callback_end`, because that requires the lock for writing.
        f(unsafe { <Arc<T> as ForeignOwnable>::borrow(user_data) });
    }
    // SAFETY: This ends what was begun above.
    unsafe { ffi::khttpd_callback_end(sk) };
}
