// SPDX-License-Identifier: GPL-2.0-only

//! From sources to a site.

use super::{
    builtin,
    rules::Rules,
    walk::Walk,
    LoadError,
    LoadPolicy, //
    LoadProgress,
    Site,
    SiteBuilder,
    Sources,
};
use kernel::{
    current,
    prelude::*, //
};

/// Nothing, unless somebody wants the task to stop.
///
/// # Errors
///
/// `EINTR` after a signal.
pub(super) fn interrupted() -> Result {
    match current!().signal_pending() {
        true => Err(EINTR),
        false => Ok(()),
    }
}

/// Makes a site of `sources`, with the rights and in the mount namespace of the task that calls
/// it, and shares with `old` what is the same in both; `progress` tells how far it has come.
/// Process context, sleeps; a signal interrupts it.
///
/// # Errors
///
/// `ENOMEM`; what is said of a file or a rule that cannot be had; `EINTR`. Nothing is left behind.
pub(crate) fn load(
    sources: &Sources,
    old: Option<&Site>,
    progress: &LoadProgress,
) -> Result<Site, LoadError> {
    let mut terms = LoadPolicy::new(sources.bounds());
    Rules::new(sources.rules(), b"", b"")?.apply_to(&mut terms);
    let mut builder = SiteBuilder::new(&terms, old)?;
    for tree in sources.trees() {
        let name = tree.name();
        match tree.directory() {
            None => {
                let rules = Rules::new(sources.rules(), name, builtin::rules())?;
                builtin::add_to(&mut builder, &terms, progress)?;
                builder.finish_tree(name, &rules, tree.host())?;
            }
            Some(directory) => {
                let mut walk = Walk::new(directory, &terms, progress)?;
                let file = walk.rules()?;
                let rules = Rules::new(sources.rules(), name, &file)?;
                walk.add_to(&mut builder)?;
                builder.finish_tree(name, &rules, tree.host())?;
            }
        }
    }
    let mut site = builder.build()?;
    site.left_out = progress.left_out();
    Ok(site)
}
