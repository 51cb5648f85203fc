// SPDX-License-Identifier: GPL-2.0-only

//! Tests of the fields of redirects and errors.

use kernel::prelude::kunit_tests;

#[kunit_tests(khttpd_site_fields)]
mod suite {
    use super::super::*;
    use kernel::str::CString;
    use protocol::http::SliceWriter;

    const FILES: [(&[u8], &[u8]); 3] = [
        (b"/index.html", b"root"),
        (b"/dir/index.html", b"dir"),
        (b"/404.html", b"missing"),
    ];

    /// Asserts the further lines of a response with this status.
    fn assert_fields(site: &Site, path: &[u8], status: Status, expected: &[u8]) -> Result {
        let mut buffer = KBox::new(PathBuffer::new(), GFP_KERNEL)?;
        let path = Path::parse(path, &mut buffer, Slashes::Merge).map_err(|_| EINVAL)?;
        let mut room = [0; 128];
        let mut lines = SliceWriter::new(&mut room);
        site.put_fields(Origin::default(), path.ok_or(EINVAL)?, status, &mut lines)
            .map_err(|_| EMSGSIZE)?;
        let length = lines.length();
        assert!(room.get(..length) == Some(expected));
        Ok(())
    }

    #[test]
    fn redirects_have_all_fields_of_their_path_and_errors_those_with_always() -> Result {
        let rules = b"field * A: 1\nfield /dir/* always B: 2\nfield *.js C: 3\n";
        let site = site(&FILES, rules, None)?;
        assert_fields(&site, b"/dir", Status::MovedPermanently, b"A: 1\r\n")?;
        assert_fields(
            &site,
            b"/dir/x.js",
            Status::Found,
            b"C: 3\r\nB: 2\r\nA: 1\r\n",
        )?;
        assert_fields(&site, b"/dir/x", Status::NotFound, b"B: 2\r\n")?;
        assert_fields(&site, b"/dir/", Status::MethodNotAllowed, b"B: 2\r\n")?;
        assert_fields(&site, b"/x.js", Status::NotFound, b"")
    }

    #[test]
    fn last_rule_of_a_name_counts() -> Result {
        let rules = b"field * always X-A: 1\nfield /dir/* x-a: 2\nfield /dir/sub/* always X-a: 3\n";
        let site = site(&FILES, rules, None)?;
        assert_fields(&site, b"/a", Status::Found, b"X-A: 1\r\n")?;
        assert_fields(&site, b"/dir/a", Status::Found, b"x-a: 2\r\n")?;
        assert_fields(&site, b"/dir/a", Status::BadRequest, b"X-A: 1\r\n")?;
        assert_fields(&site, b"/dir/sub/a", Status::BadRequest, b"X-a: 3\r\n")
    }

    #[test]
    fn error_does_not_repeat_the_fields_of_its_page() -> Result {
        let rules = b"field * always A: 1\nfield * always B: 1\nfield /404.html b: 2\n\
            field /dir/* always C: 3\n";
        let site = site(&FILES, rules, None)?;
        assert_fields(&site, b"/dir/a", Status::NotFound, b"C: 3\r\n")?;
        assert_fields(
            &site,
            b"/dir/a",
            Status::BadRequest,
            b"C: 3\r\nB: 1\r\nA: 1\r\n",
        )
    }

    #[test]
    fn fields_of_redirects_and_errors_are_limited() -> Result {
        let refused = |count: usize, make: &dyn Fn(usize) -> Result<CString>| -> Result<bool> {
            let mut rules = KVVec::new();
            for number in 0..count {
                rules.extend_from_slice(make(number)?.to_bytes(), GFP_KERNEL)?;
            }
            match site(&FILES, &rules, None) {
                Ok(_) => Ok(false),
                Err(e) => (e == ENOSPC).then_some(true).ok_or(e),
            }
        };
        let names = |number| CString::try_from_fmt(fmt!("field * A{number}: b\n"));
        assert!(!refused(64, &names)?);
        assert!(refused(65, &names)?);
        let bytes = |number| CString::try_from_fmt(fmt!("field * A{number}: {:.>1010}\n", '.'));
        assert!(!refused(4, &bytes)?);
        assert!(refused(5, &bytes)?);
        let rules = |number| CString::try_from_fmt(fmt!("field *.{number} A: b\n"));
        assert!(!refused(1024, &rules)?);
        assert!(refused(1025, &rules)?);
        // The fields of files do not count.
        let files = |_| CString::try_from_fmt(fmt!("field /404.html A: b\n"));
        assert!(!refused(1025, &files)?);
        Ok(())
    }
}
