// SPDX-License-Identifier: GPL-2.0-only

//! What a server does for its connections.

use super::{
    conn::TableOwner,
    site_snapshot::SiteSnapshot,
    stats::{
        ConfigNumbers,
        MetricsText, //
    },
    Server, //
};
use crate::{
    site::{
        MetricsPage,
        Site, //
    },
    sys::text::{
        self,
        Text, //
    }, //
};
use kernel::{
    prelude::*,
    sync::Arc,
    workqueue::WorkItem, //
};

impl TableOwner for Server {
    fn slot_freed(self: Arc<Self>) {
        let queue = self.pool.core.queue.clone();
        // If the work item is queued already it will kick.
        let _ = queue.enqueue::<Arc<Self>, 1>(self);
    }

    fn render(&self, page: &MetricsPage) -> Result<Arc<SiteSnapshot>> {
        self.payer.charge(|| {
            let core = &self.pool.core;
            let page = Site::of_metrics(page, &self.metrics()?, core.snapshot().hands_over())?;
            SiteSnapshot::permanent(page, &core.queue)
        })
    }
}

impl Server {
    /// Begins to count at zero again. Callers take turns.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    pub(super) fn reset_counters(&self) {
        let core = &self.pool.core;
        core.counters.reset();
        core.log.reset_lost();
        for (_, replies) in core.snapshot().replies() {
            replies.reset();
        }
    }

    /// Renders the statistics for Prometheus.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    fn metrics(&self) -> Result<Text> {
        let numbers = ConfigNumbers::new(&self.config.lock());
        text::render(fmt!(
            "{}",
            MetricsText {
                pool: &self.pool,
                adopted: &self.adopted,
                numbers,
                site: &self.pool.core.snapshot(),
                start_seconds: self.start_seconds,
            }
        ))
    }
}

impl WorkItem<1> for Server {
    type Pointer = Arc<Self>;

    fn run(this: Arc<Self>) {
        this.kick_acceptors();
    }
}
