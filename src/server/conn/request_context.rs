// SPDX-License-Identifier: GPL-2.0-only

//! The parts of a server that one poll uses.

use super::super::{
    access_log::LogSink,
    server_core::ServerCore,
    site_snapshot::SiteSnapshot,
    stats::CpuCounters, //
};
use crate::site::{
    BodyId,
    EntryId, //
};
use core::cell::Cell;
use kernel::sync::{
    rcu,
    ArcBorrow, //
};
use protocol::http::{
    Coding,
    Full,
    Lookup,
    Origin,
    Path,
    ProcessAddress,
    Representation,
    RequestPolicy,
    Resources,
    Sink,
    Status, //
};

/// The server, its site and this CPU's counters, borrowed for one poll.
pub(crate) struct RequestContext<'a> {
    pub(super) core: &'a ServerCore,
    /// The site that all requests of the poll are looked up in.
    pub(super) snapshot: ArcBorrow<'a, SiteSnapshot>,
    pub(super) counters: CpuCounters<'a>,
    /// The bound of the length of a request head, which is the same for the whole poll.
    pub(super) head_max: usize,
    /// The number of the virtual host that the last look-up was about.
    virtual_host: Cell<Option<u32>>,
    /// The access log while it is on.
    log: Option<ArcBorrow<'a, LogSink>>,
}

impl<'a> RequestContext<'a> {
    /// Borrows the parts.
    #[inline]
    pub(super) fn new(
        core: &'a ServerCore,
        snapshot: ArcBorrow<'a, SiteSnapshot>,
        counters: CpuCounters<'a>,
        rcu: &'a rcu::Guard,
    ) -> Self {
        Self {
            core,
            snapshot,
            counters,
            head_max: core.settings.head_max(),
            virtual_host: Cell::new(None),
            log: core.log.sink(rcu),
        }
    }

    /// Returns the access log while it is on.
    #[inline]
    pub(super) fn log(&self) -> Option<&LogSink> {
        self.log.as_deref()
    }

    /// Counts a response to the request whose path was looked up last, or to none.
    #[inline]
    pub(super) fn count(&self, status: Status) {
        self.counters.add_response(status);
        if self.snapshot.counts_hosts() {
            if let Some(host) = self.virtual_host.take() {
                self.snapshot.count(host, status, self.counters.row());
            }
        }
    }
}

impl Resources for RequestContext<'_> {
    type Body = BodyId;
    type Resource = EntryId;

    #[inline]
    fn find(&self, origin: Origin<'_>, path: Path<'_>) -> Lookup<'_, EntryId> {
        let host = self.snapshot.host_number(origin);
        self.virtual_host.set(host);
        self.snapshot.find_at(host, path)
    }

    fn process(&self, origin: Origin<'_>, path: Path<'_>) -> Option<ProcessAddress> {
        self.snapshot.process(origin, path)
    }

    #[inline]
    fn representation(&self, entry: EntryId, coding: Coding) -> Option<Representation<'_, BodyId>> {
        self.snapshot.representation(entry, coding)
    }

    fn error_page(&self, origin: Origin<'_>, status: Status) -> Option<Representation<'_, BodyId>> {
        self.snapshot.error_page(origin, status)
    }

    #[inline]
    fn put_fields(
        &self,
        origin: Origin<'_>,
        path: Path<'_>,
        status: Status,
        sink: &mut impl Sink,
    ) -> Result<(), Full> {
        self.snapshot.put_fields(origin, path, status, sink)
    }

    fn policy(&self) -> RequestPolicy {
        RequestPolicy {
            head_max: self.head_max,
            ..self.core.settings.request_policy()
        }
    }
}
