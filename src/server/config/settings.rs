// SPDX-License-Identifier: GPL-2.0-only

//! The settings that connections read while an administrator changes them.

use kernel::sync::atomic::{
    ordering::Relaxed,
    Atomic, //
};
use protocol::{
    control::command::Timeout,
    http::{
        DateMatch,
        RequestPolicy,
        Slashes,
        HEAD_MAX, //
    }, //
};

/// A number that may change while it is used.
pub(crate) struct Setting(Atomic<u32>);

impl Setting {
    /// Creates a setting.
    pub(crate) const fn new(value: u32) -> Self {
        Self(Atomic::new(value))
    }

    /// Returns the present value.
    ///
    /// # Context
    ///
    /// Any context.
    #[inline]
    pub(crate) fn get(&self) -> u32 {
        self.0.load(Relaxed)
    }

    /// Changes the value.
    ///
    /// # Context
    ///
    /// Any context.
    pub(crate) fn set(&self, value: u32) {
        self.0.store(value, Relaxed);
    }
}

impl Clone for Setting {
    fn clone(&self) -> Self {
        Self::new(self.get())
    }
}

/// A setting that is on or off.
#[derive(Clone)]
pub(crate) struct Switch(Setting);

impl Switch {
    /// Creates a switch.
    const fn new(is_on: bool) -> Self {
        // CAST: 0 or 1.
        Self(Setting::new(is_on as u32))
    }

    /// Returns whether the switch is on.
    fn is_on(&self) -> bool {
        self.0.get() != 0
    }

    /// Turns the switch on or off.
    fn set(&self, is_on: bool) {
        self.0.set(u32::from(is_on));
    }
}

/// The settings of a server.
#[derive(Clone)]
pub(crate) struct Settings {
    /// The length of each listener's backlog.
    pub(crate) backlog: i32,
    /// The greatest value of `max_connections`.
    pub(crate) connections_bound: u32,
    /// The connections served at a time; more wait in the backlog.
    pub(crate) max_connections: Setting,
    /// The sites that others have replaced and that responses may go on to use.
    pub(crate) max_old_sites: Setting,
    /// The bound of the length of a request head, in bytes.
    max_head_bytes: Setting,
    /// Whether `If-Modified-Since` is compared exactly.
    has_exact_dates: Switch,
    /// Whether several slashes in a row are one.
    merges_slashes: Switch,
    /// The seconds of life of an adopted connection.
    pub(crate) adopted_seconds: Setting,
    /// The seconds after which an idle connection is closed.
    pub(crate) idle_seconds: Setting,
    /// The seconds in which a request that has begun must arrive, head and body.
    pub(crate) head_seconds: Setting,
    /// The bytes per second that a peer takes of a response at least.
    pub(crate) min_rate: Setting,
    /// The seconds by which a peer may fall behind the minimum rate.
    pub(crate) send_seconds: Setting,
    /// The seconds after which draining aborts the connections that are left.
    pub(crate) stop_seconds: Setting,
}

impl Settings {
    /// Returns the default settings. At most `connections_bound` connections can be served.
    pub(crate) fn new(backlog: i32, max_connections: u32, connections_bound: u32) -> Self {
        let max_connections = max_connections.min(connections_bound);
        Self {
            backlog,
            connections_bound,
            max_connections: Setting::new(max_connections),
            min_rate: Setting::new(500),
            max_old_sites: Setting::new(2),
            // CAST: Less than 32 bits.
            max_head_bytes: Setting::new(HEAD_MAX as u32),
            has_exact_dates: Switch::new(true),
            merges_slashes: Switch::new(true),
            adopted_seconds: Setting::new(3600),
            idle_seconds: Setting::new(75),
            head_seconds: Setting::new(10),
            send_seconds: Setting::new(30),
            stop_seconds: Setting::new(5),
        }
    }

    /// Returns the bound of the length of a request head, in bytes.
    ///
    /// # Context
    ///
    /// Any context.
    #[inline]
    pub(crate) fn head_max(&self) -> usize {
        // CAST: Wider than 32 bits.
        self.max_head_bytes.get() as usize
    }

    /// Returns the settings by which requests are evaluated.
    ///
    /// # Context
    ///
    /// Any context.
    pub(crate) fn request_policy(&self) -> RequestPolicy {
        RequestPolicy {
            head_max: self.head_max(),
            if_modified_since: if self.has_exact_dates.is_on() {
                DateMatch::Exact
            } else {
                DateMatch::Before
            },
            slashes: if self.merges_slashes.is_on() {
                Slashes::Merge
            } else {
                Slashes::Keep
            },
        }
    }

    /// Changes the settings by which requests are evaluated.
    ///
    /// # Context
    ///
    /// Any context.
    pub(crate) fn set_request_policy(&self, policy: RequestPolicy) {
        let date_match = policy.if_modified_since;
        self.has_exact_dates.set(date_match == DateMatch::Exact);
        self.merges_slashes.set(policy.slashes == Slashes::Merge);
        // CAST: At most `HEAD_ROOM`.
        self.max_head_bytes.set(policy.head_max as u32);
    }

    /// Returns the setting of the command `timeout`.
    pub(crate) fn timeout(&self, timeout: Timeout) -> &Setting {
        match timeout {
            Timeout::Idle => &self.idle_seconds,
            Timeout::Head => &self.head_seconds,
            Timeout::Send => &self.send_seconds,
            Timeout::Stop => &self.stop_seconds,
            Timeout::Adopted => &self.adopted_seconds,
        }
    }
}
