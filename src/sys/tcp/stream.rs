// SPDX-License-Identifier: GPL-2.0-only

//! Connections whose state is guarded by their socket's lock.

use super::{
    ffi,
    hooks::{
        with_owner,
        Hooks, //
    },
    Guard,
    Socket, //
};
use core::cell::UnsafeCell;
use kernel::{
    bindings,
    sync::{
        Arc,
        ArcBorrow, //
    }, //
};

/// The owner of a [`Stream`].
pub(crate) trait Owner: Send + Sync + Sized + 'static {
    /// What the socket's lock guards.
    type State: Send;

    /// Bytes came in, or the connection changed its state, or there is space to send again.
    ///
    /// Softirq or process context, with the socket's lock held by the caller: must not sleep, and
    /// can't lock the stream.
    fn event(this: ArcBorrow<'_, Self>);
}

/// An accepted connection and the state `O::State` of what is spoken on it.
///
/// # Invariants
///
/// `state` is accessed only by way of a [`Guard`].
pub(crate) struct Stream<O: Owner> {
    hooks: Hooks<O>,
    socket: Socket,
    state: UnsafeCell<O::State>,
}

// SAFETY: The state is handed out with the socket's lock held, to one at a time, so sharing a
// stream is no more than sending its state.
unsafe impl<O: Owner> Sync for Stream<O> {}

impl<O: Owner> Stream<O> {
    /// A stream whose events nobody is told of yet.
    pub(crate) const fn new(socket: Socket, state: O::State) -> Self {
        // SAFETY: The callbacks use `with_owner::<O>`.
        let hooks = unsafe {
            Hooks::new(ffi::Callbacks {
                data_ready: Some(Self::data_ready),
                write_space: Some(Self::write_space),
                state_change: Some(Self::state_change),
            })
        };
        // INVARIANT: Nobody has accessed the state.
        Self {
            hooks,
            socket,
            state: UnsafeCell::new(state),
        }
    }

    /// The socket, for what is done without its state.
    pub(crate) fn socket(&self) -> &Socket {
        &self.socket
    }

    /// From now on `owner` is told of the events. What came before, it must look for itself.
    /// Process context, may sleep.
    pub(crate) fn attach(&self, owner: Arc<O>) {
        // SAFETY: The hooks and the socket are private parts of this object.
        unsafe { self.hooks.attach(&self.socket, owner) };
    }

    /// Tells nobody any more; gives back the owner that was attached. Process context, may sleep.
    pub(crate) fn detach(&self) -> Option<Arc<O>> {
        // SAFETY: As in `attach`.
        unsafe { self.hooks.detach(&self.socket) }
    }

    /// Takes the socket's lock, unless a process owns the socket at the moment. Any context but
    /// hardirq and the stream's own callbacks; softirqs are disabled until the guard is dropped.
    #[inline]
    pub(crate) fn try_lock(&self) -> Option<Guard<'_, O>> {
        // SAFETY: The socket is valid, and the guard unlocks it. It can't be sent to another
        // CPU.
        unsafe { ffi::khttpd_sock_lock(self.socket.sk()) }.then(|| {
            // SAFETY: The lock is held, and passes to the guard.
            unsafe { Guard::new(self) }
        })
    }

    /// The state, for the holder of the lock.
    #[inline]
    pub(super) fn state(&self) -> *mut O::State {
        self.state.get()
    }

    /// `sk_data_ready`.
    ///
    /// # Safety
    ///
    /// To be called by a socket that a `Stream<O>` was attached to. The same holds for the other
    /// callbacks.
    unsafe extern "C" fn data_ready(sk: *mut bindings::sock) {
        // SAFETY: The user data of such a socket comes from its hooks.
        unsafe { with_owner(sk, O::event) };
    }

    /// `sk_write_space`.
    ///
    /// # Safety
    ///
    /// As for [`Stream::data_ready`].
    unsafe extern "C" fn write_space(sk: *mut bindings::sock) {
        // SAFETY: The socket is valid in its callback.
        if unsafe { ffi::khttpd_sock_write_space(sk) } {
            // SAFETY: As in `data_ready`.
            unsafe { with_owner(sk, O::event) };
        }
    }

    /// `sk_state_change`.
    ///
    /// # Safety
    ///
    /// As for [`Stream::data_ready`].
    unsafe extern "C" fn state_change(sk: *mut bindings::sock) {
        // SAFETY: As in `data_ready`.
        unsafe { with_owner(sk, O::event) };
    }
}
