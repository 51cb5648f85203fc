// SPDX-License-Identifier: GPL-2.0-only

//! What is served: an immutable table from paths to entries.
//!
//! [`load`] makes a [`Site`] from [`Sources`], whole; it never changes. All that a reply needs and
//! that can be known before the request is prepared then.

mod builder;
mod builtin;
mod error;
mod file;
mod form;
mod load;
mod media_type;
mod progress;
mod sources;
mod table;

pub(crate) use self::{
    error::LoadError,
    load::load,
    progress::Progress,
    sources::Sources, //
};

use self::{
    builder::Builder,
    form::Form,
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
    /// Those of one entry stand together, its identity first.
    forms: KVVec<Form>,
    footprint: usize,
}

/// A file in its codings.
struct Entry {
    /// The number of its first form.
    first: u32,
    codings: Codings,
}

/// The name of an entry of a [`Site`].
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct EntryId(u32);

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
        self.footprint
    }

    /// The bytes that `body` names. Any context.
    #[inline]
    pub(crate) fn body(&self, body: BodyId) -> Option<&PageBytes> {
        self.form(body).map(Form::content)
    }

    /// The media type of the bytes that `body` names. Any context.
    pub(crate) fn media_type(&self, body: BodyId) -> Option<&[u8]> {
        self.form(body).map(Form::media_type)
    }

    #[inline]
    fn form(&self, body: BodyId) -> Option<&Form> {
        self.forms.get(usize::try_from(body.0).ok()?)
    }

    #[inline]
    fn entry(&self, entry: EntryId) -> Option<&Entry> {
        self.entries.get(usize::try_from(entry.0).ok()?)
    }
}

impl http::Site for Site {
    type Body = BodyId;
    type Resource = EntryId;

    #[inline]
    fn find(&self, _host: Option<&[u8]>, path: Path<'_>) -> Found<EntryId> {
        match self.table.find(path.as_bytes()) {
            Some(Target::Entry(number)) => {
                let entry = EntryId(number);
                self.entry(entry).map_or(Found::Nothing, |found| {
                    Found::Resource(entry, found.codings)
                })
            }
            Some(Target::Directory) => Found::Directory,
            None => Found::Nothing,
        }
    }

    #[inline]
    fn representation(&self, entry: EntryId, coding: Coding) -> Option<Representation<'_, BodyId>> {
        let first = self.entry(entry)?.first;
        (first..)
            .map(BodyId)
            .map_while(|body| Some((body, self.form(body)?)))
            .find(|(_, form)| form.coding() == coding)
            .map(|(body, form)| form.representation(body))
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
            Target::Entry(number) => self.representation(EntryId(number), Coding::Identity),
            Target::Directory => None,
        }
    }
}
