// SPDX-License-Identifier: GPL-2.0-only

//! Pages of metrics, which a worker renders for each request.

use super::host_replies::HostReplies;
use kernel::{
    prelude::*,
    sync::Arc, //
};

/// A page of metrics: all of it but its text. It outlives the site while a worker renders it.
pub(crate) struct MetricsPage {
    /// Counters of the virtual host that it belongs to.
    pub(in crate::site) replies: Option<Arc<HostReplies>>,
    /// `Cache-Control` and the further field lines, each with its CRLF.
    pub(in crate::site) lines: KVVec<u8>,
}

/// The field lines of a page of metrics, while the site is loaded.
pub(in crate::site) struct MetricsLines {
    /// Number of the virtual host.
    pub(in crate::site) host: u32,
    /// `Cache-Control` and the further field lines, each with its CRLF.
    pub(in crate::site) lines: KVVec<u8>,
}
