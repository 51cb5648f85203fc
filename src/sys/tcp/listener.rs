// SPDX-License-Identifier: GPL-2.0-only

//! Sockets that accept connections.
//!
//! C header: [`include/linux/net.h`](srctree/include/linux/net.h)

use super::{
    callbacks::{
        with_handler,
        SockCallbacks, //
    },
    Child,
    Socket,
    Stream,
    StreamHandler, //
};
use crate::sys::{
    errno::EAFNOSUPPORT,
    ffi,
    net::Net, //
};
use core::net::{
    IpAddr,
    SocketAddr, //
};
use kernel::{
    bindings,
    prelude::*,
    sync::{
        Arc,
        ArcBorrow, //
    }, //
};

/// The handler of a [`Listener`]'s events.
pub(crate) trait ListenHandler: Send + Sync + Sized + 'static {
    /// Handles a new connection in the accept queue.
    ///
    /// # Context
    ///
    /// Softirq or process context, must not sleep.
    fn on_connection(this: ArcBorrow<'_, Self>);
}

/// A listening socket that calls an `H` for each new connection in its accept queue.
pub(crate) struct Listener<H: ListenHandler> {
    socket: Socket,
    callbacks: SockCallbacks<H>,
}

impl<H: ListenHandler> Listener<H> {
    /// Binds a socket to `address` in `net`; `::` includes IPv4. If the kernel has IPv6, the socket
    /// is of IPv6 for any address, so that processes that listen with either family can be handed
    /// its connections. A listener at the same port is in the way of all sockets but those of other
    /// listeners.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    ///
    /// # Errors
    ///
    /// Those of `bind(2)`, above all `EADDRINUSE` and `EADDRNOTAVAIL`, and `EAFNOSUPPORT` from a
    /// kernel without IPv6.
    pub(crate) fn bind(net: &Net, address: SocketAddr) -> Result<Self> {
        // SAFETY: `data_ready` uses `with_handler::<H>`.
        let callbacks = unsafe {
            SockCallbacks::new(ffi::RawCallbacks {
                data_ready: Some(Self::data_ready),
                write_space: None,
                state_change: None,
            })
        };
        let mapped = match address.ip() {
            IpAddr::V4(ip) => SocketAddr::from((ip.to_ipv6_mapped(), address.port())),
            IpAddr::V6(_) => address,
        };
        let socket = match Socket::bound(net, mapped) {
            Err(EAFNOSUPPORT) if address.is_ipv4() => Socket::bound(net, address),
            bound => bound,
        }?;
        Ok(Self { callbacks, socket })
    }

    /// Listens, with up to `backlog` connections that wait to be accepted. There are no events before
    /// [`Listener::attach`].
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM`, and `EADDRINUSE` if another socket listens since this one was bound.
    pub(crate) fn listen(&self, backlog: i32) -> Result {
        self.socket.listen(backlog)
    }

    /// Attaches `handler` to the events from now on. It is not called for connections that are
    /// already waiting, and not at all if BPF has put the socket into a sockmap.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    pub(crate) fn attach(&self, handler: Arc<H>) {
        // SAFETY: The callbacks and the socket are private parts of this object.
        unsafe { self.callbacks.attach(&self.socket, handler) };
    }

    /// Detaches the handler and returns it, if one was attached.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    pub(crate) fn detach(&self) -> Option<Arc<H>> {
        // SAFETY: As in `attach`.
        unsafe { self.callbacks.detach(&self.socket) }
    }

    /// Tells whether it still listens. A process with the right to close sockets can end that.
    ///
    /// # Context
    ///
    /// Any context.
    pub(crate) fn listens(&self) -> bool {
        // SAFETY: The socket is valid.
        unsafe { ffi::khttpd_sk_listens(self.socket.sk()) }
    }

    /// Tells whether a connection waits to be accepted.
    ///
    /// # Context
    ///
    /// Any context.
    pub(crate) fn has_incoming(&self) -> bool {
        // SAFETY: The socket is valid, and it listens or has listened.
        unsafe { ffi::khttpd_tcp_has_child(self.socket.sk()) }
    }

    /// Accepts the first connection of the accept queue, without waiting for one, and combines it
    /// with `state`.
    ///
    /// # Context
    ///
    /// Softirq or process context, must not sleep.
    ///
    /// # Errors
    ///
    /// `EAGAIN` if none is waiting, `ENOMEM`; then none is accepted.
    #[inline]
    pub(crate) fn accept<C: StreamHandler>(&self, state: C::State) -> Result<Stream<C>> {
        // SAFETY: The socket is valid, it listens or has listened, and the callbacks are its own.
        let child = unsafe { Child::accept(self.socket.sk(), self.callbacks.as_raw()) }?;
        Ok(Stream::new(child, state))
    }

    /// `sk_data_ready` of the listener, and of each of its children until that is accepted.
    ///
    /// # Safety
    ///
    /// The kernel calls it with a socket that a `Listener<H>` was attached to, or with a child of
    /// such a socket.
    unsafe extern "C" fn data_ready(sk: *mut bindings::sock) {
        // SAFETY: The socket is valid in its callback.
        if unsafe { ffi::khttpd_sk_listens(sk) } {
            // SAFETY: This is a listener, and its user data comes from its callbacks. A child has
            // no user data, since `khttpd_attach` forbids that it is copied.
            unsafe { with_handler(sk, H::on_connection) };
        }
    }
}
