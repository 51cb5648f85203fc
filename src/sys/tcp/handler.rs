// SPDX-License-Identifier: GPL-2.0-only

//! The handler of a stream's events, and the context in which it is called.

use core::marker::PhantomData;
use kernel::{
    bindings,
    sync::ArcBorrow,
    types::NotThreadSafe, //
};

/// The handler of a [`Stream`](super::Stream)'s events.
pub(crate) trait StreamHandler: Send + Sync + Sized + 'static {
    /// The state that the socket's lock protects.
    type State: Send;

    /// Handles received bytes, a FIN, or new space to send.
    /// [`Stream::enter`](super::Stream::enter) gives access to the stream at once.
    ///
    /// # Context
    ///
    /// Softirq or process context, must not sleep. TCP calls it in the middle of its own work: it
    /// may be sending, or about to queue received bytes.
    fn on_ready<'a>(this: ArcBorrow<'a, Self>, context: CallbackContext<'a>);

    /// Handles a connection that was reset or is closed on both sides. Must not lock the stream.
    ///
    /// # Context
    ///
    /// Softirq or process context, must not sleep. The socket is locked.
    fn on_closed(this: ArcBorrow<'_, Self>);
}

/// The context of a running callback of a socket.
///
/// # Invariants
///
/// The socket is valid. The caller of the callback holds the socket's spinlock and has disabled
/// softirqs, or owns the socket.
pub(crate) struct CallbackContext<'a> {
    sk: *mut bindings::sock,
    _caller: PhantomData<&'a ()>,
    _cpu: NotThreadSafe,
}

impl CallbackContext<'_> {
    /// Creates the context of a callback.
    ///
    /// # Safety
    ///
    /// The callback was called with `sk`, by TCP, and returns after the lifetime of the object.
    #[inline]
    pub(super) unsafe fn new(sk: *mut bindings::sock) -> Self {
        // INVARIANT: TCP calls callbacks of a connection with its socket locked in either form.
        Self {
            sk,
            _caller: PhantomData,
            _cpu: NotThreadSafe,
        }
    }

    /// Returns the socket of the callback.
    #[inline]
    pub(super) fn sk(&self) -> *mut bindings::sock {
        self.sk
    }
}
