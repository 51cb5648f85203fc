// SPDX-License-Identifier: GPL-2.0-only

//! Pages of metrics, which a worker renders for each request.

use kernel::prelude::*;

/// A page of metrics: all of it but its text.
pub(crate) struct MetricsPage {
    /// Number of the virtual host that it belongs to.
    pub(crate) virtual_host: u32,
    /// `Cache-Control` and the further field lines, each with its CRLF.
    pub(crate) lines: KVVec<u8>,
}
