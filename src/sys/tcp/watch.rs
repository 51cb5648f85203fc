// SPDX-License-Identifier: GPL-2.0-only

//! Watching a connection from the wait queue of its socket, as `epoll(7)` does.
//!
//! C header: [`include/linux/wait.h`](srctree/include/linux/wait.h)

use super::SocketFile;
use crate::sys::ffi;
use core::marker::PhantomData;
use kernel::{
    bindings,
    ffi::{
        c_int,
        c_uint,
        c_void, //
    },
    prelude::*,
    sync::{
        Arc,
        ArcBorrow, //
    },
    types::{
        ForeignOwnable,
        Opaque, //
    }, //
};

/// The handler of a [`Watch`].
pub(crate) trait WatchHandler: Send + Sync + Sized + 'static {
    /// Handles an event of the socket: received bytes, space to send, the end.
    ///
    /// # Context
    ///
    /// Any context. The lock of the socket's wait queue is held.
    fn on_event(this: ArcBorrow<'_, Self>);
}

/// A watch of a connection, which ends when this object is dropped.
///
/// # Invariants
///
/// `entry` is in the wait queue of `socket`. `handler` comes from
/// `Arc::<H>::into_foreign` and is the context of the entry.
pub(crate) struct Watch<H: WatchHandler> {
    socket: SocketFile,
    entry: KBox<Opaque<bindings::wait_queue_entry>>,
    handler: *mut c_void,
    _handler: PhantomData<Arc<H>>,
}

// SAFETY: The entry is accessed only by functions that lock its queue; the handler may be shared.
unsafe impl<H: WatchHandler> Send for Watch<H> {}

impl<H: WatchHandler> Watch<H> {
    /// Calls `handler` for each event from now on.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(crate) fn begin(socket: &SocketFile, handler: Arc<H>) -> Result<Self> {
        let entry = KBox::new(Opaque::uninit(), GFP_KERNEL_ACCOUNT)?;
        // INVARIANT: The entry is put into the queue below, with this context.
        let this = Self {
            socket: socket.clone(),
            entry,
            handler: handler.into_foreign(),
            _handler: PhantomData,
        };
        // SAFETY: The socket is valid. The entry is not in use, and in a box, where it does not move
        // before it is taken out of the queue when this object is dropped.
        unsafe {
            ffi::khttpd_socket_watch(
                this.socket.as_raw(),
                this.entry.get(),
                Some(Self::on_event),
                this.handler,
            )
        };
        Ok(this)
    }

    /// `wait_queue_func_t`. The entry stays in the queue, and does not count as a task that was woken.
    ///
    /// # Safety
    ///
    /// The kernel calls it, with an entry of a watch, and with the lock of its queue held.
    unsafe extern "C" fn on_event(
        entry: *mut bindings::wait_queue_entry,
        _mode: c_uint,
        _flags: c_int,
        _key: *mut c_void,
    ) -> c_int {
        // SAFETY: The entry is valid as long as it is in the queue; its context does not change.
        let handler = unsafe { (*entry).private };
        // SAFETY: It comes from `into_foreign`, and it is not taken back before the entry is taken
        // out, for which the lock of the queue is needed.
        H::on_event(unsafe { <Arc<H> as ForeignOwnable>::borrow(handler) });
        0
    }
}

impl<H: WatchHandler> Drop for Watch<H> {
    /// # Context
    ///
    /// Process context, may sleep.
    fn drop(&mut self) {
        // SAFETY: By the type invariants the socket is valid and the entry is in its queue.
        unsafe { ffi::khttpd_socket_unwatch(self.socket.as_raw(), self.entry.get()) };
        // SAFETY: By the type invariants it comes from `into_foreign`. The entry, which borrows it,
        // was just taken out.
        drop(unsafe { Arc::<H>::from_foreign(self.handler) });
    }
}
