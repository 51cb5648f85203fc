// SPDX-License-Identifier: GPL-2.0-only

//! The built-in files: those that were in `www/` when the module was built.

use super::{
    builder::SiteBuilder,
    error::LoadError,
    policy::LoadPolicy,
    progress::LoadProgress,
    rules::RULES_FILE, //
};
use crate::sys::page::PageBuffer;
use kernel::prelude::*;
use protocol::cpio::Archive;

/// The files of `www/` as a cpio archive, made by Kbuild.
static ARCHIVE: &[u8] = include_bytes!(env!("KHTTPD_SITE"));

/// Returns the built-in rules, empty if there are none.
pub(super) fn rules() -> &'static [u8] {
    let file = Archive::new(ARCHIVE)
        .map_while(|member| member.ok())
        .find(|member| member.name == RULES_FILE);
    file.map_or(b"", |member| member.content)
}

/// Adds all built-in files to the root that is being read.
///
/// # Context
///
/// Process context, may sleep.
///
/// # Errors
///
/// - `EINVAL` for a malformed archive;
/// - `ENOMEM`;
/// - the limit that is exceeded.
pub(super) fn add_to(
    builder: &mut SiteBuilder<'_>,
    policy: &LoadPolicy,
    progress: &LoadProgress,
) -> Result<(), LoadError> {
    let mut path = KVec::new();
    for member in Archive::new(ARCHIVE) {
        let member = member.map_err(|_| {
            LoadError::new(
                EINVAL,
                format_args!("built-in files: malformed archive; rebuild the module"),
            )
        })?;
        let mut names = member.name.split(|byte| *byte == b'/');
        if !names.all(|name| policy.admits_name(name)) {
            continue;
        }
        path.clear();
        path.push(b'/', GFP_KERNEL)?;
        path.extend_from_slice(member.name, GFP_KERNEL)?;
        let content = PageBuffer::copy_of(member.content)?;
        builder
            .add(&path, content, member.modified)
            .map_err(|e| LoadError::at(b"built-in", &path, e))?;
        progress.add_file(member.content.len());
    }
    Ok(())
}

#[kunit_tests(khttpd_builtin)]
mod tests {
    use super::{
        super::{
            Limits,
            Sources, //
        },
        *, //
    };
    use crate::site::Site;
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
        Site::load(&sources, None, &LoadProgress::new()).map_err(|e| e.errno())
    }

    #[test]
    fn built_in_site_contains_every_byte_of_its_archive() -> Result {
        let site = built_in()?;
        let mut buffer = KBox::new(PathBuffer::new(), GFP_KERNEL)?;
        for member in Archive::new(ARCHIVE) {
            let member = member.map_err(|_| EINVAL)?;
            let mut path = KVec::from_elem(b'/', 1, GFP_KERNEL)?;
            path.extend_from_slice(member.name, GFP_KERNEL)?;
            let path = Path::parse(&path, &mut buffer)
                .map_err(|_| EINVAL)?
                .ok_or(EINVAL)?;
            let Lookup::Resource(entry, _) = site.find(None, path) else {
                return Err(ENOENT);
            };
            let identity = site.representation(entry, Coding::Identity).ok_or(ENOENT)?;
            let content = site.body(identity.body).ok_or(ENOENT)?;
            assert_eq!(content.len(), member.content.len());
            assert!(content.slices().flatten().eq(member.content));
        }
        Ok(())
    }
}
