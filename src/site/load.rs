// SPDX-License-Identifier: GPL-2.0-only

//! From sources to a site.

use super::{
    builtin,
    Builder,
    LoadError,
    Progress,
    Site,
    Sources, //
};
use kernel::prelude::*;

/// Makes a site of `sources`, with the rights and in the mount namespace of the task that calls
/// it, and shares with `old` what is the same in both; `progress` tells how far it has come.
/// Process context, sleeps; a signal interrupts it.
///
/// # Errors
///
/// `ENOMEM`; what is said of a file or a rule that cannot be had; `EINTR`. Nothing is left behind.
pub(crate) fn load(
    sources: &Sources,
    _old: Option<&Site>,
    progress: &Progress,
) -> Result<Site, LoadError> {
    let mut builder = Builder::new();
    for tree in sources.trees() {
        match tree.directory() {
            None => builtin::add_to(&mut builder, progress)?,
            Some(directory) => {
                return Err(LoadError::new(
                    EOPNOTSUPP,
                    fmt!("{directory:?}: directories can't be loaded yet"),
                ))
            }
        }
    }
    Ok(builder.build()?)
}
