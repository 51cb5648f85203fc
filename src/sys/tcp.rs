// SPDX-License-Identifier: GPL-2.0-only

//! TCP sockets of the kernel, driven by their callbacks.
//!
//! - A [`Listener`] accepts; its owner is told when somebody waits.
//! - A [`Client`] connects, for a task that waits for it.
//! - A [`Socket`] is an accepted connection that nobody watches yet.
//! - A [`Stream`] is a socket together with the state that the socket's lock guards; its owner is
//!   told of its events.
//! - A [`Guard`] is the socket's lock, taken, and with it the right to read, to send and to
//!   change that state.
//!
//! - A [`Sender`] is the half of a guard that does not read.
//!
//! # Locks
//!
//! From the outside in: the socket's lock (`sk_lock`), then `sk_callback_lock`. TCP calls the
//! callbacks of a connection with the first held, and they go on under it; callbacks of a listener
//! take the second for reading.
//!
//! # The two forms of the socket's lock
//!
//! Softirq holds its spinlock. A process takes the spinlock only to mark the socket as owned by
//! it, and does what it does without it; then TCP sets aside what comes in, and calls the
//! callbacks for it when the process lets go, still owning the socket. A [`Guard`] is always the
//! first form: it never sleeps, and finds the state alike in softirq and in a worker.
//!
//! # Why a reference to an owner never dies in softirq
//!
//! Attaching gives the socket a counted reference, and detaching, in process context, takes it
//! back owning the socket and under `sk_callback_lock`. A callback borrows that reference while
//! one of both is held by itself or its caller, so a reference that it lets go of is never the
//! last one.
//!
//! C headers: [`include/net/sock.h`](srctree/include/net/sock.h),
//! [`include/net/tcp.h`](srctree/include/net/tcp.h)

mod address;
mod client;
mod guard;
mod hooks;
mod listener;
mod send_buffers;
mod sender;
mod socket;
mod stream;

pub(crate) use self::{
    client::Client,
    guard::Guard,
    listener::{
        ListenHandler,
        Listener, //
    },
    send_buffers::SendBuffers,
    sender::Sender,
    socket::Socket,
    stream::{
        CallbackContext,
        EnterError,
        Stream, //
        StreamHandler,
    }, //
};

use super::{
    ffi,
    net::Net, //
};
use kernel::bindings;

/// Waits until every callback that may still run has returned.
///
/// To be called after the last listener and the last stream are gone and before the module's code
/// is. Process context, sleeps.
pub(crate) fn wait_for_callbacks() {
    // SAFETY: `synchronize_rcu` has no preconditions but the context. Listeners are called within
    // RCU read-side critical sections. Streams, which a process may call too, are not called any
    // more once they are detached, for that takes their lock.
    unsafe { bindings::synchronize_rcu() };
}
