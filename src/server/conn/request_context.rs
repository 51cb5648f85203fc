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
use kernel::sync::ArcBorrow;
use protocol::http::{
    Coding,
    Full,
    Lookup,
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
    pub(super) counters: &'a CpuCounters,
    /// The bound of the length of a request head, which is the same for the whole poll.
    pub(super) head_max: usize,
    /// The access log while it is on.
    pub(super) log: Option<ArcBorrow<'a, LogSink>>,
}

impl RequestContext<'_> {
    /// Returns the access log while it is on.
    #[inline]
    pub(super) fn log(&self) -> Option<&LogSink> {
        self.log.as_deref()
    }
}

impl Resources for RequestContext<'_> {
    type Body = BodyId;
    type Resource = EntryId;

    #[inline]
    fn find(&self, host: Option<&[u8]>, path: Path<'_>) -> Lookup<'_, EntryId> {
        self.snapshot.find(host, path)
    }

    fn process(&self, host: Option<&[u8]>, path: Path<'_>) -> Option<ProcessAddress> {
        self.snapshot.process(host, path)
    }

    #[inline]
    fn representation(&self, entry: EntryId, coding: Coding) -> Option<Representation<'_, BodyId>> {
        self.snapshot.representation(entry, coding)
    }

    fn error_page(
        &self,
        host: Option<&[u8]>,
        status: Status,
    ) -> Option<Representation<'_, BodyId>> {
        self.snapshot.error_page(host, status)
    }

    #[inline]
    fn put_fields(
        &self,
        host: Option<&[u8]>,
        path: Path<'_>,
        status: Status,
        sink: &mut impl Sink,
    ) -> Result<(), Full> {
        self.snapshot.put_fields(host, path, status, sink)
    }

    fn policy(&self) -> RequestPolicy {
        RequestPolicy {
            head_max: self.head_max,
            ..self.core.settings.request_policy()
        }
    }

    fn put_status(&self, sink: &mut impl Sink) -> Result<(), Full> {
        self.core.counters.put_metrics(sink)?;
        self.snapshot.put_status(sink)
    }
}
