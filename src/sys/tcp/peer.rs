// SPDX-License-Identifier: GPL-2.0-only

//! The address of a peer.
//!
//! C header: [`include/net/sock.h`](srctree/include/net/sock.h)

use super::LockedSocket;
use crate::sys::ffi;
use core::net::{
    IpAddr,
    Ipv6Addr, //
};
use kernel::bindings;

/// A connection, whose peer has an address.
pub(crate) trait Peer {
    /// Returns the address and the port of the peer.
    ///
    /// # Context
    ///
    /// Softirq or process context, must not sleep.
    fn peer(&self) -> (IpAddr, u16);
}

impl<T: LockedSocket> Peer for T {
    fn peer(&self) -> (IpAddr, u16) {
        let mut address = bindings::in6_addr::default();
        // SAFETY: The socket is valid, and `address` is valid for writes.
        let port = unsafe { ffi::khttpd_sk_peer(self.sk(), &raw mut address) };
        // SAFETY: Each form of the union is all of its bytes.
        let octets = unsafe { address.in6_u.u6_addr8 };
        (Ipv6Addr::from(octets).to_canonical(), port)
    }
}
