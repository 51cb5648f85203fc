// SPDX-License-Identifier: GPL-2.0-only

//! TCP sockets in the kernel, driven by their callbacks.
//!
//! - A [`Listener`] accepts connections and calls a [`ListenHandler`] when one is waiting.
//! - A [`Client`] connects, for a task that waits for the connection.
//! - A [`Stream`] is an accepted connection together with state that the socket's lock protects; it
//!   calls a [`StreamHandler`] for the events of the socket.
//! - A [`SocketFile`] is a connection that processes have descriptors of; a [`SocketGuard`] holds its
//!   lock, and a [`Watch`] calls a [`WatchHandler`] for its events. If it has TLS a [`TlsSocket`] takes
//!   the place of the guard.
//! - A [`Guard`] holds the socket's lock, and with it the right to read, to send and to change the
//!   state.
//! - A [`Receiver`] and a [`Sender`] are the rights to read and to send, which a guard is both of.
//!
//! # Locks
//!
//! From the outside in: the socket's lock (`sk_lock`), then `sk_callback_lock`. TCP calls the
//! callbacks of a connection with the first held, and they go on under it; callbacks of a listener
//! take the second for reading.
//!
//! # The two forms of the socket's lock
//!
//! Softirq holds its spinlock. A process takes the spinlock only to mark the socket as owned, and
//! works without it. Meanwhile TCP sets received packets aside. When the process releases the
//! socket, TCP processes them and calls the callbacks, while the process still owns the socket. A
//! [`Guard`] is always the first form: it never sleeps, and finds the same state in softirq and in
//! a worker.
//!
//! # References to a handler
//!
//! Attaching gives the socket a counted reference. Detaching, in process context, takes it back
//! while it owns the socket and holds `sk_callback_lock`. A callback borrows that reference while
//! its caller or itself holds one of these locks.
//!
//! # The end of a connection
//!
//! [`Stream::close`] closes it, or [`Stream::hand_over`] gives it to a process, in process context.
//! The stream has a reference to its `struct sock`, so that others may lock one that is not ours any
//! more, and may be dropped in any context afterwards.
//!
//! C headers: [`include/net/sock.h`](srctree/include/net/sock.h),
//! [`include/net/tcp.h`](srctree/include/net/tcp.h)

mod address;
mod callbacks;
mod child;
mod client;
mod close;
mod guard;
mod hand_over;
mod handler;
mod listener;
mod locked_socket;
mod locked_state;
mod pieces;
mod receive;
mod send_buffers;
mod sender;
mod sock_ref;
mod socket;
mod socket_file;
mod socket_guard;
mod stream;
mod tls_numbers;
mod tls_socket;
mod watch;

pub(crate) use self::{
    client::Client,
    guard::Guard,
    hand_over::HandOverError,
    handler::{
        CallbackContext,
        StreamHandler, //
    },
    listener::{
        ListenHandler,
        Listener, //
    },
    pieces::{
        PieceRoom,
        Pieces, //
    },
    receive::Receiver,
    send_buffers::SendBuffers,
    sender::Sender,
    sock_ref::SockRef,
    socket_file::SocketFile,
    socket_guard::{
        LockError,
        SocketGuard, //
    },
    stream::{
        EnterError,
        Stream, //
    },
    tls_socket::{
        TlsReceived,
        TlsSocket, //
    },
    watch::{
        Watch,
        WatchHandler, //
    }, //
};

use self::{
    child::Child,
    locked_socket::LockedSocket,
    socket::Socket, //
};
use crate::sys::ffi;

/// Whether sockets can encrypt: `CONFIG_TLS`, built in or as a module.
pub(crate) const HAS_TLS: bool = cfg!(CONFIG_TLS);

/// Tells whether the sockets of the system use more memory than `net.ipv4.tcp_mem` wants.
///
/// # Context
///
/// Any context.
pub(crate) fn is_short_of_memory() -> bool {
    // SAFETY: The function has no preconditions.
    unsafe { ffi::khttpd_tcp_is_short_of_memory() }
}
