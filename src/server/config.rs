// SPDX-License-Identifier: GPL-2.0-only

//! What an administrator has set, as far as no connection looks at it.

use super::Acceptor;
use crate::site::Sources;
use core::net::{
    Ipv4Addr,
    SocketAddr, //
};
use kernel::{
    prelude::*,
    sync::Arc, //
};

/// Where the relay connects to before anybody has said otherwise.
const RELAY: (Ipv4Addr, u16) = (Ipv4Addr::LOCALHOST, 2001);

/// What an administrator has set.
pub(super) struct Config {
    /// Where to listen while the server is started.
    pub(super) listen: KVec<SocketAddr>,
    /// Those who do; none while it is stopped.
    pub(super) acceptors: KVec<Arc<Acceptor>>,
    pub(super) started: bool,
    /// Where the relay connects to.
    pub(super) relay: SocketAddr,
    /// What the site was made from.
    pub(super) sources: Sources,
    /// How long that took, in milliseconds.
    pub(super) load_milliseconds: i64,
    /// Why the last commands were refused; empty if they were not.
    pub(super) refusal: KVec<u8>,
}

impl Config {
    /// Started, but nowhere to listen.
    pub(super) fn new(sources: Sources, load_milliseconds: i64) -> Self {
        Self {
            listen: KVec::new(),
            acceptors: KVec::new(),
            started: true,
            relay: RELAY.into(),
            sources,
            load_milliseconds,
            refusal: KVec::new(),
        }
    }
}
