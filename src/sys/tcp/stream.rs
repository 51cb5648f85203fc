// SPDX-License-Identifier: GPL-2.0-only

//! Connections whose state is guarded by their socket's lock.

use super::{
    ffi,
    hooks::SockCallbacks,
    Guard,
    Socket, //
};
use core::{
    cell::UnsafeCell,
    marker::PhantomData,
    ptr, //
};
use kernel::{
    bindings,
    prelude::*,
    sync::{
        Arc,
        ArcBorrow, //
    },
    types::{
        ForeignOwnable,
        NotThreadSafe, //
    }, //
};

/// The owner of a [`Stream`].
pub(crate) trait StreamHandler: Send + Sync + Sized + 'static {
    /// What the socket's lock guards.
    type State: Send;

    /// Bytes came in, or a FIN, or there is space to send again. [`Stream::enter`] is the way to
    /// go on at once.
    ///
    /// Softirq or process context, in the middle of TCP's own work: it may just be sending, or
    /// about to queue what has come. Must not sleep.
    fn event<'a>(this: ArcBorrow<'a, Self>, callback: CallbackContext<'a>);

    /// The connection was reset or is closed on both sides.
    ///
    /// Softirq or process context, with the socket locked: must not sleep, and must not lock the
    /// stream.
    fn ended(this: ArcBorrow<'_, Self>);
}

/// A callback of a socket, while it runs.
///
/// # Invariants
///
/// The socket is valid. Whoever called the callback holds the socket's spinlock and has disabled
/// softirqs, or owns the socket.
pub(crate) struct CallbackContext<'a> {
    sk: *mut bindings::sock,
    _caller: PhantomData<&'a ()>,
    _cpu: NotThreadSafe,
}

/// Why a stream can't be entered.
pub(crate) enum EnterError {
    /// A process owns the socket.
    Owned,
    /// The callback was caused by what is being done with the stream further up the call chain.
    Borrowed,
}

/// An accepted connection and the state `O::State` of what is spoken on it.
///
/// # Invariants
///
/// - `lent` is accessed with the socket's spinlock held while nobody owns the socket.
/// - `state` is accessed only by way of a [`Guard`], which exists while `lent` is set.
pub(crate) struct Stream<O: StreamHandler> {
    hooks: SockCallbacks<O>,
    socket: Socket,
    lent: UnsafeCell<bool>,
    state: UnsafeCell<O::State>,
}

// SAFETY: The state is handed out with the socket's lock held, to one at a time, so sharing a
// stream is no more than sending its state.
unsafe impl<O: StreamHandler> Sync for Stream<O> {}

impl<O: StreamHandler> Stream<O> {
    /// A stream whose events nobody is told of yet.
    pub(crate) const fn new(socket: Socket, state: O::State) -> Self {
        // SAFETY: The callbacks take the user data for an `Arc<O>`, with the socket locked.
        let hooks = unsafe {
            SockCallbacks::new(ffi::RawCallbacks {
                data_ready: Some(Self::data_ready),
                write_space: Some(Self::write_space),
                state_change: Some(Self::state_change),
            })
        };
        // INVARIANT: Nobody has accessed the state.
        Self {
            hooks,
            socket,
            lent: UnsafeCell::new(false),
            state: UnsafeCell::new(state),
        }
    }

    /// The socket, for what is done without its state.
    pub(crate) fn socket(&self) -> &Socket {
        &self.socket
    }

    /// From now on `owner` is told of the events. What came before, it must look for itself.
    /// Process context, may sleep.
    ///
    /// # Errors
    ///
    /// `EOPNOTSUPP` if the socket is somebody else's: BPF has put it into a sockmap.
    pub(crate) fn attach(&self, owner: Arc<O>) -> Result {
        // SAFETY: The hooks and the socket are private parts of this object.
        match unsafe { self.hooks.attach(&self.socket, owner) } {
            true => Ok(()),
            false => Err(EOPNOTSUPP),
        }
    }

    /// Tells nobody any more; gives back the owner that was attached. Process context, may sleep.
    pub(crate) fn detach(&self) -> Option<Arc<O>> {
        // SAFETY: As in `attach`.
        unsafe { self.hooks.detach(&self.socket) }
    }

    /// Takes the socket's lock, unless a process owns the socket at the moment. Any context but
    /// hardirq and callbacks of sockets; softirqs are disabled until the guard is dropped.
    #[inline]
    pub(crate) fn try_lock(&self) -> Option<Guard<'_, O>> {
        // SAFETY: The socket is valid, and either the guard unlocks it or what follows does.
        if !unsafe { ffi::khttpd_sock_lock(self.socket.sk()) } {
            return None;
        }
        // SAFETY: The spinlock was just taken, and nobody owns the socket.
        if unsafe { self.lend() } {
            // SAFETY: The lock is held and passes to the guard, which can't be sent to another
            // CPU; `lent` was just set for it.
            return Some(unsafe { Guard::new(self, true) });
        }
        // SAFETY: The lock was taken above.
        unsafe { ffi::khttpd_sock_unlock(self.socket.sk()) };
        None
    }

    /// Uses the lock that the caller of a callback of this stream's socket holds.
    ///
    /// # Errors
    ///
    /// Why it does not, or can't give it.
    #[inline]
    pub(crate) fn enter<'a>(
        &'a self,
        callback: CallbackContext<'a>,
    ) -> Result<Guard<'a, O>, EnterError> {
        let sk = self.socket.sk();
        // SAFETY: The socket is valid.
        if !ptr::eq(callback.sk, sk) || unsafe { ffi::khttpd_sock_owned(sk) } {
            return Err(EnterError::Owned);
        }
        // SAFETY: Nobody owns the socket, so by the invariant of the callback its caller holds the
        // spinlock.
        if !unsafe { self.lend() } {
            return Err(EnterError::Borrowed);
        }
        // SAFETY: As above, and the caller has disabled softirqs and waits for the callback, which
        // outlives the guard. `lent` was just set for it.
        Ok(unsafe { Guard::new(self, false) })
    }

    /// Sets `lent`; `false` if it was set already.
    ///
    /// # Safety
    ///
    /// The socket's spinlock is held, and nobody owns the socket.
    #[inline]
    unsafe fn lend(&self) -> bool {
        // SAFETY: By the type invariant whoever holds the lock may access this.
        !unsafe { self.lent.get().replace(true) }
    }

    /// Ends what [`Stream::lend`] began.
    ///
    /// # Safety
    ///
    /// As for [`Stream::lend`], whose guard does not access the state any more.
    #[inline]
    pub(super) unsafe fn give_back(&self) {
        // SAFETY: By the type invariant whoever holds the lock may access this.
        unsafe { self.lent.get().write(false) };
    }

    /// The state, for the holder of the guard.
    #[inline]
    pub(super) fn state(&self) -> *mut O::State {
        self.state.get()
    }

    /// Calls `f` with the owner of a socket, in a callback.
    ///
    /// # Safety
    ///
    /// `sk` is the socket that the callback is called with, and a `Stream<O>` was attached to it.
    #[inline]
    unsafe fn with_owner<'a>(
        sk: *mut bindings::sock,
        f: impl FnOnce(ArcBorrow<'a, O>, CallbackContext<'a>),
    ) {
        // SAFETY: TCP calls callbacks with the spinlock held, or owning the socket, and both keep
        // `khttpd_detach` away.
        let user_data = unsafe { ffi::khttpd_user_data(sk) };
        if user_data.is_null() {
            return;
        }
        // SAFETY: The user data comes from `Arc::<O>::into_foreign`, and it is not taken back
        // before the callback returns.
        let owner = unsafe { <Arc<O> as ForeignOwnable>::borrow(user_data) };
        // INVARIANT: As TCP calls it.
        f(
            owner,
            CallbackContext {
                sk,
                _caller: PhantomData,
                _cpu: NotThreadSafe,
            },
        );
    }

    /// `sk_data_ready`.
    ///
    /// # Safety
    ///
    /// To be called by TCP for a socket that a `Stream<O>` was attached to. The same holds for the
    /// other callbacks.
    unsafe extern "C" fn data_ready(sk: *mut bindings::sock) {
        // SAFETY: As the caller promises.
        unsafe { Self::with_owner(sk, |owner, callback| O::event(owner, callback)) };
    }

    /// `sk_write_space`.
    ///
    /// # Safety
    ///
    /// As for [`Stream::data_ready`].
    unsafe extern "C" fn write_space(sk: *mut bindings::sock) {
        // SAFETY: The socket is valid in its callback.
        if unsafe { ffi::khttpd_sock_write_space(sk) } {
            // SAFETY: As the caller promises.
            unsafe { Self::with_owner(sk, |owner, callback| O::event(owner, callback)) };
        }
    }

    /// `sk_state_change`: a FIN, after which `sk_data_ready` is called too, or the end.
    ///
    /// # Safety
    ///
    /// As for [`Stream::data_ready`].
    unsafe extern "C" fn state_change(sk: *mut bindings::sock) {
        // SAFETY: The socket is valid in its callback.
        if unsafe { ffi::khttpd_sock_dead(sk) } {
            // SAFETY: As the caller promises.
            unsafe { Self::with_owner(sk, |owner, _| O::ended(owner)) };
        }
    }
}
