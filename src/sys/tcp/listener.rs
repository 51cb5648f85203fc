// SPDX-License-Identifier: GPL-2.0-only

//! Sockets that accept.

use super::{
    ffi,
    hooks::{
        with_owner,
        SockCallbacks, //
    },
    Net,
    Socket, //
};
use core::{
    net::SocketAddr,
    ptr::{
        self,
        NonNull, //
    }, //
};
use kernel::{
    bindings,
    error::to_result,
    ffi::c_int,
    prelude::*,
    sync::{
        Arc,
        ArcBorrow, //
    }, //
};

/// The owner of a [`Listener`].
pub(crate) trait ListenHandler: Send + Sync + Sized + 'static {
    /// Somebody waits to be accepted. Softirq; must not sleep.
    fn incoming(this: ArcBorrow<'_, Self>);
}

/// A listening socket that tells `O` when somebody waits.
pub(crate) struct Listener<O: ListenHandler> {
    socket: Socket,
    hooks: SockCallbacks<O>,
}

impl<O: ListenHandler> Listener<O> {
    /// Binds to `address` of `net` and listens; `::` takes IPv4 as well. Nobody is told of anything before
    /// [`Listener::attach`]. Process context, may sleep.
    ///
    /// # Errors
    ///
    /// What `bind(2)` and `listen(2)` say, above all `EADDRINUSE` and `EADDRNOTAVAIL`, and
    /// `EAFNOSUPPORT` from a kernel without IPv6.
    pub(crate) fn bind(net: &Net, address: SocketAddr, backlog: i32) -> Result<Self> {
        // SAFETY: `data_ready` uses `with_owner::<O>`.
        let hooks = unsafe {
            SockCallbacks::new(ffi::RawCallbacks {
                data_ready: Some(Self::data_ready),
                write_space: None,
                state_change: None,
            })
        };
        Ok(Self {
            hooks,
            socket: Socket::listening(net, address, backlog)?,
        })
    }

    /// From now on `owner` is told of those who wait; of those who waited before, it is not. If the
    /// socket is somebody else's, because BPF has put it into a sockmap, nobody is told. Process
    /// context, may sleep.
    pub(crate) fn attach(&self, owner: Arc<O>) {
        // SAFETY: The hooks and the socket are private parts of this object.
        unsafe { self.hooks.attach(&self.socket, owner) };
    }

    /// Tells nobody any more; gives back the owner that was attached. Process context, may sleep.
    pub(crate) fn detach(&self) -> Option<Arc<O>> {
        // SAFETY: As in `attach`.
        unsafe { self.hooks.detach(&self.socket) }
    }

    /// Whether it still listens, which somebody with the right to close sockets can end. Any
    /// context.
    pub(crate) fn listens(&self) -> bool {
        // SAFETY: The socket is valid.
        unsafe { ffi::khttpd_sock_listens(self.socket.sk()) }
    }

    /// Whether somebody waits to be accepted. Any context.
    pub(crate) fn has_incoming(&self) -> bool {
        // SAFETY: The socket is valid, and it has been listening; where it does no more, nobody
        // waits.
        unsafe { ffi::khttpd_sock_has_child(self.socket.sk()) }
    }

    /// Takes the next connection. Does not wait. Process context, may sleep for memory.
    ///
    /// # Errors
    ///
    /// `EAGAIN` when nobody waits, `ENOMEM` and the like, `EINVAL` when it does not listen.
    pub(crate) fn accept(&self) -> Result<Socket> {
        let mut raw = ptr::null_mut();
        // SAFETY: The listening socket is valid, and `raw` is valid for writes.
        to_result(unsafe {
            bindings::kernel_accept(
                self.socket.as_raw(),
                &mut raw,
                c_int::try_from(bindings::O_NONBLOCK)?,
            )
        })?;
        let raw = NonNull::new(raw).ok_or(EAGAIN)?;
        // SAFETY: With success it is a valid TCP socket that is ours to release.
        let socket = unsafe { Socket::from_raw(raw) };
        // SAFETY: Both sockets are valid, the hooks are the listener's, and nobody has attached to
        // the new one, which only softirqs know.
        unsafe {
            ffi::khttpd_forget_inherited(socket.sk(), self.socket.sk(), self.hooks.as_raw());
        }
        Ok(socket)
    }

    /// `sk_data_ready` of the listener, and for a moment of each child that it has.
    ///
    /// # Safety
    ///
    /// To be called by a socket that a `Listener<O>` was attached to, or by a child of such.
    unsafe extern "C" fn data_ready(sk: *mut bindings::sock) {
        // SAFETY: The socket is valid in its callback.
        if unsafe { ffi::khttpd_sock_listens(sk) } {
            // SAFETY: This is a listener, and its user data comes from its hooks. A child has no
            // user data, since `khttpd_attach` forbids that it is copied.
            unsafe { with_owner(sk, O::incoming) };
        }
    }
}
