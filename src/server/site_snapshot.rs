// SPDX-License-Identifier: GPL-2.0-only

//! A published site, alive until the last response that uses it is sent.

use super::old_sites::SiteUse;
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
pub(crate) struct SiteSnapshot {
    site: Deferred<Site>,
    /// None for a site that is never retired.
    usage: Option<Arc<SiteUse>>,
}

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
        let usage = Arc::new(SiteUse::new(site.footprint()), GFP_KERNEL_ACCOUNT)?;
        let site = Deferred::new(site, queue.clone())?;
        let usage = Some(usage);
        Ok(Arc::new(Self { site, usage }, GFP_KERNEL_ACCOUNT)?)
    }

    /// Wraps a site that is never retired: servers share it, or it has nothing but a rendered page.
    /// Otherwise as [`SiteSnapshot::new`].
    pub(crate) fn permanent(site: Site, queue: &Arc<OwnedQueue>) -> Result<Arc<Self>> {
        let site = Deferred::new(site, queue.clone())?;
        Ok(Arc::new(Self { site, usage: None }, GFP_KERNEL_ACCOUNT)?)
    }

    /// Returns the use of the site, unless it is never retired.
    pub(crate) fn usage(&self) -> Option<&Arc<SiteUse>> {
        self.usage.as_ref()
    }
}

impl Drop for SiteSnapshot {
    fn drop(&mut self) {
        if let Some(usage) = &self.usage {
            usage.end();
        }
    }
}

impl Deref for SiteSnapshot {
    type Target = Site;

    #[inline]
    fn deref(&self) -> &Site {
        &self.site
    }
}
