// SPDX-License-Identifier: GPL-2.0-only

//! The addresses of processes that take connections over.

use core::{
    fmt,
    net::{
        IpAddr,
        SocketAddr, //
    },
    num::NonZeroU16, //
};

/// The address at which a process listens that takes connections over.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ProcessAddress {
    /// Address; [`None`] is this machine's loopback.
    pub address: Option<IpAddr>,
    /// Port.
    pub port: NonZeroU16,
    /// User that the listening socket must belong to, as the user namespace that owns the network
    /// namespace numbers it; [`None`] is any user.
    pub uid: Option<u32>,
}

impl fmt::Display for ProcessAddress {
    /// Writes `[ADDRESS:]PORT`, with an IPv6 address in brackets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.address {
            Some(address) => write!(f, "{}", SocketAddr::new(address, self.port.get())),
            None => write!(f, "{}", self.port),
        }
    }
}
