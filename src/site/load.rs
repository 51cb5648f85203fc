// SPDX-License-Identifier: GPL-2.0-only

//! Loading: how a site is made from its sources.
//!
//! [`Sources`] tell what to load: roots, for some origins each, and rules. [`LoadPolicy`] tells what
//! of it may be served, and [`SiteBuilder`] makes the site.

mod builder;
mod builtin;
mod compression;
mod deduplicator;
mod error;
mod file_error;
mod hand_overs;
mod listing_page;
mod media_type;
mod metrics_site;
mod path_display;
mod path_pattern;
mod policy;
mod progress;
mod root;
mod rule_text;
mod rules;
mod signal;
mod sources;
mod stable_read;
mod tree_path;
mod tree_watch;
mod walk;

pub(crate) use self::{
    error::LoadError,
    policy::Limits,
    progress::LoadProgress,
    sources::Sources,
    tree_watch::TreeWatch, //
};

use self::{
    builder::SiteBuilder,
    policy::LoadPolicy,
    rules::Rules,
    walk::Walk, //
};
use super::Site;
use crate::sys::fs::FsPath;

impl Site {
    /// Loads a site from `sources`, with the credentials of the calling task. Paths begin at `base`.
    /// Contents that are in `old`, too, are shared with it. `progress` is updated meanwhile. `watch`
    /// watches each directory from before it is read.
    ///
    /// # Context
    ///
    /// Process context, may sleep. A signal interrupts it.
    ///
    /// # Errors
    ///
    /// - `EINTR` after a signal;
    /// - `ENOMEM`;
    /// - the error of a file or a rule, which the message names.
    pub(crate) fn load(
        sources: &Sources,
        base: &FsPath,
        old: Option<&Self>,
        progress: &LoadProgress,
        mut watch: Option<&mut TreeWatch>,
    ) -> Result<Self, LoadError> {
        let node_rules = sources.rules().parse()?;
        rules::check(&node_rules, b"rules of the control node")?;
        let policy = LoadPolicy::new(sources.limits(), &node_rules);
        let mut builder = SiteBuilder::new(&policy, &node_rules, old)?;
        for root in sources.roots() {
            let name = root.name();
            if let Some(directory) = root.directory() {
                let mut walk = Walk::new(directory, &policy, progress, base, watch.as_deref_mut())?;
                let file = walk.read_rules()?;
                let rules = Rules::new(&node_rules, name, &file)?;
                walk.add_to(&mut builder, &rules)?;
                builder.finish_root(name, &rules, root.origins(), progress)?;
            } else {
                let rules = Rules::new(&node_rules, name, builtin::rules())?;
                builtin::add_to(&mut builder, &policy, &rules, progress)?;
                builder.finish_root(name, &rules, root.origins(), progress)?;
            }
        }
        SiteBuilder::build(builder, progress.skipped())
    }
}
