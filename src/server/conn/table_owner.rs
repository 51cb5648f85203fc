// SPDX-License-Identifier: GPL-2.0-only

//! The server, as a connection table knows it.

use super::super::site_snapshot::SiteSnapshot;
use crate::site::MetricsPage;
use kernel::{
    prelude::*,
    sync::Arc, //
};

/// The object that a connection table belongs to.
pub(crate) trait TableOwner: Send + Sync {
    /// Lets listeners accept again that found no free slot.
    ///
    /// # Context
    ///
    /// Any context.
    fn slot_freed(self: Arc<Self>);

    /// Renders a page of metrics, and returns a site that has nothing else.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    fn render(&self, page: &MetricsPage) -> Result<Arc<SiteSnapshot>>;
}
