// SPDX-License-Identifier: GPL-2.0-only

//! The site that is part of the module: what was in `www/` when the module was built.

use super::{
    Builder,
    LoadError,
    Progress, //
};
use kernel::prelude::*;
use protocol::archive::Archive;

/// Made by Kbuild: the files of `www/` as a cpio archive.
static ARCHIVE: &[u8] = include_bytes!(env!("KHTTPD_SITE"));

/// Adds all that is built in. Process context, may sleep.
///
/// # Errors
///
/// `ENOMEM`; `EINVAL` if the archive is not what Kbuild makes.
pub(super) fn add_to(builder: &mut Builder, progress: &Progress) -> Result<(), LoadError> {
    let mut path = KVec::new();
    for entry in Archive::new(ARCHIVE) {
        let entry = entry.map_err(|_| {
            LoadError::new(
                EINVAL,
                fmt!("what is built in is damaged: build the module anew"),
            )
        })?;
        path.clear();
        path.push(b'/', GFP_KERNEL)?;
        path.extend_from_slice(entry.name, GFP_KERNEL)?;
        builder.add(&path, entry.content, entry.modified)?;
        progress.add_file(entry.content.len());
    }
    Ok(())
}

#[kunit_tests(khttpd_builtin)]
mod tests {
    use super::{
        super::{
            EntryId,
            Site, //
        },
        *, //
    };
    use protocol::http::{
        Coding,
        Codings,
        Found,
        Path,
        PathBuffer,
        Site as _, //
    };

    fn find(site: &Site, path: &[u8]) -> Option<Found<EntryId>> {
        let mut buffer = KBox::new(PathBuffer::new(), GFP_KERNEL).ok()?;
        Some(site.find(None, Path::parse(path, &mut buffer).ok()??))
    }

    #[test]
    fn built_in_site_holds_every_byte_of_its_archive() -> Result {
        let mut builder = Builder::new();
        add_to(&mut builder, &Progress::new()).map_err(|e| e.errno())?;
        let site = builder.build()?;
        for entry in Archive::new(ARCHIVE) {
            let entry = entry.map_err(|_| EINVAL)?;
            let mut path = KVec::from_elem(b'/', 1, GFP_KERNEL)?;
            path.extend_from_slice(entry.name, GFP_KERNEL)?;
            let Some(Found::Resource(found, _)) = find(&site, &path) else {
                return Err(ENOENT);
            };
            let identity = site.representation(found, Coding::Identity).ok_or(ENOENT)?;
            let content = site.body(identity.body).ok_or(ENOENT)?;
            assert_eq!(content.len(), entry.content.len());
            assert!(content.slices().flatten().eq(entry.content));
        }
        Ok(())
    }

    #[test]
    fn directory_leads_to_its_index_and_without_slash_to_itself() -> Result {
        let mut builder = Builder::new();
        builder.add(b"/index.html", b"root", 0)?;
        builder.add(b"/a/b/index.html", b"below", 0)?;
        let site = builder.build()?;
        assert!(find(&site, b"/") == Some(Found::Resource(EntryId(0), Codings::IDENTITY)));
        assert!(find(&site, b"/a/b/") == Some(Found::Resource(EntryId(1), Codings::IDENTITY)));
        assert!(find(&site, b"/a/b") == Some(Found::Directory));
        assert!(find(&site, b"/a/") == Some(Found::Nothing));
        Ok(())
    }

    #[test]
    fn coded_file_beside_another_is_a_form_of_it_if_it_is_shorter() -> Result {
        let mut builder = Builder::new();
        builder.add(b"/a.css", b"a long style sheet", 0)?;
        builder.add(b"/a.css.br", b"short", 0)?;
        builder.add(b"/a.css.gz", b"longer than what it holds", 0)?;
        let site = builder.build()?;
        let both = Codings::IDENTITY.with(Coding::Brotli);
        assert!(find(&site, b"/a.css") == Some(Found::Resource(EntryId(0), both)));
        let coded = site
            .representation(EntryId(0), Coding::Brotli)
            .ok_or(ENOENT)?;
        assert_eq!(coded.length, 5);
        assert!(coded.media_type == b"text/css; charset=utf-8");
        let alone = site
            .representation(EntryId(1), Coding::Identity)
            .ok_or(ENOENT)?;
        assert!(alone.etag == coded.etag);
        assert!(site.representation(EntryId(1), Coding::Brotli).is_none());
        Ok(())
    }
}
