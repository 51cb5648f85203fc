// SPDX-License-Identifier: GPL-2.0-only

//! Connections whose state is protected by the lock of their socket.
//!
//! C header: [`include/net/sock.h`](srctree/include/net/sock.h)

use super::{
    callbacks::SockCallbacks,
    locked_state::LockedState,
    CallbackContext,
    Child,
    Guard,
    SockRef,
    StreamHandler, //
};
use crate::sys::{
    errno::EOPNOTSUPP,
    ffi, //
};
use core::ptr;
use kernel::{
    bindings,
    prelude::*,
    sync::{
        atomic::Atomic,
        Arc,
        ArcBorrow, //
    },
    types::ForeignOwnable, //
};

/// The reason why a stream can not be entered.
pub(crate) enum EnterError {
    /// A process owns the socket, or the callback is that of another socket.
    Owned,
    /// The guard of the stream exists, further up the call chain.
    Borrowed,
}

/// An accepted connection, and the state of the protocol that is spoken on it.
pub(crate) struct Stream<H: StreamHandler> {
    pub(super) callbacks: SockCallbacks<H>,
    pub(super) locked: LockedState<H::State>,
    /// Set when [`Stream::close`] was called.
    pub(super) closed: Atomic<bool>,
}

impl<H: StreamHandler> Stream<H> {
    /// Creates a stream without a handler.
    pub(super) const fn new(socket: Child, state: H::State) -> Self {
        // SAFETY: The callbacks use the user data as an `Arc<H>`, with the socket locked.
        let callbacks = unsafe {
            SockCallbacks::new(ffi::RawCallbacks {
                data_ready: Some(Self::data_ready),
                write_space: Some(Self::write_space),
                state_change: Some(Self::state_change),
            })
        };
        Self {
            callbacks,
            locked: LockedState::new(socket, state),
            closed: Atomic::new(false),
        }
    }

    /// Attaches `handler` to the events from now on. It is not called for earlier events.
    ///
    /// # Context
    ///
    /// Softirq or process context, must not sleep.
    ///
    /// # Errors
    ///
    /// `EOPNOTSUPP` if BPF has put the socket into a sockmap, `EINVAL` if `guard` is that of another
    /// stream.
    pub(crate) fn attach(&self, guard: &Guard<'_, H>, handler: Arc<H>) -> Result {
        if !ptr::eq(guard.locked(), &self.locked) {
            return Err(EINVAL);
        }
        // SAFETY: The callbacks and the socket are private parts of this object, whose lock the guard
        // holds.
        if unsafe { self.callbacks.attach_child(self.locked.socket(), handler) } {
            Ok(())
        } else {
            Err(EOPNOTSUPP)
        }
    }

    /// Returns the connection, for a look.
    ///
    /// # Context
    ///
    /// Any context.
    #[inline]
    pub(crate) fn sock(&self) -> SockRef<'_> {
        // SAFETY: The child is a TCP socket, to which the stream has a reference.
        unsafe { SockRef::new(self.locked.sk()) }
    }

    /// Takes the socket's lock, unless a process owns the socket. Softirqs are disabled until the
    /// guard is dropped.
    ///
    /// # Context
    ///
    /// Softirq or process context, must not sleep. Not in a callback of a socket.
    #[inline]
    pub(crate) fn try_lock(&self) -> Option<Guard<'_, H>> {
        // SAFETY: The socket is valid. Either the guard releases the lock, or this function does.
        if !unsafe { ffi::khttpd_sk_try_lock(self.locked.sk()) } {
            return None;
        }
        // SAFETY: The spinlock was just taken, and no process owns the socket.
        if unsafe { self.locked.try_borrow() } {
            // SAFETY: The lock is held and passes to the guard, which can not be sent to another
            // CPU; `borrowed` was just set for it.
            return Some(unsafe { Guard::new(&self.locked, true) });
        }
        // SAFETY: The lock was taken above.
        unsafe { ffi::khttpd_sk_unlock(self.locked.sk()) };
        None
    }

    /// Uses the lock that the caller of a callback of this stream's socket holds.
    ///
    /// # Context
    ///
    /// Softirq or process context, must not sleep. In a callback of the socket.
    ///
    /// # Errors
    ///
    /// The reason why the lock is not held, or the state not free.
    #[inline]
    pub(crate) fn enter<'a>(
        &'a self,
        context: CallbackContext<'a>,
    ) -> Result<Guard<'a, H>, EnterError> {
        let sk = self.locked.sk();
        // SAFETY: The socket is valid.
        if !ptr::eq(context.sk(), sk) || unsafe { ffi::khttpd_sk_is_owned(sk) } {
            return Err(EnterError::Owned);
        }
        // SAFETY: No process owns the socket, so that by the invariant of the context the caller of
        // the callback holds the spinlock.
        if !unsafe { self.locked.try_borrow() } {
            return Err(EnterError::Borrowed);
        }
        // SAFETY: As above; the caller has disabled softirqs, and waits for the callback, which
        // outlives the guard. `borrowed` was just set for the guard.
        Ok(unsafe { Guard::new(&self.locked, false) })
    }

    /// Calls `f` with the handler of a socket, if one is attached.
    ///
    /// # Safety
    ///
    /// The caller is a callback that was called with `sk`, which a `Stream<H>` was attached to.
    #[inline]
    unsafe fn with_handler(
        sk: *mut bindings::sock,
        f: impl for<'a> FnOnce(ArcBorrow<'a, H>, CallbackContext<'a>),
    ) {
        // SAFETY: TCP calls callbacks with the spinlock held, or owning the socket; both exclude
        // `khttpd_detach`.
        let user_data = unsafe { ffi::khttpd_user_data(sk) };
        if user_data.is_null() {
            return;
        }
        // SAFETY: The user data comes from `Arc::<H>::into_foreign`, and it is not taken back
        // before the callback returns.
        let handler = unsafe { <Arc<H> as ForeignOwnable>::borrow(user_data) };
        // SAFETY: The caller guarantees that this is the context of its callback.
        f(handler, unsafe { CallbackContext::new(sk) });
    }

    /// `sk_data_ready`.
    ///
    /// # Safety
    ///
    /// TCP calls it, with a socket that a `Stream<H>` was attached to. The same holds for the other
    /// callbacks.
    unsafe extern "C" fn data_ready(sk: *mut bindings::sock) {
        // SAFETY: The caller guarantees it.
        unsafe { Self::with_handler(sk, |handler, context| H::on_ready(handler, context)) };
    }

    /// `sk_write_space`.
    ///
    /// # Safety
    ///
    /// As for [`Stream::data_ready`].
    unsafe extern "C" fn write_space(sk: *mut bindings::sock) {
        // SAFETY: The socket is valid in its callback.
        if unsafe { ffi::khttpd_write_space(sk) } {
            // SAFETY: The caller guarantees it.
            unsafe { Self::with_handler(sk, |handler, context| H::on_ready(handler, context)) };
        }
    }

    /// `sk_state_change`: a FIN, after which TCP calls `sk_data_ready`, too, or the end.
    ///
    /// # Safety
    ///
    /// As for [`Stream::data_ready`].
    unsafe extern "C" fn state_change(sk: *mut bindings::sock) {
        // SAFETY: The socket is valid in its callback.
        if unsafe { ffi::khttpd_sk_is_dead(sk) } {
            // SAFETY: The caller guarantees it.
            unsafe { Self::with_handler(sk, |handler, _| H::on_closed(handler)) };
        }
    }
}
