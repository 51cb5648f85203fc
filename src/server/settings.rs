// SPDX-License-Identifier: GPL-2.0-only

//! What an administrator decides, and the bounds nobody does yet.

use kernel::sync::atomic::{
    ordering::Relaxed,
    Atomic, //
};
use protocol::control::command::Timeout;

/// After the last reply the peer is given this many seconds to close (RFC 9112, section 9.6).
pub(crate) const LINGER_SECONDS: u32 = 5;

/// While a reply waits for space, the peer is looked at this often, in seconds, for what it has
/// taken: TCP tells of space only when a third of the buffer is free.
pub(crate) const PROGRESS_SECONDS: u32 = 3;

/// Requests that one connection may have served in one turn, before it is others' turn.
pub(crate) const TURN_REQUESTS: u32 = 32;

/// Bodies up to this many bytes are copied into the send buffer, larger ones are spliced.
pub(crate) const COPY_MAX: usize = 4096;

/// Connections that one turn of an acceptor may take.
pub(crate) const TURN_ACCEPTS: u32 = 64;

/// Connections whose time is up that one turn of the sweep may wake.
pub(crate) const TURN_EXPIRIES: usize = 16;

/// When somebody has waited for so many milliseconds for a turn of an acceptor, a crowd gathers.
/// Longer than an acceptor waits for some other workers' turns.
pub(crate) const CROWDED_MILLISECONDS: u32 = 10;

/// Connections of a crowd that are answered while softirqs are disabled.
pub(crate) const TURN_ANSWERS: usize = 16;

/// Addresses that one server listens at.
pub(crate) const LISTENERS_MAX: usize = 64;

/// A number that is changed while it is used; who reads it takes what is there.
pub(crate) struct Setting(Atomic<u32>);

impl Setting {
    pub(super) const fn new(value: u32) -> Self {
        Self(Atomic::new(value))
    }

    /// Any context.
    #[inline]
    pub(crate) fn get(&self) -> u32 {
        self.0.load(Relaxed)
    }

    /// Any context.
    pub(crate) fn set(&self, value: u32) {
        self.0.store(value, Relaxed);
    }
}

/// The settings of a server.
pub(crate) struct Settings {
    /// Connections that may wait to be accepted.
    pub(crate) backlog: i32,
    /// Connections served at a time; more wait in the backlog.
    pub(crate) max_connections: Setting,
    /// An idle connection, between two requests, is closed after this many seconds.
    pub(crate) idle_seconds: Setting,
    /// A request that was begun must be there, head and body, within this many seconds.
    pub(crate) head_seconds: Setting,
    /// A peer that takes nothing of a reply for this many seconds is dropped.
    pub(crate) send_seconds: Setting,
    /// What is not finished this many seconds after a stop is ended.
    pub(crate) stop_seconds: Setting,
}

impl Settings {
    /// Those of a server that has not been told otherwise.
    pub(crate) const fn new(backlog: i32, max_connections: u32) -> Self {
        Self {
            backlog,
            max_connections: Setting::new(max_connections),
            idle_seconds: Setting::new(60),
            head_seconds: Setting::new(10),
            send_seconds: Setting::new(30),
            stop_seconds: Setting::new(5),
        }
    }

    /// The setting that a command calls `timeout`.
    pub(crate) fn timeout(&self, timeout: Timeout) -> &Setting {
        match timeout {
            Timeout::Idle => &self.idle_seconds,
            Timeout::Head => &self.head_seconds,
            Timeout::Send => &self.send_seconds,
            Timeout::Stop => &self.stop_seconds,
        }
    }
}
