// SPDX-License-Identifier: GPL-2.0-only

//! A connection, for functions that only look at it.
//!
//! C header: [`include/net/sock.h`](srctree/include/net/sock.h)

use crate::sys::ffi;
use core::{
    marker::PhantomData,
    net::Ipv6Addr, //
};
use kernel::bindings;

/// A connection that need not be locked. Its owner keeps it for the lifetime.
///
/// # Invariants
///
/// The pointer is a TCP socket, valid during the lifetime.
#[derive(Clone, Copy)]
pub(crate) struct SockRef<'a> {
    sk: *const bindings::sock,
    _owner: PhantomData<&'a ()>,
}

impl SockRef<'_> {
    /// Refers to a connection.
    ///
    /// # Safety
    ///
    /// `sk` is a TCP socket, valid during the lifetime.
    #[inline]
    pub(super) unsafe fn new(sk: *const bindings::sock) -> Self {
        // INVARIANT: The caller guarantees it.
        Self {
            sk,
            _owner: PhantomData,
        }
    }

    /// Returns a pointer to the `struct sock`, valid during the lifetime.
    #[inline]
    pub(in crate::sys) fn as_raw(self) -> *const bindings::sock {
        self.sk
    }

    /// Returns the sequence number that the peer has acknowledged.
    ///
    /// # Context
    ///
    /// Any context.
    pub(crate) fn acknowledged(self) -> u32 {
        // SAFETY: By the type invariant this is a TCP socket.
        unsafe { ffi::khttpd_tcp_acknowledged(self.as_raw()) }
    }

    /// Returns whether the connection has met with an error or is closed.
    ///
    /// # Context
    ///
    /// Any context.
    pub(crate) fn is_dead(self) -> bool {
        // SAFETY: By the type invariant the socket is valid.
        unsafe { ffi::khttpd_sk_is_dead(self.as_raw()) }
    }

    /// Returns whether TCP has received bytes that its user has not read.
    ///
    /// # Context
    ///
    /// Any context.
    pub(crate) fn has_unread(self) -> bool {
        // SAFETY: By the type invariant the socket is valid.
        unsafe { ffi::khttpd_sk_has_unread(self.as_raw()) }
    }

    /// Returns the address of the peer, that of an IPv4 peer mapped to IPv6, and its port.
    ///
    /// # Context
    ///
    /// Any context.
    pub(crate) fn peer(&self) -> (Ipv6Addr, u16) {
        let mut address = bindings::in6_addr::default();
        // SAFETY: By the type invariant this is a TCP socket, and `address` is valid for writes.
        let port = unsafe { ffi::khttpd_sk_peer(self.as_raw(), &raw mut address) };
        // SAFETY: Each form of the union is all of its bytes.
        let octets = unsafe { address.in6_u.u6_addr8 };
        (Ipv6Addr::from(octets), port)
    }
}
