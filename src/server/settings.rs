// SPDX-License-Identifier: GPL-2.0-only

//! What an administrator decides, and the bounds nobody does yet.

use core::net::SocketAddr;

/// An idle connection, between two requests, is closed after this many seconds.
pub(crate) const IDLE_SECONDS: u32 = 60;

/// A request that was begun must be there, head and body, within this many seconds.
pub(crate) const REQUEST_SECONDS: u32 = 10;

/// A peer that takes nothing of a reply for this many seconds is dropped.
pub(crate) const SEND_SECONDS: u32 = 30;

/// After the last reply the peer is given this many seconds to close (RFC 9112, section 9.6).
pub(crate) const LINGER_SECONDS: u32 = 5;

/// Requests that one connection may have served in one turn, before it is others' turn.
pub(crate) const TURN_REQUESTS: u32 = 64;

/// Connections that one turn of an acceptor may take.
pub(crate) const TURN_ACCEPTS: u32 = 64;

/// The settings of a server.
pub(crate) struct Settings {
    /// Where to listen, if anywhere.
    pub(crate) listen: Option<SocketAddr>,
    /// Connections that may wait to be accepted.
    pub(crate) backlog: i32,
    /// Connections served at a time; more wait in the backlog.
    pub(crate) max_connections: usize,
}
