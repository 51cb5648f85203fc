// SPDX-License-Identifier: GPL-2.0-only

//! An address to listen on, with what its clients speak.

use core::{
    fmt,
    net::SocketAddr, //
};

/// An address to listen on.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct ListenAddress {
    pub(crate) address: SocketAddr,
    /// Whether clients speak TLS, so that the connections are for the agent.
    pub(crate) is_tls: bool,
}

impl fmt::Display for ListenAddress {
    /// Writes the words of the command `listen`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tls = if self.is_tls { " tls" } else { "" };
        write!(f, "{}{tls}", self.address)
    }
}
