// SPDX-License-Identifier: GPL-2.0-only

//! A site: everything that is served, looked up by host and path.
//!
//! - [`load`] makes a [`Site`] from its sources: files, rules, limits.
//! - `index` holds what a request is looked up in.
//!
//! A [`Site`] is made as a whole and never changes. All parts of a response that do not depend on
//! the request are rendered while it is loaded.

mod index;
pub(crate) mod load;

pub(crate) use self::index::{
    entry::{
        BodyId,
        EntryId, //
    },
    metrics_page::MetricsPage, //
};

use self::index::{
    content::Contents,
    entry::Entry,
    hand_over::HandOvers,
    host_replies::HostReplies,
    origin_map::OriginMap,
    variant::{
        Variant,
        Variants, //
    },
    virtual_host::{
        HostLookup,
        VirtualHost, //
    }, //
};
use crate::sys::{
    page::PageBytes,
    percpu_counters::CounterRow, //
};
use kernel::{
    prelude::*,
    sync::Arc, //
};
use protocol::http::{
    self,
    Coding,
    Codings,
    Full,
    Lookup,
    Origin,
    OriginPattern,
    Path,
    ProcessAddress,
    Representation,
    Sink,
    Status, //
};

/// The files of one root or several, ready to be served.
pub(crate) struct Site {
    origins: OriginMap,
    virtual_hosts: KVVec<VirtualHost>,
    /// Rules that hand connections over, whatever the host.
    hand_overs: HandOvers,
    metrics_pages: KVVec<Arc<MetricsPage>>,
    /// Whether the next request may be for a process.
    hands_over: bool,
    /// Whether redirects or errors of a host may have fields.
    has_fields: bool,
    /// Whether responses are counted by virtual host.
    counts_hosts: bool,
    entries: KVVec<Entry>,
    /// Variants of all entries; those of one entry are adjacent.
    variants: Variants,
    contents: Contents,
    footprint: usize,
    skipped: u64,
}

impl Site {
    /// Assembles a site from its parts. `skipped` is the number of files and directories that were
    /// found and are not part of the site.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    fn new(
        origins: OriginMap,
        virtual_hosts: KVVec<VirtualHost>,
        hand_overs: HandOvers,
        metrics_pages: KVVec<Arc<MetricsPage>>,
        (entries, variants): (KVVec<Entry>, Variants),
        contents: Contents,
        skipped: u64,
    ) -> Result<Self> {
        let footprint = contents.footprint()?
            + variants.footprint()
            + entries.capacity() * size_of::<Entry>()
            + virtual_hosts
                .iter()
                .map(VirtualHost::footprint)
                .sum::<usize>();
        let counts_hosts = virtual_hosts.iter().any(|host| host.replies.is_some());
        let has_fields = virtual_hosts.iter().any(|host| !host.fields.0.is_empty());
        Ok(Self {
            hands_over: !hand_overs.0.is_empty(),
            origins,
            virtual_hosts,
            hand_overs,
            metrics_pages,
            has_fields,
            counts_hosts,
            entries,
            variants,
            contents,
            footprint,
            skipped,
        })
    }

    /// Returns the number of entries.
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Returns the memory that the site takes, in bytes.
    pub(crate) fn footprint(&self) -> usize {
        self.footprint
    }

    /// Returns the number of files and directories that were found below the roots and are not
    /// served: symbolic links, special files, hidden names, files without the required mode bits,
    /// other file systems.
    pub(crate) fn skipped(&self) -> u64 {
        self.skipped
    }

    /// Returns whether a process may take connections over.
    ///
    /// # Context
    ///
    /// Any context.
    #[inline]
    pub(crate) fn hands_over(&self) -> bool {
        self.hands_over
    }

    /// Returns the bytes of a body.
    ///
    /// # Context
    ///
    /// Any context.
    #[inline]
    pub(crate) fn body(&self, body: BodyId) -> Option<PageBytes<'_>> {
        let content = self.contents.get(self.variant(body)?.content)?;
        Some(self.contents.bytes(content))
    }

    /// Returns the media type of a body.
    ///
    /// # Context
    ///
    /// Any context.
    pub(crate) fn media_type(&self, body: BodyId) -> Option<&[u8]> {
        Some(self.variants.head(self.variant(body)?).media_type())
    }

    #[inline]
    fn variant(&self, body: BodyId) -> Option<&Variant> {
        self.variants.get(body)
    }

    #[inline]
    fn entry(&self, entry: EntryId) -> Option<&Entry> {
        // CAST: The number was made from a `usize`.
        self.entries.get(entry.0 as usize)
    }

    #[inline]
    fn virtual_host(&self, origin: Origin<'_>) -> Option<&VirtualHost> {
        // CAST: The number was made from a `usize`.
        self.virtual_hosts.get(self.origins.find(origin)? as usize)
    }

    /// Returns the number of the virtual host of `origin`.
    ///
    /// # Context
    ///
    /// Any context.
    #[inline]
    pub(crate) fn host_number(&self, origin: Origin<'_>) -> Option<u32> {
        self.origins.find(origin)
    }

    /// Looks up a path of the virtual host with this number, as
    /// [`Resources::find`](http::Resources::find) does.
    ///
    /// # Context
    ///
    /// Any context.
    #[inline]
    pub(crate) fn find_at(&self, host: Option<u32>, path: Path<'_>) -> Lookup<'_, EntryId> {
        let (path, hand_overs) = (path.as_bytes(), &self.hand_overs);
        // CAST: The number was made from a `usize`.
        let virtual_host = host.and_then(|number| self.virtual_hosts.get(number as usize));
        let found = match virtual_host {
            Some(virtual_host) => virtual_host.find(path, hand_overs),
            None => HostLookup::process(hand_overs.find(path)),
        };
        match found {
            HostLookup::Entry(id) => self.entry(id).map_or(Lookup::NotFound, |entry| {
                Lookup::Resource(id, entry.codings)
            }),
            HostLookup::MissingSlash => Lookup::MissingSlash,
            HostLookup::Redirect(redirect) => Lookup::Redirect(redirect),
            HostLookup::Metrics(number) => Lookup::Metrics(number),
            HostLookup::HandOver(process) => Lookup::HandOver(process),
            HostLookup::NotFound => Lookup::NotFound,
        }
    }

    /// Returns the page of metrics that has this number.
    ///
    /// # Context
    ///
    /// Any context.
    pub(crate) fn metrics_page(&self, number: u32) -> Option<Arc<MetricsPage>> {
        // CAST: The number was made from a `usize`.
        self.metrics_pages.get(number as usize).cloned()
    }

    /// Returns whether responses are counted by virtual host: whether there are several roots.
    ///
    /// # Context
    ///
    /// Any context.
    #[inline]
    pub(crate) fn counts_hosts(&self) -> bool {
        self.counts_hosts
    }

    /// Counts a response for the virtual host with this number, on the CPU that `row` belongs to.
    ///
    /// # Context
    ///
    /// Softirq or process context, must not sleep.
    #[inline(never)]
    pub(crate) fn count<const N: usize>(&self, host: u32, status: Status, row: &CounterRow<N>) {
        // CAST: The number was made from a `usize`.
        let virtual_host = self.virtual_hosts.get(host as usize);
        if let Some(replies) = virtual_host.and_then(|host| host.replies.as_deref()) {
            replies.count(status, row);
        }
    }

    /// Returns the counters of the virtual host with this pattern.
    fn replies_of(&self, pattern: &[u8]) -> Option<Arc<HostReplies>> {
        let number = self
            .origins
            .number_of(OriginPattern::parse(pattern).ok()?)?;
        // CAST: The number was made from a `usize`.
        self.virtual_hosts.get(number as usize)?.replies.clone()
    }

    /// Returns the patterns of the virtual hosts and the counters of their responses, if the site has
    /// several roots.
    pub(crate) fn replies(&self) -> impl Iterator<Item = (&[u8], &HostReplies)> + Clone {
        let hosts = self.virtual_hosts.iter();
        hosts.filter_map(|host| Some((&host.name[..], host.replies.as_deref()?)))
    }
}

impl http::Resources for Site {
    type Body = BodyId;
    type Resource = EntryId;

    #[inline]
    fn find(&self, origin: Origin<'_>, path: Path<'_>) -> Lookup<'_, EntryId> {
        self.find_at(self.host_number(origin), path)
    }

    fn process(&self, _origin: Origin<'_>, path: Path<'_>) -> Option<ProcessAddress> {
        self.hand_overs.find(path.as_bytes())
    }

    #[inline]
    fn representation(&self, entry: EntryId, coding: Coding) -> Option<Representation<'_, BodyId>> {
        let entry = self.entry(entry)?;
        if !entry.codings.contains(coding) {
            return None;
        }
        // Behind the variants of the entry are those of the next. A file whose name says that its
        // content is coded has no other variant: it stands for the identity.
        let BodyId(first) = entry.first;
        let (body, variant) = (first..)
            .take(Coding::ALL.len())
            .map(BodyId)
            .map_while(|body| Some((body, self.variant(body)?)))
            .find(|(_, variant)| variant.coding == coding || entry.codings == Codings::IDENTITY)?;
        let content = self.contents.get(variant.content)?;
        let length = self.contents.bytes(content).len();
        Some(self.variants.representation(variant, body, length))
    }

    fn error_page(&self, origin: Origin<'_>, status: Status) -> Option<Representation<'_, BodyId>> {
        let page = self.virtual_host(origin)?.error_page(status)?.page;
        self.representation(page, Coding::Identity)
    }

    #[inline]
    fn put_fields(
        &self,
        origin: Origin<'_>,
        path: Path<'_>,
        status: Status,
        sink: &mut impl Sink,
    ) -> Result<(), Full> {
        if !self.has_fields {
            return Ok(());
        }
        self.virtual_host(origin).map_or(Ok(()), |virtual_host| {
            virtual_host.put_fields(path.as_bytes(), status, sink)
        })
    }
}
