// SPDX-License-Identifier: GPL-2.0-only

//! The configuration in force, apart from the settings that connections read.

use super::{
    super::{
        access_log::LogPolicy,
        listen::Acceptor,
        old_sites::OldSites,
        watch::SiteWatch, //
    },
    listen_address::ListenAddress, //
};
use crate::{
    site::load::Sources,
    sys::text::Text, //
};
use core::net::{
    Ipv4Addr,
    SocketAddr, //
};
use kernel::{
    prelude::*,
    sync::Arc, //
};

/// The default peer of the relay.
const RELAY: (Ipv4Addr, u16) = (Ipv4Addr::LOCALHOST, 2001);

/// The configuration in force, and the outcome of the last update.
pub(crate) struct ActiveConfig {
    /// The addresses to listen on while the server is started.
    pub(crate) listen: KVec<ListenAddress>,
    /// The acceptors of these addresses; none while the server is stopped.
    pub(crate) acceptors: KVec<Arc<Acceptor>>,
    /// Whether the server accepts connections.
    pub(crate) started: bool,
    /// The peer of the relay.
    pub(crate) relay: SocketAddr,
    /// The policy of the access log.
    pub(crate) log_policy: LogPolicy,
    /// The sources of the site.
    pub(crate) sources: Sources,
    /// The sites that others have replaced.
    pub(crate) old_sites: OldSites,
    /// The time that the site took to load, in milliseconds.
    pub(crate) load_milliseconds: i64,
    /// The watch of the files of the site.
    pub(crate) watch: Option<SiteWatch>,
    /// The reason why the last reload of changed files has failed; empty if it has not.
    pub(crate) watch_failure: Text,
    /// The error message of the last commands; empty if they were carried out.
    pub(crate) refusal: KVec<u8>,
}

impl ActiveConfig {
    /// Returns the configuration of a server that is started and does not listen.
    pub(crate) fn new(sources: Sources, load_milliseconds: i64) -> Self {
        Self {
            listen: KVec::new(),
            acceptors: KVec::new(),
            started: true,
            relay: RELAY.into(),
            log_policy: LogPolicy::new(),
            sources,
            old_sites: OldSites::new(),
            load_milliseconds,
            watch: None,
            watch_failure: Text::new(),
            refusal: KVec::new(),
        }
    }
}
