// SPDX-License-Identifier: GPL-2.0-only

//! The built-in files: those that were in `www/` when the module was built.

use super::{
    builder::SiteBuilder,
    error::LoadError,
    policy::LoadPolicy,
    progress::LoadProgress,
    rules::{
        Rules,
        RULES_FILE, //
    }, //
};
use crate::sys::{
    page::PageBuffer,
    sched, //
};
use core::mem;
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
    rules: &Rules<'_>,
    progress: &LoadProgress,
) -> Result<(), LoadError> {
    add_archive(ARCHIVE, builder, policy, rules, progress)
}

/// Adds all files of `archive` that policy and rules admit.
fn add_archive(
    archive: &[u8],
    builder: &mut SiteBuilder<'_>,
    policy: &LoadPolicy,
    rules: &Rules<'_>,
    progress: &LoadProgress,
) -> Result<(), LoadError> {
    let (mut path, mut previous) = (KVec::new(), KVec::new());
    for member in Archive::new(archive) {
        sched::cond_resched();
        let member = member.map_err(|_| {
            LoadError::new(
                EINVAL,
                format_args!("built-in files: malformed archive; rebuild the module"),
            )
        })?;
        path.clear();
        path.push(b'/', GFP_KERNEL)?;
        path.extend_from_slice(member.name, GFP_KERNEL)?;
        let mut names = member.name.split(|byte| *byte == b'/');
        if !names.all(|name| policy.admits_name(name)) || rules.excludes(&path) {
            progress.add_skipped();
            continue;
        }
        let content = PageBuffer::copy_of(member.content)?;
        builder
            .add(&path, content, member.modified)
            .map_err(|e| LoadError::at(b"built-in", &path, e))?;
        progress.add_file(member.content.len());
        if rules.autoindex() {
            add_directories(builder, &path, &previous)?;
            mem::swap(&mut path, &mut previous);
        }
    }
    Ok(())
}

/// Adds the directories that contain the file at `path`, but not those that contain the `previous`
/// one, too: the archive is sorted, and has no directories.
fn add_directories(
    builder: &mut SiteBuilder<'_>,
    path: &[u8],
    previous: &[u8],
) -> Result<(), LoadError> {
    for (slash, _) in path.iter().enumerate().filter(|(_, octet)| **octet == b'/') {
        let directory = path.get(..=slash).unwrap_or_default();
        if !previous.starts_with(directory) {
            builder.add_directory(directory, 0)?;
        }
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
    use crate::{
        site::Site,
        sys::{
            fs::FsPath,
            text, //
        }, //
    };
    use protocol::http::{
        Coding,
        Lookup,
        Origin,
        OriginPattern,
        Path,
        PathBuffer,
        Resources as _,
        Slashes, //
    };

    fn built_in() -> Result<Site> {
        let mut sources = Sources::new(Limits::MAX);
        sources.set_root(b"built-in", OriginPattern::ANY)?;
        Site::load(
            &sources,
            &FsPath::root_of_current(),
            None,
            &LoadProgress::new(),
            None,
        )
        .map_err(|e| e.errno())
    }

    #[test]
    fn built_in_site_contains_every_byte_of_its_archive() -> Result {
        let site = built_in()?;
        let mut buffer = KBox::new(PathBuffer::new(), GFP_KERNEL)?;
        for member in Archive::new(ARCHIVE) {
            let member = member.map_err(|_| EINVAL)?;
            let mut path = KVec::from_elem(b'/', 1, GFP_KERNEL)?;
            path.extend_from_slice(member.name, GFP_KERNEL)?;
            let path = Path::parse(&path, &mut buffer, Slashes::Merge)
                .map_err(|_| EINVAL)?
                .ok_or(EINVAL)?;
            let Lookup::Resource(entry, _) = site.find(Origin::default(), path) else {
                return Err(ENOENT);
            };
            let identity = site.representation(entry, Coding::Identity).ok_or(ENOENT)?;
            let content = site.body(identity.body).ok_or(ENOENT)?;
            assert_eq!(content.len(), member.content.len());
            assert!(content.slices().flatten().eq(member.content));
        }
        Ok(())
    }

    /// Appends a file to an archive.
    fn append(archive: &mut KVec<u8>, name: &str, content: &str) -> Result {
        let (mode, name_len, len, zero) = (0o100_644, name.len() + 1, content.len(), 0);
        let header = text::render(fmt!(
            "070701{zero:08x}{mode:08x}{zero:032x}{len:08x}{zero:032x}{name_len:08x}{zero:08x}\
            {name}\0"
        ))?;
        for part in [&header[..], content.as_bytes()] {
            archive.extend_from_slice(part, GFP_KERNEL)?;
            let padded = archive.len().next_multiple_of(4);
            archive.resize(padded, 0, GFP_KERNEL)?;
        }
        Ok(())
    }

    #[test]
    fn built_in_files_that_the_policy_excludes_are_counted_as_skipped() -> Result {
        let mut archive = KVec::new();
        for name in [".hidden", "shown", "a/.git/config", "line\nfeed"] {
            append(&mut archive, name, "content")?;
        }
        append(&mut archive, "TRAILER!!!", "")?;
        let policy = LoadPolicy::new(Limits::MAX, &[]);
        let progress = LoadProgress::new();
        let mut builder = SiteBuilder::new(&policy, &[], None)?;
        let rules = Rules::new(&[], b"test", b"").map_err(|e| e.errno())?;
        add_archive(&archive, &mut builder, &policy, &rules, &progress).map_err(|e| e.errno())?;
        assert_eq!((progress.files(), progress.skipped()), (1, 3));
        Ok(())
    }
}
