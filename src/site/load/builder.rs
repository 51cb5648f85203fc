// SPDX-License-Identifier: GPL-2.0-only

//! The builder of a site: takes files, root by root.

mod coded_path;
mod entry_list;
mod host_fields;
mod listings;
mod root_files;
mod virtual_host;

use self::{
    entry_list::{
        EntryList,
        EntrySources, //
    },
    listings::Listings,
    root_files::{
        RootDirectory,
        RootFile,
        RootFiles, //
    },
    virtual_host::VirtualHostBuilder, //
};
use super::{
    compression::Compression,
    deduplicator::Deduplicator,
    error::LoadError,
    file_error::FileError,
    policy::LoadPolicy,
    progress::LoadProgress,
    rules::Rules,
    signal, //
};
use crate::{
    site::{
        index::{
            hand_over::HandOvers,
            host_replies::HostReplies,
            metrics_page::{
                MetricsLines,
                MetricsPage, //
            },
            origin_map::OriginMap,
            virtual_host::VirtualHost, //
        },
        Site, //
    },
    sys::page::PageBuffer, //
};
use core::mem;
use kernel::{
    prelude::*,
    sync::Arc, //
};
use protocol::{
    control::rule::Rule,
    http::{
        OriginPattern,
        Timestamp,
        TARGET_MAX, //
    }, //
};

/// A builder of a [`Site`].
///
/// Files are added to a root until it is finished; then those of the next root follow.
pub(super) struct SiteBuilder<'o> {
    policy: &'o LoadPolicy,
    contents: Deduplicator<'o>,
    compression: Compression,
    /// The root that is being read.
    root: RootFiles,
    entries: EntryList,
    virtual_hosts: KVVec<VirtualHost>,
    hand_overs: HandOvers,
    metrics_lines: KVVec<MetricsLines>,
    origins: OriginMap,
    /// The previous site.
    old: Option<&'o Site>,
    /// Number of files and directories so far.
    found: u32,
    /// Memory of the path indexes of finished roots, in bytes.
    index_bytes: usize,
}

impl<'o> SiteBuilder<'o> {
    /// Creates a builder without files that shares contents with `old`. Of `node_rules`, those of the
    /// control node, only the rules that hand connections over matter here.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    // Not inlined, and in a box: it is large, and files are read with it on the stack.
    #[inline(never)]
    pub(super) fn new(
        policy: &'o LoadPolicy,
        node_rules: &[Rule<'_>],
        old: Option<&'o Site>,
    ) -> Result<KBox<Self>> {
        let builder = Self {
            policy,
            contents: Deduplicator::new(old.map(|site| &site.contents))?,
            compression: Compression::new(),
            root: RootFiles::new(),
            entries: EntryList::new(),
            virtual_hosts: KVVec::new(),
            hand_overs: HandOvers::new(node_rules)?,
            metrics_lines: KVVec::new(),
            origins: OriginMap::new(),
            old,
            found: 0,
            index_bytes: 0,
        };
        Ok(KBox::new(builder, GFP_KERNEL_ACCOUNT)?)
    }

    /// Counts a file or a directory.
    ///
    /// # Errors
    ///
    /// [`FileError::Entries`].
    pub(super) fn count(&mut self) -> Result<(), FileError> {
        let max = self.policy.limits.max_entries;
        if self.found >= max {
            return Err(FileError::Entries(max));
        }
        self.found += 1;
        Ok(())
    }

    /// Adds a file to the root. `path` is decoded and normalized and begins with a slash,
    /// `modified` is a time in seconds since 1970.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    ///
    /// # Errors
    ///
    /// - the limit that is exceeded;
    /// - `ENOMEM`.
    pub(super) fn add(
        &mut self,
        path: &[u8],
        content: PageBuffer,
        modified: u64,
    ) -> Result<(), FileError> {
        self.count()?;
        if path.len() > TARGET_MAX {
            return Err(FileError::PathBytes(TARGET_MAX));
        }
        let content = self.contents.add(content)?;
        self.root.add(path, content, Timestamp(modified))?;
        self.policy.admit_memory(self.used_bytes())
    }

    /// Adds a directory to the root, which gets a page if nothing else is served for it. `path` is
    /// decoded and normalized and begins and ends with a slash, `modified` is a time in seconds
    /// since 1970.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    ///
    /// # Errors
    ///
    /// - the limit that is exceeded;
    /// - `ENOMEM`.
    pub(super) fn add_directory(&mut self, path: &[u8], modified: u64) -> Result<(), FileError> {
        self.root.add_directory(path, Timestamp(modified))?;
        self.policy.admit_memory(self.used_bytes())
    }

    /// Returns the memory of the site so far, in bytes. Part of it is an estimate until a root is
    /// finished.
    fn used_bytes(&self) -> usize {
        self.contents.bytes()
            + self.entries.used_bytes()
            + self.index_bytes
            + self.root.used_bytes()
    }

    /// Finishes the root that is being read, which is called `name`, and serves it for `origins`.
    /// `progress` is updated meanwhile.
    ///
    /// # Context
    ///
    /// Process context, may sleep. A signal interrupts it.
    ///
    /// # Errors
    ///
    /// - the error of a rule of this root;
    /// - the limit that is exceeded;
    /// - `EINTR` after a signal;
    /// - `ENOMEM`.
    pub(super) fn finish_root(
        &mut self,
        name: &[u8],
        rules: &Rules<'_>,
        origins: OriginPattern<'_>,
        progress: &LoadProgress,
    ) -> Result<(), LoadError> {
        let RootFiles {
            paths,
            mut files,
            directories,
        } = mem::replace(&mut self.root, RootFiles::new());
        let first = u32::try_from(self.entries.len()).map_err(|_| EFBIG)?;
        rules.check(name)?;
        let mut host = VirtualHostBuilder::new(paths, rules, name);
        let number = u32::try_from(self.virtual_hosts.len()).map_err(|_| EFBIG)?;
        host.add_redirects(&mut self.metrics_lines, number)?;
        host.add_files(&mut files, first)?;
        if !directories.is_empty() {
            let file_count = files.len();
            self.add_listings(&host, &mut files, &directories)?;
            host.add_listings(&files, first, file_count)?;
        }
        self.index_bytes += host.paths().used_bytes();
        let sources = EntrySources {
            paths: host.paths(),
            files: &files,
            first,
            rules,
            progress,
        };
        for file in &files {
            signal::check()?;
            self.add_entry(&sources, file)
                .map_err(|e| LoadError::at(name, sources.paths.bytes(file.path), e))?;
        }
        host.add_pages()?;
        host.add_fields(&files, first)?;
        host.hand_over(&self.hand_overs)?;
        self.origins.insert(origins, number)?;
        self.virtual_hosts
            .push(host.finish(origins)?, GFP_KERNEL_ACCOUNT)?;
        Ok(())
    }

    /// Appends to `files` the pages of the directories for which nothing else is served.
    fn add_listings(
        &mut self,
        host: &VirtualHostBuilder<'_>,
        files: &mut KVVec<RootFile>,
        directories: &[RootDirectory],
    ) -> Result<(), LoadError> {
        let paths = host.paths();
        let listings = Listings::new(paths, files, directories, self.contents.contents())?;
        for directory in directories {
            if host.has_target(directory.path) {
                continue;
            }
            let used = self.used_bytes() + root_files::used_bytes(paths, files.len());
            let (page, modified) = listings
                .page(directory, |len| self.policy.admit_memory(used + len))
                .map_err(|e| host.error(directory.path, e))?;
            let file = RootFile {
                path: directory.path,
                content: Some(self.contents.add(page.finish()?)?),
                modified,
            };
            files.push(file, GFP_KERNEL_ACCOUNT)?;
        }
        Ok(())
    }

    fn add_entry(&mut self, sources: &EntrySources<'_>, file: &RootFile) -> Result<(), FileError> {
        let (contents, compression) = (&mut self.contents, &mut self.compression);
        self.entries.add(sources, contents, compression, file)?;
        self.policy.admit_memory(self.used_bytes())
    }

    /// Returns the pages of metrics by number.
    fn metrics_pages(&mut self) -> Result<KVVec<Arc<MetricsPage>>> {
        let mut pages = KVVec::with_capacity(self.metrics_lines.len(), GFP_KERNEL_ACCOUNT)?;
        for MetricsLines { host, lines } in mem::take(&mut self.metrics_lines) {
            // CAST: The number was made from a `usize`.
            let host = self.virtual_hosts.get(host as usize);
            let replies = host.and_then(|host| host.replies.clone());
            let page = Arc::new(MetricsPage { replies, lines }, GFP_KERNEL_ACCOUNT)?;
            pages.push(page, GFP_KERNEL_ACCOUNT)?;
        }
        Ok(pages)
    }

    /// Has the responses of each root counted, with the counters of the previous site where that has
    /// the same hosts.
    fn count_replies(&mut self) -> Result {
        for host in &mut self.virtual_hosts {
            signal::check()?;
            let known = self.old.and_then(|old| old.replies_of(&host.name));
            host.replies = match known {
                Some(replies) => Some(replies),
                None => Some(Arc::new(HostReplies::new()?, GFP_KERNEL_ACCOUNT)?),
            };
        }
        Ok(())
    }

    /// Returns the site of all roots that are finished. `skipped` is the number of files and
    /// directories that were found and not added.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    ///
    /// # Errors
    ///
    /// - `ENOSPC` if the site takes more memory than it may;
    /// - `ENOMEM`.
    pub(super) fn build(builder: KBox<Self>, skipped: u64) -> Result<Site, LoadError> {
        let mut this = KBox::into_inner(builder);
        if this.virtual_hosts.len() > 1 {
            this.count_replies()?;
        }
        let metrics_pages = this.metrics_pages()?;
        let site = Site::new(
            this.origins,
            this.virtual_hosts,
            this.hand_overs,
            metrics_pages,
            this.entries.finish()?,
            this.contents.finish()?,
            skipped,
        )?;
        this.policy.admit_memory(site.footprint())?;
        Ok(site)
    }
}

#[cfg(CONFIG_KUNIT = "y")]
mod tests;
