// SPDX-License-Identifier: GPL-2.0-only

//! The site of one rendered page of metrics.

use crate::{
    site::{
        index::{
            content::Contents,
            entry::{
                BodyId,
                Entry,
                EntryId, //
            },
            fallback::Fallback,
            fields::HostFields,
            hand_over::HandOvers,
            metrics_page::MetricsPage,
            origin_map::OriginMap,
            path_index::PathIndex,
            path_pattern::DirectoryPattern,
            variant::Variants,
            virtual_host::VirtualHost, //
        },
        Site, //
    },
    sys::{
        hash,
        page::{
            PageBuffer,
            TailPacker, //
        }, //
    }, //
};
use kernel::prelude::*;
use protocol::http::{
    Coding,
    Codings,
    Metadata,
    OriginPattern,
    Timestamp, //
};

/// Media type of Prometheus' text format.
const MEDIA_TYPE: &[u8] = b"text/plain; version=0.0.4; charset=utf-8";

impl Site {
    /// Returns a site that has nothing but `page` with this text, at any path, so that the request for
    /// the page can be served from it. The next request may be for a process if the published site
    /// `hands_over`.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(crate) fn of_metrics(page: &MetricsPage, text: &[u8], hands_over: bool) -> Result<Self> {
        let buffer = PageBuffer::copy_of(text)?;
        let digest = hash::blake2s_128(buffer.view());
        let mut contents = Contents::new();
        let content = contents.add(buffer, digest, &mut TailPacker::new())?;
        contents.shrink()?;
        let mut variants = Variants::new();
        let etag = contents.get(content).ok_or(EINVAL)?.etag();
        variants.add(
            content,
            &Metadata {
                length: text.len() as u64,
                media_type: MEDIA_TYPE,
                coding: Coding::Identity,
                modified: Timestamp(0),
                etag: &etag,
                vary: false,
                cache_control: b"",
                extra: &page.lines,
            },
        )?;
        let mut entries = KVVec::new();
        let entry = Entry {
            first: BodyId(0),
            codings: Codings::IDENTITY,
        };
        entries.push(entry, GFP_KERNEL_ACCOUNT)?;
        let (origins, virtual_hosts) = any_path(EntryId(0), page)?;
        let mut site = Self::new(
            origins,
            virtual_hosts,
            HandOvers::new(&[])?,
            KVVec::new(),
            (entries, variants),
            contents,
            0,
        )?;
        site.hands_over = hands_over;
        Ok(site)
    }
}

/// Returns a virtual host that serves `entry` at any path of any origin, and counts its responses where
/// the host of `page` does.
fn any_path(entry: EntryId, page: &MetricsPage) -> Result<(OriginMap, KVVec<VirtualHost>)> {
    let mut origins = OriginMap::new();
    origins.insert(OriginPattern::ANY, 0)?;
    let mut fallbacks = KVVec::new();
    let under = DirectoryPattern {
        directory: KVec::from_elem(b'/', 1, GFP_KERNEL_ACCOUNT)?,
        except: KVec::new(),
    };
    fallbacks.push(Fallback { under, page: entry }, GFP_KERNEL_ACCOUNT)?;
    let mut virtual_hosts = KVVec::new();
    let host = VirtualHost {
        name: KVec::new(),
        replies: page.replies.clone(),
        paths: PathIndex::new(),
        redirects: KVVec::new(),
        directory_redirects: KVVec::new(),
        fallbacks,
        error_pages: KVVec::new(),
        fields: HostFields(KVVec::new()),
    };
    virtual_hosts.push(host, GFP_KERNEL_ACCOUNT)?;
    Ok((origins, virtual_hosts))
}
