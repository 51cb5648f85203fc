// SPDX-License-Identifier: GPL-2.0-only

//! Pages of fallbacks, errors and metrics, and the fields of what represents no file.

use super::{
    super::{
        host_fields::HostFieldsBuilder,
        root_files::RootFile, //
    },
    VirtualHostBuilder, //
};
use crate::site::{
    index::{
        entry::EntryId,
        error_page::ErrorPage,
        fallback::Fallback,
        fields::FieldSet,
        metrics_page::MetricsLines,
        path_pattern::DirectoryPattern,
        virtual_host::IndexTarget, //
    },
    load::{
        error::LoadError,
        file_error::FileError,
        path_display::PathDisplay,
        path_pattern::collect, //
    }, //
};
use kernel::prelude::*;
use protocol::{
    control::rule::{
        EncodedPath,
        Rule, //
    },
    http::Status, //
};

/// The file that is the page of a 404 response unless a rule names another.
const NOT_FOUND_PAGE: &[u8] = b"/404.html";

/// `Cache-Control` of a page of metrics, unless a rule has another.
const NO_STORE: &[u8] = b"no-store";

/// Bound of the further lines of a page of metrics in bytes, so that its head has room for all.
const METRICS_LINES_MAX: usize = 32_768;

impl VirtualHostBuilder<'_> {
    /// Adds a page of metrics with the fields that a file at its path would have.
    pub(super) fn add_metrics(
        &mut self,
        path: EncodedPath<'_>,
        pages: &mut KVVec<MetricsLines>,
        host: u32,
    ) -> Result<(), LoadError> {
        let page = u32::try_from(pages.len()).map_err(|_| EFBIG)?;
        self.add_rule_path(path, IndexTarget::Metrics(page))?;
        let path = collect(path.decoded())?;
        let cache_control = match self.rules.cache_control(&path) {
            b"" => NO_STORE,
            value => value,
        };
        let mut lines = KVVec::new();
        for part in [b"Cache-Control: ", cache_control, b"\r\n"] {
            lines.extend_from_slice(part, GFP_KERNEL_ACCOUNT)?;
        }
        self.rules.put_fields(&path, &mut lines)?;
        if lines.len() > METRICS_LINES_MAX {
            return Err(LoadError::at(self.root, &path, FileError::HeadBytes));
        }
        Ok(pages.push(MetricsLines { host, lines }, GFP_KERNEL_ACCOUNT)?)
    }

    /// Adds fallbacks and error pages, the last rule first because it counts.
    pub(in super::super) fn add_pages(&mut self) -> Result<(), LoadError> {
        let rules = self.rules;
        for rule in rules.iter().rev() {
            match rule {
                Rule::Fallback {
                    under,
                    page,
                    except,
                } => {
                    let under = DirectoryPattern::new(under, *except)?;
                    let page = self.page(rule, *page)?;
                    let fallback = Fallback { under, page };
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
            let page = ErrorPage {
                status,
                page,
                fields: FieldSet::default(),
            };
            self.host.error_pages.push(page, GFP_KERNEL_ACCOUNT)?;
        }
        Ok(())
    }

    /// Adds the fields of redirects and errors. `files` and `first` are as for
    /// [`VirtualHostBuilder::add_files`].
    pub(in super::super) fn add_fields(
        &mut self,
        files: &[RootFile],
        first: u32,
    ) -> Result<(), LoadError> {
        let (rules, host) = (self.rules, &mut self.host);
        let fields = HostFieldsBuilder::new(rules, &host.paths, self.root)?;
        for page in &mut host.error_pages {
            // CAST: The number was made from a `usize`.
            let place = page.page.0.wrapping_sub(first) as usize;
            if let Some(file) = files.get(place) {
                page.fields = fields.names_of(host.paths.bytes(file.path), rules);
            }
        }
        host.fields = fields.finish();
        Ok(())
    }

    /// Returns the entry of the page that a rule names.
    fn page(&self, rule: &Rule<'_>, page: EncodedPath<'_>) -> Result<EntryId, LoadError> {
        if let Some(IndexTarget::Entry(entry)) = self.host.paths.find(&collect(page.decoded())?) {
            return Ok(entry);
        }
        let root = PathDisplay(self.root);
        Err(LoadError::new(
            ENOENT,
            format_args!("{root}: the rule \"{rule}\" names no file that is served"),
        ))
    }
}
