// SPDX-License-Identifier: GPL-2.0-only

//! The site that is part of the module: what was in `www/` when the module was built.

use super::{
    rules::FILE,
    LoadError,
    LoadPolicy, //
    LoadProgress,
    SiteBuilder,
};
use crate::sys::page::PageBuffer;
use kernel::prelude::*;
use protocol::cpio::Archive;

/// Made by Kbuild: the files of `www/` as a cpio archive.
static ARCHIVE: &[u8] = include_bytes!(env!("KHTTPD_SITE"));

/// The rules that are built in, if there are any.
pub(super) fn rules() -> &'static [u8] {
    let file = Archive::new(ARCHIVE)
        .map_while(|entry| entry.ok())
        .find(|entry| entry.name == FILE);
    file.map_or(b"", |entry| entry.content)
}

/// Adds all that is built in. Process context, may sleep.
///
/// # Errors
///
/// `ENOMEM`; `EINVAL` if the archive is not what Kbuild makes; the bounds that are met.
pub(super) fn add_to(
    builder: &mut SiteBuilder<'_>,
    terms: &LoadPolicy,
    progress: &LoadProgress,
) -> Result<(), LoadError> {
    let mut path = KVec::new();
    for entry in Archive::new(ARCHIVE) {
        let entry = entry.map_err(|_| {
            LoadError::new(
                EINVAL,
                fmt!("what is built in is damaged: build the module anew"),
            )
        })?;
        if !entry
            .name
            .split(|byte| *byte == b'/')
            .all(|name| terms.admit_name(name))
        {
            continue;
        }
        path.clear();
        path.push(b'/', GFP_KERNEL)?;
        path.extend_from_slice(entry.name, GFP_KERNEL)?;
        let content = PageBuffer::copy_of(entry.content)?;
        builder
            .add(&path, content, entry.modified)
            .map_err(|e| LoadError::at(b"built-in", &path, e))?;
        progress.add_file(entry.content.len());
    }
    Ok(())
}

#[kunit_tests(khttpd_builtin)]
mod tests {
    use super::{
        super::{
            Limits,
            Site,
            Sources, //
        },
        *, //
    };
    use protocol::http::{
        Coding,
        HostPattern,
        Lookup,
        Path,
        PathBuffer,
        Resources as _, //
    };

    fn built_in() -> Result<Site> {
        let mut sources = Sources::new(Limits::MAX);
        sources.set_root(b"built-in", HostPattern::Any)?;
        crate::site::load(&sources, None, &LoadProgress::new()).map_err(|e| e.errno())
    }

    #[test]
    fn built_in_site_holds_every_byte_of_its_archive() -> Result {
        let site = built_in()?;
        let mut buffer = KBox::new(PathBuffer::new(), GFP_KERNEL)?;
        for entry in Archive::new(ARCHIVE) {
            let entry = entry.map_err(|_| EINVAL)?;
            let mut path = KVec::from_elem(b'/', 1, GFP_KERNEL)?;
            path.extend_from_slice(entry.name, GFP_KERNEL)?;
            let path = Path::parse(&path, &mut buffer)
                .map_err(|_| EINVAL)?
                .ok_or(EINVAL)?;
            let Lookup::Resource(found, _) = site.find(None, path) else {
                return Err(ENOENT);
            };
            let identity = site.representation(found, Coding::Identity).ok_or(ENOENT)?;
            let content = site.body(identity.body).ok_or(ENOENT)?;
            assert_eq!(content.len(), entry.content.len());
            assert!(content.slices().flatten().eq(entry.content));
        }
        Ok(())
    }
}
