// SPDX-License-Identifier: GPL-2.0-only

//! Reloading the site of a server for its watch.

use super::{
    config::ActiveConfig,
    site_snapshot::SiteSnapshot,
    stats::Count,
    watch::{
        ReloadError,
        WatchedServer,
        Watcher, //
    },
    Server, //
};
use crate::{
    site::load::{
        LoadError,
        TreeWatch, //
    },
    sys::{
        log::UserLog,
        text, //
    }, //
};
use core::mem;
use kernel::{
    prelude::*,
    sync::Arc, //
};

impl WatchedServer for Server {
    fn reload(&self, watcher: &Watcher) -> Result<(), ReloadError> {
        let _serialized = self.updates.lock()?;
        if !self.is_watched_by(watcher) {
            // A command has failed to put the watch into force, or has replaced it.
            return Err(ReloadError::NotWatched);
        }
        let mut tree = watcher.new_tree()?;
        match self.load_for(watcher, &mut tree) {
            Ok((snapshot, milliseconds)) => {
                self.publish(&mut self.config.lock(), snapshot, milliseconds);
                self.retire_old_sites();
                watcher.set_served(tree);
                Ok(())
            }
            Err(error) => {
                // The load is attempted again by itself, and what it has seen may not be all.
                if !error.is_transient() {
                    watcher.set_failed(tree);
                }
                Err(error.into())
            }
        }
    }

    fn finish_reload(&self, reloaded: Result<(), &LoadError>) {
        let counters = &self.pool.core.counters;
        match reloaded {
            Ok(()) => counters.increment(Count::WatchLoads),
            Err(error) => {
                counters.increment(Count::WatchFailures);
                self.report_reload(error);
            }
        }
    }
}

impl Server {
    /// Serves a site, for which [`OldSites`](super::old_sites::OldSites) has made room, instead of
    /// the old one.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    pub(super) fn publish(
        &self,
        config: &mut ActiveConfig,
        snapshot: Arc<SiteSnapshot>,
        milliseconds: i64,
    ) {
        let old = self.pool.core.snapshot.replace(snapshot);
        if let Some(usage) = old.usage() {
            config.old_sites.push(usage.clone());
        }
        config.load_milliseconds = milliseconds;
        config.watch_failure.clear();
    }

    /// Interrupts a reload of changed files, so that a command need not wait for it.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    pub(super) fn interrupt_watch(&self) {
        if let Some(watch) = &self.config.lock().watch {
            watch.interrupt();
        }
    }

    fn is_watched_by(&self, watcher: &Watcher) -> bool {
        let config = self.config.lock();
        config
            .watch
            .as_ref()
            .is_some_and(|watch| watch.is_by(watcher))
    }

    /// Loads the site with the view of `watcher`; `tree` watches what it is loaded from.
    fn load_for(
        &self,
        watcher: &Watcher,
        tree: &mut TreeWatch,
    ) -> Result<(Arc<SiteSnapshot>, i64), LoadError> {
        let sources = {
            let mut config = self.config.lock();
            config.old_sites.reserve()?;
            config.sources.try_clone()?
        };
        let base = watcher.view().root().map_err(LoadError::view)?;
        let core = &self.pool.core;
        let old = core.snapshot();
        let (site, milliseconds) = self.load(&sources, &base, Some(&old), Some(&mut *tree))?;
        watcher.check_devices(tree)?;
        Ok((SiteSnapshot::new(site, &core.queue)?, milliseconds))
    }

    /// Shows why the site could not be loaded again, and logs it unless the last reason was the
    /// same.
    fn report_reload(&self, error: &LoadError) {
        // Without memory the last reason stays.
        let Ok(reason) = text::render(fmt!("{error}")) else {
            return;
        };
        let mut config = self.config.lock();
        if config.watch_failure[..] != reason[..] {
            UserLog::LIMITED.error(fmt!("watch: {error}; the old site is served"));
            let former = mem::replace(&mut config.watch_failure, reason);
            drop(former);
        }
    }
}
