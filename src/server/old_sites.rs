// SPDX-License-Identifier: GPL-2.0-only

//! The sites that others have replaced and that responses still use.

use kernel::{
    prelude::*,
    sync::{
        atomic::{
            ordering::Relaxed,
            Atomic, //
        },
        Arc, //
    }, //
};

/// The use of a site, which outlives the site.
pub(crate) struct SiteUse {
    /// Memory of the site, in bytes.
    footprint: usize,
    ended: Atomic<bool>,
    retired: Atomic<bool>,
}

impl SiteUse {
    /// Begins the use of a site with this memory in bytes.
    pub(super) const fn new(footprint: usize) -> Self {
        Self {
            footprint,
            ended: Atomic::new(false),
            retired: Atomic::new(false),
        }
    }

    /// Notes that nothing refers to the site any more.
    ///
    /// # Context
    ///
    /// Any context.
    pub(super) fn end(&self) {
        self.ended.store(true, Relaxed);
    }

    /// Returns whether responses that began with the site must be given up.
    ///
    /// # Context
    ///
    /// Any context.
    pub(super) fn is_retired(&self) -> bool {
        self.retired.load(Relaxed)
    }

    fn is_ended(&self) -> bool {
        self.ended.load(Relaxed)
    }
}

/// The sites that others have replaced, the oldest first.
pub(crate) struct OldSites(KVec<Arc<SiteUse>>);

impl OldSites {
    /// Creates an empty list.
    pub(super) const fn new() -> Self {
        Self(KVec::new())
    }

    /// Makes room for one more site.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(super) fn reserve(&mut self) -> Result {
        Ok(self.0.reserve(1, GFP_KERNEL_ACCOUNT)?)
    }

    /// Adds a site that was just replaced. [`OldSites::reserve`] has made room for it.
    ///
    /// # Context
    ///
    /// Any context.
    pub(super) fn push(&mut self, site: Arc<SiteUse>) {
        // There is room.
        let _ = self.0.push_within_capacity(site);
    }

    /// Forgets the sites that are not used any more, and retires the oldest of the others so that
    /// `max` are left. Returns whether there are retired sites.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    pub(super) fn retire(&mut self, max: usize) -> bool {
        self.0.retain(|site| !site.is_ended());
        let excess = self.0.len().saturating_sub(max);
        let oldest = self.0.iter().take(excess);
        oldest.for_each(|site| site.retired.store(true, Relaxed));
        excess > 0
    }

    /// Returns the number of old sites that are used, and their memory in bytes. Content that they
    /// share counts for each of them.
    ///
    /// # Context
    ///
    /// Any context.
    pub(super) fn usage(&self) -> (usize, usize) {
        let used = self.0.iter().filter(|site| !site.is_ended());
        used.fold((0, 0), |(sites, bytes), site| {
            (sites + 1, bytes + site.footprint)
        })
    }
}

#[kunit_tests(khttpd_old_sites)]
mod tests {
    use super::*;

    #[test]
    fn oldest_sites_in_use_beyond_the_bound_are_retired() -> Result {
        let mut old = OldSites::new();
        let mut sites = KVec::new();
        for footprint in [1, 10, 100, 1000] {
            let site = Arc::new(SiteUse::new(footprint), GFP_KERNEL)?;
            old.reserve()?;
            old.push(site.clone());
            sites.push(site, GFP_KERNEL)?;
        }
        let [first, second, third, fourth] = &sites[..] else {
            return Err(EINVAL);
        };
        assert_eq!(old.usage(), (4, 1111));
        second.end();
        assert!(!old.retire(3));
        assert!(old.retire(2));
        assert!(first.is_retired() && !third.is_retired() && !fourth.is_retired());
        // A retired site counts until its last response is given up.
        assert_eq!(old.usage(), (3, 1101));
        first.end();
        assert!(!old.retire(2));
        assert!(old.retire(0));
        assert!(third.is_retired() && fourth.is_retired());
        Ok(())
    }
}
