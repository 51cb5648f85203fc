// SPDX-License-Identifier: GPL-2.0-only

//! What is served: an immutable table from paths to entries.
//!
//! A [`Site`] is built whole by a [`Builder`] and never changes. All that a reply needs and that
//! can be known before the request is prepared when it is built.

mod builder;
mod builtin;
mod entry;
mod media_type;
mod table;

pub(crate) use self::builtin::load as builtin;

use self::{
    builder::Builder,
    entry::Entry,
    table::{
        Table,
        Target, //
    }, //
};

use crate::sys::page::PageBytes;
use kernel::prelude::*;
use protocol::http::{
    self,
    Coding,
    Codings,
    Found,
    Path,
    Representation,
    Status, //
};

/// The page that is sent with a 404, if there is one.
const NOT_FOUND_PAGE: &[u8] = b"/404.html";

/// A set of files, ready to be served.
pub(crate) struct Site {
    table: Table,
    entries: KVVec<Entry>,
}

/// The name of a stored body of a [`Site`].
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct BodyId(u32);

impl Site {
    /// The number of entries.
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// The memory that the content takes, in bytes.
    pub(crate) fn footprint(&self) -> usize {
        self.entries
            .iter()
            .map(|entry| entry.content().footprint())
            .sum()
    }

    /// The bytes that `body` names. Any context.
    #[inline]
    pub(crate) fn body(&self, body: BodyId) -> Option<&PageBytes> {
        self.entry(body).map(Entry::content)
    }

    /// The media type of the bytes that `body` names. Any context.
    pub(crate) fn media_type(&self, body: BodyId) -> Option<&[u8]> {
        self.entry(body).map(Entry::media_type)
    }

    #[inline]
    fn entry(&self, body: BodyId) -> Option<&Entry> {
        self.entries.get(usize::try_from(body.0).ok()?)
    }
}

impl http::Site for Site {
    type Body = BodyId;
    type Resource = BodyId;

    #[inline]
    fn find(&self, _host: Option<&[u8]>, path: Path<'_>) -> Found<BodyId> {
        match self.table.find(path.as_bytes()) {
            Some(Target::Entry(number)) => Found::Resource(BodyId(number), Codings::IDENTITY),
            Some(Target::Directory) => Found::Directory,
            None => Found::Nothing,
        }
    }

    #[inline]
    fn representation(&self, resource: BodyId, _: Coding) -> Option<Representation<'_, BodyId>> {
        Some(self.entry(resource)?.representation(resource))
    }

    fn error_page(
        &self,
        _host: Option<&[u8]>,
        status: Status,
    ) -> Option<Representation<'_, BodyId>> {
        if status != Status::NotFound {
            return None;
        }
        match self.table.find(NOT_FOUND_PAGE)? {
            Target::Entry(number) => self.representation(BodyId(number), Coding::Identity),
            Target::Directory => None,
        }
    }
}
