// SPDX-License-Identifier: GPL-2.0-only

//! TCP sockets of the kernel, driven by their callbacks.
//!
//! - A [`Listener`] accepts; its owner is told when somebody waits.
//! - A [`Socket`] is an accepted connection that nobody watches yet.
//! - A [`Stream`] is a socket together with the state that the socket's lock guards; its owner is
//!   told of its events.
//! - A [`Guard`] is the socket's lock, taken, and with it the right to read, to send and to
//!   change that state.
//!
//! # Locks
//!
//! From the outside in: the socket's lock (`sk_lock`), then `sk_callback_lock`. Callbacks run with
//! the first held by their caller and take the second for reading. Nothing is called with
//! `sk_callback_lock` held but [`Owner::event`] and [`Incoming::incoming`].
//!
//! # Why a reference to an owner never dies in softirq
//!
//! Attaching gives the socket a counted reference, and detaching, in process context, takes it
//! back under `sk_callback_lock`. A callback borrows that reference with the lock held for
//! reading, so a reference that it lets go of is never the last one.
//!
//! C headers: [`include/net/sock.h`](srctree/include/net/sock.h),
//! [`include/net/tcp.h`](srctree/include/net/tcp.h)

mod guard;
mod hooks;
mod listener;
mod send_buffers;
mod socket;
mod stream;

pub(crate) use self::{
    guard::Guard,
    listener::{
        Incoming,
        Listener, //
    },
    send_buffers::SendBuffers,
    socket::Socket,
    stream::{
        Owner,
        Stream, //
    }, //
};

use super::ffi;
use kernel::bindings;

/// Waits until every callback that may still run has returned.
///
/// To be called after the last listener and the last stream are gone and before the module's code
/// is. Process context, sleeps.
pub(crate) fn wait_for_callbacks() {
    // SAFETY: `synchronize_rcu` has no preconditions but the context. Sockets call their
    // callbacks from softirq, which is an RCU read-side critical section.
    unsafe { bindings::synchronize_rcu() };
}
