// SPDX-License-Identifier: GPL-2.0-only

//! A published site, alive until the last response that uses it is sent.

use crate::{
    site::Site,
    sys::{
        deferred::Deferred,
        workqueue::OwnedQueue, //
    }, //
};
use core::ops::Deref;
use kernel::{
    prelude::*,
    sync::Arc, //
};

/// A site whose last reference may be dropped in any context.
pub(crate) struct SiteSnapshot(Deferred<Site>);

impl SiteSnapshot {
    /// Wraps `site`, which a work item of `queue` frees in the end.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(crate) fn new(site: Site, queue: &Arc<OwnedQueue>) -> Result<Arc<Self>> {
        let site = Deferred::new(site, queue.clone())?;
        Ok(Arc::new(Self(site), GFP_KERNEL_ACCOUNT)?)
    }
}

impl Deref for SiteSnapshot {
    type Target = Site;

    #[inline]
    fn deref(&self) -> &Site {
        &self.0
    }
}
