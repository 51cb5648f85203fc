// SPDX-License-Identifier: GPL-2.0-only

//! The targets of the paths of a root: redirects, files, fallbacks, error pages, processes.

mod pages;

use super::{
    coded_path::stem,
    root_files::RootFile, //
};
use crate::{
    site::{
        index::{
            entry::EntryId,
            fields::HostFields,
            hand_over::HandOvers,
            metrics_page::MetricsLines,
            path_index::{
                NameRange,
                PathIndex, //
            },
            path_pattern::DirectoryPattern,
            redirect::{
                DirectoryRedirect,
                StoredRedirect, //
            },
            virtual_host::{
                IndexTarget,
                VirtualHost, //
            }, //
        },
        load::{
            error::LoadError,
            file_error::FileError,
            path_pattern::collect,
            rules::{
                Rules,
                RULES_FILE, //
            },
            signal, //
        }, //
    },
    sys::{
        sched,
        text, //
    }, //
};
use kernel::prelude::*;
use protocol::{
    control::rule::{
        EncodedPath,
        Exceptions,
        FilePattern,
        Rule,
        TrailingSlash, //
    },
    http::OriginPattern, //
};

/// A builder of the [`VirtualHost`] of a root.
///
/// A redirect takes precedence over a file, a file over another whose path lacks a suffix, this one
/// over a directory, and all of them over a fallback: they are added in this order, and the first
/// one that is added for a path stays.
pub(super) struct VirtualHostBuilder<'a> {
    host: VirtualHost,
    rules: &'a Rules<'a>,
    root: &'a [u8],
}

impl<'a> VirtualHostBuilder<'a> {
    /// Begins with the paths of all files, which have no targets yet. `root` is the name of the
    /// root.
    pub(super) fn new(paths: PathIndex<IndexTarget>, rules: &'a Rules<'a>, root: &'a [u8]) -> Self {
        Self {
            host: VirtualHost {
                name: KVec::new(),
                replies: None,
                paths,
                redirects: KVVec::new(),
                directory_redirects: KVVec::new(),
                fallbacks: KVVec::new(),
                error_pages: KVVec::new(),
                fields: HostFields(KVVec::new()),
            },
            rules,
            root,
        }
    }

    /// Returns the paths and their targets.
    pub(super) fn paths(&self) -> &PathIndex<IndexTarget> {
        &self.host.paths
    }

    /// Adds redirects and pages of metrics, the last rule first because it counts. The pages are
    /// appended to those of the site; `number` is that of the virtual host.
    pub(super) fn add_redirects(
        &mut self,
        pages: &mut KVVec<MetricsLines>,
        number: u32,
    ) -> Result<(), LoadError> {
        let rules = self.rules;
        for rule in rules.iter().rev() {
            sched::cond_resched();
            match rule {
                Rule::Metrics(path) => self.add_metrics(*path, pages, number)?,
                Rule::Redirect {
                    status,
                    from,
                    to,
                    except,
                } => {
                    let to = StoredRedirect {
                        status: *status,
                        location: copy(to.as_bytes())?,
                    };
                    self.add_redirect(from, *except, to)?;
                }
                _ => (),
            }
        }
        Ok(())
    }

    fn add_redirect(
        &mut self,
        from: &FilePattern<'_>,
        except: Exceptions<'_>,
        to: StoredRedirect,
    ) -> Result {
        match from {
            FilePattern::Exact(path) => {
                let number = u32::try_from(self.host.redirects.len()).map_err(|_| EFBIG)?;
                self.add_rule_path(*path, IndexTarget::Redirect(number))?;
                Ok(self.host.redirects.push(to, GFP_KERNEL_ACCOUNT)?)
            }
            FilePattern::Under(_) => {
                let from = DirectoryPattern::new(from, except)?;
                let redirect = DirectoryRedirect { from, to };
                Ok(self
                    .host
                    .directory_redirects
                    .push(redirect, GFP_KERNEL_ACCOUNT)?)
            }
            FilePattern::All | FilePattern::Suffix(_) => Ok(()),
        }
    }

    /// Gives a target to a path of a rule, unless a later rule has one for it.
    fn add_rule_path(&mut self, path: EncodedPath<'_>, target: IndexTarget) -> Result {
        let path = collect(path.decoded())?;
        if self.host.directory_redirect(&path).is_some() {
            return Ok(());
        }
        match self.host.paths.insert(&path, target) {
            Err(EEXIST) => Ok(()),
            inserted => inserted,
        }
    }

    /// Makes entries the targets of the paths of their files, then of those paths without a suffix,
    /// and then of the directories that they are the index of. The entry of the first file has the
    /// number `first`. A file that is there in a content coding alone gets an entry of its own, which
    /// is appended to `files`.
    pub(super) fn add_files(
        &mut self,
        files: &mut KVVec<RootFile>,
        first: u32,
    ) -> Result<(), LoadError> {
        self.for_each(files, first, Self::add_path)?;
        self.add_coded_only(files, first)?;
        if let Some(suffixes) = self.rules.try_suffixes() {
            for suffix in suffixes.iter() {
                let suffix = collect(suffix.decoded())?;
                self.for_each(files, first, |host, path, target| {
                    match host.host.paths.bytes(path).strip_suffix(&suffix[..]) {
                        None | Some([.., b'/']) => Ok(()),
                        Some(without) => {
                            let path = path.shortened(without.len());
                            host.fill_path(path, target)
                        }
                    }
                })?;
            }
        }
        for name in self.rules.index().iter() {
            let mut end = collect(*b"/")?;
            for octet in name.decoded() {
                end.push(octet, GFP_KERNEL)?;
            }
            self.for_each(files, first, |host, path, target| {
                let directory = host.host.paths.bytes(path).strip_suffix(&end[..]);
                match directory.map(<[u8]>::len) {
                    None => Ok(()),
                    Some(len) => host.add_index(path, len, target),
                }
            })?;
        }
        Ok(())
    }

    /// Makes pages the targets of the directories that they list: the files from the one with this
    /// number on.
    pub(super) fn add_listings(
        &mut self,
        files: &[RootFile],
        first: u32,
        number: usize,
    ) -> Result<(), LoadError> {
        let pages = files.get(number..).unwrap_or_default();
        let number = u32::try_from(number).map_err(|_| EFBIG)?;
        let first = first.checked_add(number).ok_or(EFBIG)?;
        self.for_each(pages, first, |host, path, target| {
            let len = host.host.paths.bytes(path).len();
            host.add_index(path, len.saturating_sub(1), target)
        })
    }

    /// Returns whether something is served at a path, other than a fallback.
    pub(super) fn has_target(&self, path: NameRange) -> bool {
        let path = self.host.paths.bytes(path);
        self.host.paths.find(path).is_some() || self.host.directory_redirect(path).is_some()
    }

    /// Returns the error of the file or the directory at a path.
    pub(super) fn error(&self, path: NameRange, error: FileError) -> LoadError {
        LoadError::at(self.root, self.host.paths.bytes(path), error)
    }

    /// Calls `add` with the path of each file and its entry.
    fn for_each(
        &mut self,
        files: &[RootFile],
        first: u32,
        add: impl Fn(&mut Self, NameRange, IndexTarget) -> Result<(), FileError>,
    ) -> Result<(), LoadError> {
        for (number, file) in (first..).zip(files) {
            signal::check()?;
            add(self, file.path, IndexTarget::Entry(EntryId(number)))
                .map_err(|e| self.error(file.path, e))?;
        }
        Ok(())
    }

    /// Adds an entry for each path at which there is nothing but files with the suffixes of content
    /// codings beside it.
    fn add_coded_only(&mut self, files: &mut KVVec<RootFile>, first: u32) -> Result<(), LoadError> {
        for place in 0..files.len() {
            signal::check()?;
            let Some(coded) = files.get(place) else { break };
            let bytes = self.host.paths.bytes(coded.path);
            let Some(stem) = stem(bytes).filter(|stem| !self.rules.excludes(stem)) else {
                continue;
            };
            // A rule may have another target for the coded file.
            if !matches!(self.host.paths.find(bytes), Some(IndexTarget::Entry(_))) {
                continue;
            }
            let (path, modified) = (coded.path.shortened(stem.len()), coded.modified);
            let number = u32::try_from(files.len()).map_err(|_| EFBIG)?;
            let entry = EntryId(first.checked_add(number).ok_or(EFBIG)?);
            if self.has_target(path) {
                continue;
            }
            self.add_path(path, IndexTarget::Entry(entry))?;
            let file = RootFile {
                path,
                content: None,
                modified,
            };
            files.push(file, GFP_KERNEL_ACCOUNT)?;
        }
        Ok(())
    }

    /// Makes an index the target of its directory, whose path without the slash has `len` bytes.
    fn add_index(
        &mut self,
        path: NameRange,
        len: usize,
        target: IndexTarget,
    ) -> Result<(), FileError> {
        self.fill_path(path.shortened(len + 1), target)?;
        let target = match self.rules.trailing_slash() {
            TrailingSlash::Redirect => IndexTarget::MissingSlash,
            TrailingSlash::Serve => target,
            TrailingSlash::Refuse => return Ok(()),
        };
        match len {
            0 => Ok(()),
            len => self.fill_path(path.shortened(len), target),
        }
    }

    /// Gives a target to a path, unless it has one.
    fn fill_path(&mut self, path: NameRange, target: IndexTarget) -> Result<(), FileError> {
        match self.add_path(path, target) {
            Err(FileError::Duplicate) => Ok(()),
            added => added,
        }
    }

    /// Gives a target to the path of a file or a directory, unless a rule has one for it.
    fn add_path(&mut self, path: NameRange, target: IndexTarget) -> Result<(), FileError> {
        let bytes = self.host.paths.bytes(path);
        // Nothing stands in for the rules of a root, either.
        if bytes.rsplit(|byte| *byte == b'/').next() == Some(RULES_FILE) {
            return Ok(());
        }
        let known = self.host.paths.find(bytes);
        if self.host.directory_redirect(bytes).is_some()
            || matches!(
                known,
                Some(IndexTarget::Redirect(_) | IndexTarget::Metrics(_))
            )
        {
            return Ok(());
        }
        self.host
            .paths
            .insert_stored(path, target)
            .map_err(|e| match e {
                EEXIST => FileError::Duplicate,
                e => e.into(),
            })
    }

    /// Makes the process the target of each path that is always handed over, whatever else is there.
    /// Pages and variants stay what they are, so this comes last.
    ///
    /// # Errors
    ///
    /// `EINTR` after a signal.
    pub(super) fn hand_over(&mut self, hand_overs: &HandOvers) -> Result {
        if !hand_overs.has_always() {
            return Ok(());
        }
        self.host.paths.replace(|path| {
            signal::check()?;
            Ok(hand_overs.find_always(path).map(|_| IndexTarget::HandOver))
        })
    }

    /// Returns the virtual host of `origins`.
    pub(super) fn finish(mut self, origins: OriginPattern<'_>) -> Result<VirtualHost> {
        let name = text::render(format_args!("{origins}"))?;
        self.host
            .name
            .extend_from_slice(&name, GFP_KERNEL_ACCOUNT)?;
        self.host.paths.shrink()?;
        Ok(self.host)
    }
}

fn copy(bytes: &[u8]) -> Result<KVec<u8>> {
    let mut copy = KVec::new();
    copy.extend_from_slice(bytes, GFP_KERNEL_ACCOUNT)?;
    Ok(copy)
}
