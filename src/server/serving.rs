// SPDX-License-Identifier: GPL-2.0-only

//! What is served in one turn: a site, and a page that tells how the server is.

use super::{
    counters::{
        Count,
        Tally, //
    },
    Edition,
    Server, //
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
    Representation,
    Resources,
    Sink,
    Status, //
};

/// Who serves, what, and where it is counted, for the length of a turn.
pub(crate) struct Serving<'a> {
    pub(crate) server: &'a Server,
    pub(crate) edition: ArcBorrow<'a, Edition>,
    pub(crate) tally: &'a Tally,
}

impl Resources for Serving<'_> {
    type Body = BodyId;
    type Resource = EntryId;

    #[inline]
    fn find(&self, host: Option<&[u8]>, path: Path<'_>) -> Lookup<'_, EntryId> {
        self.edition.find(host, path)
    }

    #[inline]
    fn representation(&self, entry: EntryId, coding: Coding) -> Option<Representation<'_, BodyId>> {
        self.edition.representation(entry, coding)
    }

    fn error_page(
        &self,
        host: Option<&[u8]>,
        status: Status,
    ) -> Option<Representation<'_, BodyId>> {
        self.edition.error_page(host, status)
    }

    fn put_status(&self, sink: &mut impl Sink) -> Result<(), Full> {
        let counters = &self.server.counters;
        let numbers = [
            (&b"accepted "[..], counters.total(Count::Accepted)),
            (b"requests ", counters.replies()),
            (b"bytes ", counters.total(Count::Bytes)),
        ];
        for (name, number) in numbers {
            sink.put(name)?;
            sink.put_decimal(number)?;
            sink.put(b"\n")?;
        }
        self.edition.put_status(sink)
    }
}
