// SPDX-License-Identifier: GPL-2.0-only

//! What is served: an immutable table from paths to entries.
//!
//! [`load()`] makes a [`Site`] from [`Sources`], whole; it never changes. All that a reply needs and
//! that can be known before the request is prepared then.

mod builder;
mod builtin;
mod content;
mod error;
mod hosts;
mod load;
mod media_type;
mod policy;
mod progress;
mod rules;
mod shown;
mod sources;
mod table;
mod variant;
mod virtual_host;
mod walk;

pub(crate) use self::{
    error::LoadError,
    load::load,
    policy::Limits, //
    progress::LoadProgress,
    sources::Sources,
};

use self::{
    builder::SiteBuilder,
    content::Contents,
    error::FileError,
    hosts::Hosts,
    policy::LoadPolicy,
    variant::{
        Variant,
        Variants, //
    },
    virtual_host::{
        HostLookup,
        VirtualHost, //
    }, //
};

use crate::sys::page::PageBytes;
use kernel::prelude::*;
use protocol::http::{
    self,
    Coding,
    Codings,
    Full,
    Lookup,
    Path,
    Representation,
    Sink,
    Status, //
};

/// Some trees of files, ready to be served.
pub(crate) struct Site {
    hosts: Hosts,
    zones: KVec<VirtualHost>,
    entries: KVVec<Entry>,
    /// Those of one entry stand together, its identity first.
    forms: Variants,
    contents: Contents,
    footprint: usize,
    left_out: u64,
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

    /// The memory that it takes, in bytes.
    pub(crate) fn footprint(&self) -> usize {
        self.footprint
    }

    /// What stands in its trees and is not served: links, nodes, what is hidden, what has not the
    /// mode bits, other file systems.
    pub(crate) fn left_out(&self) -> u64 {
        self.left_out
    }

    /// The bytes that `body` names. Any context.
    #[inline]
    pub(crate) fn body(&self, body: BodyId) -> Option<PageBytes<'_>> {
        let content = self.contents.get(self.form(body)?.content)?;
        Some(self.contents.bytes(content))
    }

    /// The media type of the bytes that `body` names. Any context.
    pub(crate) fn media_type(&self, body: BodyId) -> Option<&[u8]> {
        Some(self.forms.head(self.form(body)?).media_type())
    }

    #[inline]
    fn form(&self, body: BodyId) -> Option<&Variant> {
        self.forms.get(body.0)
    }

    #[inline]
    fn entry(&self, entry: EntryId) -> Option<&Entry> {
        // CAST: It was a `usize`.
        self.entries.get(entry.0 as usize)
    }

    /// What the hosts get that `host` is one of.
    #[inline]
    fn zone(&self, host: Option<&[u8]>) -> Option<&VirtualHost> {
        // CAST: It was a `usize`.
        self.zones.get(self.hosts.find(host)? as usize)
    }
}

impl http::Resources for Site {
    type Body = BodyId;
    type Resource = EntryId;

    #[inline]
    fn find(&self, host: Option<&[u8]>, path: Path<'_>) -> Lookup<'_, EntryId> {
        let place = self.zone(host).map(|zone| zone.find(path.as_bytes()));
        match place.unwrap_or(HostLookup::Nothing) {
            HostLookup::Entry(entry) => self.entry(entry).map_or(Lookup::Nothing, |found| {
                Lookup::Resource(entry, found.codings)
            }),
            HostLookup::Directory => Lookup::Directory,
            HostLookup::Redirect(moved) => Lookup::Redirect(moved),
            HostLookup::Status => Lookup::Status,
            HostLookup::Nothing => Lookup::Nothing,
        }
    }

    #[inline]
    fn representation(&self, entry: EntryId, coding: Coding) -> Option<Representation<'_, BodyId>> {
        let first = self.entry(entry)?.first;
        let (body, form) = (first..)
            .map(BodyId)
            .map_while(|body| Some((body, self.form(body)?)))
            .find(|(_, form)| form.coding == coding)?;
        let content = self.contents.get(form.content)?;
        let length = self.contents.bytes(content).len();
        Some(self.forms.representation(form, body, length))
    }

    fn put_status(&self, sink: &mut impl Sink) -> Result<(), Full> {
        let numbers = [
            (&b"entries "[..], self.len() as u64),
            (b"memory ", self.footprint() as u64),
            (b"left-out ", self.left_out()),
        ];
        for (name, number) in numbers {
            sink.put(name)?;
            sink.put_decimal(number)?;
            sink.put(b"\n")?;
        }
        Ok(())
    }

    fn error_page(
        &self,
        host: Option<&[u8]>,
        status: Status,
    ) -> Option<Representation<'_, BodyId>> {
        let page = self.zone(host)?.error_page(status)?;
        self.representation(page, Coding::Identity)
    }
}
