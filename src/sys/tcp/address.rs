// SPDX-License-Identifier: GPL-2.0-only

//! Socket addresses in the form for C.
//!
//! C headers: [`include/uapi/linux/in.h`](srctree/include/uapi/linux/in.h),
//! [`include/uapi/linux/in6.h`](srctree/include/uapi/linux/in6.h)

use core::{
    net::SocketAddr,
    ptr, //
};
use kernel::{
    bindings,
    ffi::c_int,
    prelude::*, //
};

/// A `struct sockaddr_in`, for which not every `kernel` crate has bindings.
#[repr(C)]
pub(super) struct RawIpv4Address {
    family: bindings::sa_family_t,
    /// In network byte order, as is `address`.
    port: u16,
    address: [u8; 4],
    padding: [u8; 8],
}

/// A `struct sockaddr_in` or `struct sockaddr_in6`.
pub(super) enum RawAddress {
    V4(RawIpv4Address),
    V6(bindings::sockaddr_in6),
}

impl RawAddress {
    /// Converts an address.
    ///
    /// # Errors
    ///
    /// Only in theory: the numbers of the families are small.
    pub(super) fn new(address: SocketAddr) -> Result<Self> {
        Ok(match address {
            SocketAddr::V4(address) => Self::V4(RawIpv4Address {
                family: bindings::AF_INET.try_into()?,
                port: address.port().to_be(),
                address: address.ip().octets(),
                padding: [0; 8],
            }),
            SocketAddr::V6(address) => {
                let mut raw = bindings::sockaddr_in6 {
                    sin6_family: bindings::AF_INET6.try_into()?,
                    sin6_port: address.port().to_be(),
                    sin6_scope_id: address.scope_id(),
                    ..Default::default()
                };
                raw.sin6_addr.in6_u.u6_addr8 = address.ip().octets();
                Self::V6(raw)
            }
        })
    }

    /// Returns a pointer that is valid as long as `self` is borrowed, and the length.
    pub(super) fn as_raw(&mut self) -> (*mut bindings::sockaddr_unsized, c_int) {
        const V4: c_int = size_of::<RawIpv4Address>() as c_int;
        const V6: c_int = size_of::<bindings::sockaddr_in6>() as c_int;
        match self {
            Self::V4(raw) => (ptr::from_mut(raw).cast(), V4),
            Self::V6(raw) => (ptr::from_mut(raw).cast(), V6),
        }
    }
}
