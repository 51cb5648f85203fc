// SPDX-License-Identifier: GPL-2.0-only

//! A site as it is published: in use until the last reply that began with it is finished.

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

/// A site, whose last user may let go of it in any context.
pub(crate) struct Edition(Deferred<Site>);

impl Edition {
    /// An edition that `queue` drops in the end. Process context, may sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(crate) fn new(site: Site, queue: &Arc<OwnedQueue>) -> Result<Arc<Self>> {
        let site = Deferred::new(site, queue.clone())?;
        Ok(Arc::new(Self(site), GFP_KERNEL)?)
    }
}

impl Deref for Edition {
    type Target = Site;

    #[inline]
    fn deref(&self) -> &Site {
        &self.0
    }
}
