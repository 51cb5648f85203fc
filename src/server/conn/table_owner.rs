// SPDX-License-Identifier: GPL-2.0-only

//! The server, as a connection table knows it.

use super::super::site_snapshot::SiteSnapshot;
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

    /// Renders the page of metrics that has this number in `snapshot`, and returns a site that has
    /// nothing else.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    fn render(&self, snapshot: &SiteSnapshot, number: u32) -> Result<Arc<SiteSnapshot>>;
}
