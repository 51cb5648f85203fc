// SPDX-License-Identifier: GPL-2.0-only

//! The targets of the paths of a root: redirects, files, fallbacks, error pages, processes.

use crate::{
    site::{
        index::{
            entry::EntryId,
            fallback::Fallback,
            hand_over::HandOvers,
            path_index::{
                NameRange,
                PathIndex, //
            },
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
            path_display::PathDisplay,
            rules::Rules,
            signal, //
        }, //
    },
    sys::sched, //
};
use kernel::prelude::*;
use protocol::{
    control::rule::{
        EncodedPath,
        FilePattern,
        Rule,
        TrailingSlash, //
    },
    http::Status, //
};

/// The end of the path of a file that is served for its directory.
const INDEX_FILE: &[u8] = b"/index.html";

/// The file that is the page of a 404 response unless a rule names another.
const NOT_FOUND_PAGE: &[u8] = b"/404.html";

/// A builder of the [`VirtualHost`] of a root.
///
/// A redirect takes precedence over a file, and a file over a fallback: they are added in this
/// order, and the first one that is added for a path stays.
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
                paths,
                redirects: KVVec::new(),
                directory_redirects: KVVec::new(),
                fallbacks: KVVec::new(),
                error_pages: KVVec::new(),
            },
            rules,
            root,
        }
    }

    /// Returns the paths and their targets.
    pub(super) fn paths(&self) -> &PathIndex<IndexTarget> {
        &self.host.paths
    }

    /// Adds redirects and status pages, the last rule first because it counts.
    pub(super) fn add_redirects(&mut self) -> Result {
        let rules = self.rules;
        for rule in rules.iter().rev() {
            sched::cond_resched();
            match rule {
                Rule::StatusPage(path) => self.add_rule_path(*path, IndexTarget::StatusPage)?,
                Rule::Redirect { status, from, to } => {
                    let to = StoredRedirect {
                        status: *status,
                        location: copy(to.as_bytes())?,
                    };
                    self.add_redirect(from, to)?;
                }
                _ => (),
            }
        }
        Ok(())
    }

    fn add_redirect(&mut self, from: &FilePattern<'_>, to: StoredRedirect) -> Result {
        match from {
            FilePattern::Exact(path) => {
                let number = u32::try_from(self.host.redirects.len()).map_err(|_| EFBIG)?;
                self.add_rule_path(*path, IndexTarget::Redirect(number))?;
                Ok(self.host.redirects.push(to, GFP_KERNEL_ACCOUNT)?)
            }
            FilePattern::Under(directory) => {
                let directory = decode(*directory)?;
                let redirect = DirectoryRedirect { directory, to };
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
        let path = decode(path)?;
        if self.host.directory_redirect(&path).is_some() {
            return Ok(());
        }
        match self.host.paths.insert(&path, target) {
            Err(EEXIST) => Ok(()),
            inserted => inserted,
        }
    }

    /// Makes an entry the target of the path of its file, and of the directory if it is an index.
    pub(super) fn add_file(&mut self, path: NameRange, entry: EntryId) -> Result<(), FileError> {
        let target = IndexTarget::Entry(entry);
        self.add_path(path, target)?;
        let bytes = self.host.paths.bytes(path);
        let Some(without_slash) = bytes.strip_suffix(INDEX_FILE).map(<[u8]>::len) else {
            return Ok(());
        };
        self.add_path(path.shortened(without_slash + 1), target)?;
        let target = match self.rules.trailing_slash() {
            TrailingSlash::Redirect => IndexTarget::MissingSlash,
            TrailingSlash::Serve => target,
            TrailingSlash::Refuse => return Ok(()),
        };
        match without_slash {
            0 => Ok(()),
            len => self.add_path(path.shortened(len), target),
        }
    }

    /// Gives a target to the path of a file or a directory, unless a rule has one for it.
    fn add_path(&mut self, path: NameRange, target: IndexTarget) -> Result<(), FileError> {
        let bytes = self.host.paths.bytes(path);
        let known = self.host.paths.find(bytes);
        if self.host.directory_redirect(bytes).is_some()
            || matches!(
                known,
                Some(IndexTarget::Redirect(_) | IndexTarget::StatusPage)
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

    /// Adds fallbacks and error pages, the last rule first because it counts.
    pub(super) fn add_pages(&mut self) -> Result<(), LoadError> {
        let rules = self.rules;
        for rule in rules.iter().rev() {
            match rule {
                Rule::Fallback { under, page } => {
                    let directory = match under {
                        FilePattern::Under(directory) => decode(*directory)?,
                        _ => copy(b"/")?,
                    };
                    let page = self.page(rule, *page)?;
                    let fallback = Fallback { directory, page };
                    self.host.fallbacks.push(fallback, GFP_KERNEL_ACCOUNT)?;
                }
                Rule::ErrorPage { status, page } => {
                    let page = self.page(rule, *page)?;
                    self.add_error_page(*status, page)?;
                }
                _ => (),
            }
        }
        if let Some(IndexTarget::Entry(page)) = self.host.paths.find(NOT_FOUND_PAGE) {
            self.add_error_page(Status::NotFound, page)?;
        }
        Ok(())
    }

    fn add_error_page(&mut self, status: Status, page: EntryId) -> Result {
        if self.host.error_page(status).is_none() {
            let page = (status, page);
            self.host.error_pages.push(page, GFP_KERNEL_ACCOUNT)?;
        }
        Ok(())
    }

    /// Returns the entry of the page that a rule names.
    fn page(&self, rule: &Rule<'_>, page: EncodedPath<'_>) -> Result<EntryId, LoadError> {
        if let Some(IndexTarget::Entry(entry)) = self.host.paths.find(&decode(page)?) {
            return Ok(entry);
        }
        let root = PathDisplay(self.root);
        Err(LoadError::new(
            ENOENT,
            format_args!("{root}: the rule \"{rule}\" names no file that is served"),
        ))
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

    /// Returns the virtual host.
    pub(super) fn finish(mut self) -> Result<VirtualHost> {
        self.host.paths.shrink()?;
        Ok(self.host)
    }
}

/// Returns the decoded path of a rule.
fn decode(path: EncodedPath<'_>) -> Result<KVec<u8>> {
    let mut bytes = KVec::new();
    for byte in path.decoded() {
        bytes.push(byte, GFP_KERNEL_ACCOUNT)?;
    }
    Ok(bytes)
}

fn copy(bytes: &[u8]) -> Result<KVec<u8>> {
    let mut copy = KVec::new();
    copy.extend_from_slice(bytes, GFP_KERNEL_ACCOUNT)?;
    Ok(copy)
}
