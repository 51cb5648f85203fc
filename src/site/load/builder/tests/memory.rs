// SPDX-License-Identifier: GPL-2.0-only

//! Tests of the memory of sites.

use kernel::prelude::kunit_tests;

#[kunit_tests(khttpd_site_memory)]
mod suite {
    use super::super::*;
    use crate::{
        site::load::file_error::FileError,
        sys::sched::count, //
    };

    #[test]
    fn equal_content_is_stored_once_and_shared_with_the_old_site() -> Result {
        let first = site(
            &[(b"/a", b"same"), (b"/b", b"same"), (b"/c", b"other")],
            b"",
            None,
        )?;
        assert_eq!((first.len(), first.contents.len()), (3, 2));
        let files: [(&[u8], &[u8]); 2] = [(b"/x", b"other"), (b"/y", b"new")];
        let second = site(&files, b"", Some(&first))?;
        let address = |site: &Site, number| -> Result<*const u8> {
            let body = site.representation(EntryId(number), Coding::Identity);
            let bytes = site.body(body.ok_or(ENOENT)?.body).ok_or(ENOENT)?;
            Ok(bytes.slices().next().ok_or(ENOENT)?.as_ptr())
        };
        assert!(address(&first, 0)? == address(&first, 1)?);
        assert!(address(&first, 2)? == address(&second, 0)?);
        drop(first);
        assert_found(&second, b"/x", b"other")?;
        assert_found(&second, b"/y", b"new")
    }

    #[test]
    fn limits_are_enforced() -> Result {
        let files: [(&[u8], &[u8]); 3] = [(b"/a", b"1"), (b"/b", b"2"), (b"/c", b"3")];
        let with = |limits| limited(&files, b"", None, limits).err().map(|e| e.errno());
        let max = Limits::MAX;
        assert!(with(Limits {
            max_entries: 3,
            ..max
        })
        .is_none());
        assert!(
            with(Limits {
                max_entries: 2,
                ..max
            }) == Some(ENOSPC)
        );
        assert!(
            with(Limits {
                max_site_bytes: 1000,
                ..max
            }) == Some(ENOSPC)
        );
        assert!(with(Limits {
            max_site_bytes: 1 << 20,
            ..max
        })
        .is_none());
        Ok(())
    }

    /// Makes a site of `count` files of a page each.
    fn numbered(policy: &LoadPolicy, count: u32) -> Result<Site> {
        let mut builder = SiteBuilder::new(policy, &[], None)?;
        for number in 0..count {
            let mut path = word(b"/a-directory/with-some/files-0000.html")?;
            path.extend_from_slice(&number.to_be_bytes(), GFP_KERNEL)?;
            let mut content = PageBuffer::new(4096)?;
            for (to, byte) in content.pieces().flatten().zip(number.to_be_bytes()) {
                *to = byte;
            }
            builder.add(&path, content, 0).map_err(FileError::errno)?;
        }
        let rules = Rules::new(&[], b"", b"").map_err(|e| e.errno())?;
        builder
            .finish_root(b"", &rules, OriginPattern::ANY, &LoadProgress::new())
            .map_err(|e| e.errno())?;
        SiteBuilder::build(builder, 0).map_err(|e| e.errno())
    }

    #[test]
    fn entry_takes_less_than_512_bytes_beside_its_content() -> Result {
        const COUNT: u32 = 20_000;
        let made = numbered(&LoadPolicy::new(Limits::MAX, &[]), COUNT)?;
        let entries = COUNT as usize;
        let beside = (made.footprint() - entries * 4096) / entries;
        pr_info!("an entry takes {beside} bytes beside its content\n");
        assert!(beside < 512);
        Ok(())
    }

    #[test]
    fn other_tasks_run_while_a_site_is_shared_and_freed() -> Result {
        let policy = LoadPolicy::new(Limits::MAX, &[]);
        let old = numbered(&policy, 100)?;
        let mut builder = Err(EINVAL);
        assert!(count::during(|| builder = SiteBuilder::new(&policy, &[], Some(&old))) >= 100);
        drop(builder?);
        assert!(count::during(|| drop(old)) >= 100);
        Ok(())
    }
}
