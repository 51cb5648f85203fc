// SPDX-License-Identifier: GPL-2.0-only

//! A virtual host: the paths of one root.

use super::{
    entry::EntryId,
    error_page::ErrorPage,
    fallback::Fallback,
    fields::HostFields,
    hand_over::HandOvers,
    host_replies::HostReplies,
    path_index::PathIndex,
    redirect::{
        DirectoryRedirect,
        StoredRedirect, //
    }, //
};
use crate::sys::sched;
use kernel::{
    prelude::*,
    sync::Arc, //
};
use protocol::http::{
    Full,
    ProcessAddress,
    Redirect,
    Sink,
    Status, //
};

/// The target of a path in the index of a [`VirtualHost`].
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum IndexTarget {
    /// An entry.
    Entry(EntryId),
    /// A directory, requested without the slash at its end.
    MissingSlash,
    /// A redirect, by its number among [`VirtualHost::redirects`].
    Redirect(u32),
    /// A page of metrics, by its number among those of the site.
    Metrics(u32),
    /// A process, whatever else is at the path.
    HandOver,
}

/// A root as it is served for some origins.
pub(crate) struct VirtualHost {
    /// Pattern of its origins.
    pub(crate) name: KVec<u8>,
    /// Counters of its responses, if the site has several roots.
    pub(crate) replies: Option<Arc<HostReplies>>,
    /// Targets of all known paths.
    pub(crate) paths: PathIndex<IndexTarget>,
    /// Redirects of single paths.
    pub(crate) redirects: KVVec<StoredRedirect>,
    /// Redirects of directories, the last rule first.
    pub(crate) directory_redirects: KVVec<DirectoryRedirect>,
    /// Fallbacks, the last rule first.
    pub(crate) fallbacks: KVVec<Fallback>,
    /// Pages of error responses.
    pub(crate) error_pages: KVVec<ErrorPage>,
    /// Fields of redirects and errors.
    pub(crate) fields: HostFields,
}

/// The result of looking up a path.
pub(crate) enum HostLookup<'s> {
    /// An entry.
    Entry(EntryId),
    /// A directory, requested without the slash at its end.
    MissingSlash,
    /// A redirect.
    Redirect(Redirect<'s>),
    /// A page of metrics, by its number among those of the site.
    Metrics(u32),
    /// A process that takes the connection over.
    HandOver(ProcessAddress),
    /// Nothing.
    NotFound,
}

impl HostLookup<'_> {
    /// Returns the result for a path that `process` serves, if there is one.
    pub(crate) fn process(process: Option<ProcessAddress>) -> Self {
        process.map_or(Self::NotFound, Self::HandOver)
    }
}

impl VirtualHost {
    /// Looks up a decoded path; `hand_overs` are those of the site.
    ///
    /// # Context
    ///
    /// Any context.
    #[inline]
    pub(crate) fn find(&self, path: &[u8], hand_overs: &HandOvers) -> HostLookup<'_> {
        match self.paths.find(path) {
            Some(IndexTarget::Entry(entry)) => HostLookup::Entry(entry),
            Some(IndexTarget::MissingSlash) => HostLookup::MissingSlash,
            Some(IndexTarget::Redirect(number)) => self.redirect(number, path),
            Some(IndexTarget::Metrics(number)) => HostLookup::Metrics(number),
            Some(IndexTarget::HandOver) => HostLookup::process(hand_overs.find_always(path)),
            None => self.find_by_directory(path, hand_overs),
        }
    }

    /// Returns the redirect with this number, of `path`.
    fn redirect(&self, number: u32, path: &[u8]) -> HostLookup<'_> {
        // CAST: The number was made from a `usize`.
        match self.redirects.get(number as usize) {
            Some(redirect) => HostLookup::Redirect(redirect.of_path(path.len())),
            None => HostLookup::NotFound,
        }
    }

    /// Looks up a path that is not in the index. The load bounds the number of rules that are
    /// compared with it.
    #[inline(never)]
    fn find_by_directory(&self, path: &[u8], hand_overs: &HandOvers) -> HostLookup<'_> {
        if let Some(redirect) = self.directory_redirect(path) {
            return hand_overs
                .find_always(path)
                .map_or(HostLookup::Redirect(redirect), HostLookup::HandOver);
        }
        if let Some(process) = hand_overs.find(path) {
            return HostLookup::HandOver(process);
        }
        self.fallbacks
            .iter()
            .find(|fallback| fallback.under.matches(path))
            .map_or(HostLookup::NotFound, |fallback| {
                HostLookup::Entry(fallback.page)
            })
    }

    /// Returns the redirect of the directory that `path` lies in, if there is one.
    ///
    /// # Context
    ///
    /// Any context.
    pub(crate) fn directory_redirect(&self, path: &[u8]) -> Option<Redirect<'_>> {
        self.directory_redirects
            .iter()
            .find(|redirect| redirect.from.matches(path))
            .map(|redirect| redirect.to.of_path(redirect.from.directory.len()))
    }

    /// Returns the page of an error response.
    ///
    /// # Context
    ///
    /// Any context.
    pub(crate) fn error_page(&self, status: Status) -> Option<&ErrorPage> {
        self.error_pages.iter().find(|page| page.status == status)
    }

    /// Appends the fields of a redirect or an error. Those that its page has by itself are left out.
    ///
    /// # Context
    ///
    /// Any context.
    ///
    /// # Errors
    ///
    /// [`Full`] if the sink has no room for them.
    pub(crate) fn put_fields(
        &self,
        path: &[u8],
        status: Status,
        sink: &mut impl Sink,
    ) -> Result<(), Full> {
        let present = self.error_page(status).map(|page| page.fields);
        self.fields
            .put(path, status, present.unwrap_or_default(), sink)
    }

    /// Returns the allocated memory of the path index and the counters, in bytes. The rules do not
    /// count.
    pub(crate) fn footprint(&self) -> usize {
        let replies = self.replies.as_ref();
        self.paths.footprint() + replies.map_or(0, |replies| replies.footprint())
    }
}

impl Drop for VirtualHost {
    /// Frees the targets of the rules, of which a site may have millions.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    fn drop(&mut self) {
        sched::drop_all(&mut self.redirects);
        sched::drop_all(&mut self.directory_redirects);
        sched::drop_all(&mut self.fallbacks);
        sched::drop_all(&mut self.fields.0);
    }
}
