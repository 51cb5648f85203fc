// SPDX-License-Identifier: GPL-2.0-only

//! Tests of sites of one root or several, by the files and rules that they are made from.

mod fields;
mod hand_over;
mod memory;

use super::SiteBuilder;
use crate::{
    site::{
        index::entry::EntryId,
        load::{
            error::LoadError,
            policy::{
                Limits,
                LoadPolicy, //
            },
            progress::LoadProgress,
            rules::Rules, //
        },
        Site, //
    },
    sys::{
        page::PageBuffer,
        text, //
    }, //
};
use kernel::prelude::*;
use protocol::http::{
    Coding,
    Lookup,
    Origin,
    OriginPattern,
    Path,
    PathBuffer,
    Resources as _,
    Scheme,
    Slashes,
    Status, //
};

/// Makes a site of one root.
fn site(files: &[(&[u8], &[u8])], rules: &[u8], old: Option<&Site>) -> Result<Site> {
    limited(files, rules, old, Limits::MAX).map_err(|e| e.errno())
}

/// Makes a site of one root within `limits`.
fn limited(
    files: &[(&[u8], &[u8])],
    rules: &[u8],
    old: Option<&Site>,
    limits: Limits,
) -> Result<Site, LoadError> {
    let policy = LoadPolicy::new(limits, &[]);
    let mut builder = SiteBuilder::new(&policy, &[], old)?;
    add(&mut builder, files, rules, OriginPattern::ANY)?;
    SiteBuilder::build(builder, 0)
}

/// Adds a root.
fn add(
    builder: &mut SiteBuilder<'_>,
    files: &[(&[u8], &[u8])],
    rules: &[u8],
    origins: OriginPattern<'_>,
) -> Result<(), LoadError> {
    for (path, content) in files {
        let content = PageBuffer::copy_of(content)?;
        builder
            .add(path, content, 0)
            .map_err(|e| LoadError::at(b"test", path, e))?;
    }
    builder.finish_root(
        b"test",
        &Rules::new(&[], b"test", rules)?,
        origins,
        &LoadProgress::new(),
    )
}

fn word(bytes: &[u8]) -> Result<KVec<u8>> {
    let mut word = KVec::new();
    word.extend_from_slice(bytes, GFP_KERNEL)?;
    Ok(word)
}

/// Looks up a path; returns the content that is found, or a word.
fn look_up(site: &Site, host: &[u8], path: &[u8]) -> Result<KVec<u8>> {
    let host = Some(host);
    look_up_at(
        site,
        Origin {
            host,
            ..Origin::default()
        },
        path,
    )
}

/// Looks up a path at an origin.
fn look_up_at(site: &Site, origin: Origin<'_>, path: &[u8]) -> Result<KVec<u8>> {
    let mut buffer = KBox::new(PathBuffer::new(), GFP_KERNEL)?;
    let path = Path::parse(path, &mut buffer, Slashes::Merge).map_err(|_| EINVAL)?;
    match site.find(origin, path.ok_or(EINVAL)?) {
        Lookup::NotFound => word(b"nothing"),
        Lookup::MissingSlash => word(b"directory"),
        Lookup::Redirect(redirect) => word(redirect.location),
        Lookup::Metrics(_) => word(b"metrics"),
        Lookup::HandOver(process) => word(&text::render(format_args!("{process}"))?),
        Lookup::Resource(entry, _) => {
            let identity = site.representation(entry, Coding::Identity).ok_or(EIO)?;
            let mut content = KVec::new();
            for piece in site.body(identity.body).ok_or(EIO)?.slices() {
                content.extend_from_slice(piece, GFP_KERNEL)?;
            }
            Ok(content)
        }
    }
}

/// Asserts that [`look_up`] returns `expected`.
fn assert_found(site: &Site, path: &[u8], expected: &[u8]) -> Result {
    let found = look_up(site, b"localhost", path)?;
    assert!(found[..] == *expected);
    Ok(())
}

#[kunit_tests(khttpd_site_paths)]
mod paths {
    use super::*;

    #[test]
    fn directory_serves_its_index_and_redirects_without_slash() -> Result {
        let files: [(&[u8], &[u8]); 2] =
            [(b"/index.html", b"root"), (b"/a/b/index.html", b"below")];
        let made = site(&files, b"", None)?;
        assert_found(&made, b"/", b"root")?;
        assert_found(&made, b"/index.html", b"root")?;
        assert_found(&made, b"/a/b/", b"below")?;
        assert_found(&made, b"/a/b", b"directory")?;
        assert_found(&made, b"/a/", b"nothing")?;
        assert_found(
            &site(&files, b"trailing-slash serve", None)?,
            b"/a/b",
            b"below",
        )?;
        assert_found(
            &site(&files, b"trailing-slash refuse", None)?,
            b"/a/b",
            b"nothing",
        )
    }

    #[test]
    fn redirects_win_over_files_and_files_over_fallbacks() -> Result {
        let rules = b"redirect 301 /old /new\n\
            redirect 301 /gone/first /new\n\
            metrics /gone/status\n\
            redirect 302 /gone/* /here/\n\
            redirect 301 /gone/last /new\n\
            redirect 307 /old /newer\n\
            metrics /app/status\n\
            fallback * /index.html\n\
            fallback /app/* /app/index.html\n";
        let files: [(&[u8], &[u8]); 5] = [
            (b"/index.html", b"root"),
            (b"/old", b"old"),
            (b"/gone/index.html", b"gone"),
            (b"/app/index.html", b"app"),
            (b"/app/file", b"file"),
        ];
        let made = site(&files, rules, None)?;
        assert_found(&made, b"/old", b"/newer")?;
        assert_found(&made, b"/gone/", b"/here/")?;
        assert_found(&made, b"/gone/index.html", b"/here/")?;
        assert_found(&made, b"/gone/a/b", b"/here/")?;
        assert_found(&made, b"/gone/first", b"/here/")?;
        assert_found(&made, b"/gone/status", b"/here/")?;
        assert_found(&made, b"/gone/last", b"/new")?;
        assert_found(&made, b"/gone", b"directory")?;
        assert_found(&made, b"/app/file", b"file")?;
        assert_found(&made, b"/app/status", b"metrics")?;
        assert_found(&made, b"/app/other", b"app")?;
        assert_found(&made, b"/other", b"root")
    }

    #[test]
    fn number_of_directory_rules_is_limited() -> Result {
        let count = |redirects, fallbacks| -> Result<Result<Site>> {
            let mut rules = KVec::new();
            for _ in 0..redirects {
                rules.extend_from_slice(
                    b"redirect 301 /a/* /b/\nredirect 301 /c /d\n",
                    GFP_KERNEL,
                )?;
            }
            for _ in 0..fallbacks {
                rules.extend_from_slice(b"fallback /a/* /index.html\n", GFP_KERNEL)?;
            }
            Ok(site(&[(b"/index.html", b"root")], &rules, None))
        };
        assert!(count(1000, 24)?.is_ok());
        assert!(count(1001, 24)?.err() == Some(ENOSPC));
        assert!(count(1000, 25)?.err() == Some(ENOSPC));
        Ok(())
    }

    #[test]
    fn error_pages_come_from_rules_or_404_html() -> Result {
        let files: [(&[u8], &[u8]); 2] = [(b"/404.html", b"plain"), (b"/e", b"by rule")];
        let page = |rules, status| -> Result<Option<u64>> {
            let made = site(&files, rules, None)?;
            let page = made.error_page(Origin::default(), status);
            Ok(page.map(|page| page.length))
        };
        assert_eq!(page(b"", Status::NotFound)?, Some(5));
        assert_eq!(page(b"error 404 /e", Status::NotFound)?, Some(7));
        assert_eq!(page(b"error 405 /e", Status::MethodNotAllowed)?, Some(7));
        assert_eq!(page(b"", Status::MethodNotAllowed)?, None);
        assert!(page(b"error 404 /none", Status::NotFound) == Err(ENOENT));
        assert!(page(b"fallback * /none", Status::NotFound) == Err(ENOENT));
        Ok(())
    }

    #[test]
    fn each_host_has_its_own_root() -> Result {
        let policy = LoadPolicy::new(Limits::MAX, &[]);
        let mut builder = SiteBuilder::new(&policy, &[], None)?;
        for (host, content) in [("*", "any"), ("a.example", "a"), ("*.a.example", "below")] {
            let host = OriginPattern::parse(host.as_bytes()).map_err(|_| EINVAL)?;
            let files: [(&[u8], &[u8]); 2] = [(b"/f", content.as_bytes()), (b"/same", b"same")];
            add(&mut builder, &files, b"", host).map_err(|e| e.errno())?;
        }
        let made = SiteBuilder::build(builder, 0).map_err(|e| e.errno())?;
        for (host, content) in [("b", "any"), ("A.example.", "a"), ("x.a.example", "below")] {
            assert!(look_up(&made, host.as_bytes(), b"/f")?[..] == *content.as_bytes());
        }
        assert_eq!((made.len(), made.contents.len()), (6, 4));
        Ok(())
    }

    #[test]
    fn each_scheme_has_its_own_root_with_its_pages() -> Result {
        let policy = LoadPolicy::new(Limits::MAX, &[]);
        let mut builder = SiteBuilder::new(&policy, &[], None)?;
        let files: [(&[u8], &[u8]); 2] = [(b"/f", b"both"), (b"/404.html", b"none")];
        add(&mut builder, &files, b"", OriginPattern::ANY).map_err(|e| e.errno())?;
        let plain = OriginPattern::parse(b"http://*").map_err(|_| EINVAL)?;
        let rules = b"redirect 301 /* https://$host$path";
        add(&mut builder, &[], rules, plain).map_err(|e| e.errno())?;
        let made = SiteBuilder::build(builder, 0).map_err(|e| e.errno())?;
        for (scheme, content, length) in [
            (Scheme::Http, &b"https://$host$path"[..], None),
            (Scheme::Https, b"both", Some(4)),
        ] {
            let host = Some(&b"a"[..]);
            let origin = Origin { scheme, host };
            assert!(look_up_at(&made, origin, b"/f")?[..] == *content);
            let page = made.error_page(origin, Status::NotFound);
            assert!(page.map(|page| page.length) == length);
        }
        assert!(made.replies_of(b"http://*").is_some() && made.replies_of(b"http://a").is_none());
        let mut names = made.replies().map(|(name, _)| name);
        assert!(names.next() == Some(b"*") && names.next() == Some(b"http://*"));
        Ok(())
    }
}

#[kunit_tests(khttpd_site_variants)]
mod variants {
    use super::*;

    #[test]
    fn shorter_precompressed_file_is_a_variant() -> Result {
        let files: [(&[u8], &[u8]); 3] = [
            (b"/a.css", b"a long style sheet"),
            (b"/a.css.br", b"short"),
            (b"/a.css.gz", b"longer than what it holds"),
        ];
        let made = site(&files, b"", None)?;
        let entry = EntryId(0);
        let coded = made.representation(entry, Coding::Brotli).ok_or(ENOENT)?;
        assert_eq!(coded.length, 5);
        assert!(coded.head.media_type() == b"text/css; charset=utf-8");
        assert!(made.representation(entry, Coding::Gzip).is_none());
        assert_found(&made, b"/a.css.br", b"short")?;
        assert_found(&made, b"/a.css.gz", b"longer than what it holds")?;
        assert!(made.representation(EntryId(1), Coding::Brotli).is_none());
        assert_eq!(made.contents.len(), 3);
        Ok(())
    }

    #[test]
    fn coding_that_an_entry_lacks_has_no_representation() -> Result {
        let files: [(&[u8], &[u8]); 3] = [
            (b"/a.css", b"a style sheet without variants"),
            (b"/b.css", b"another style sheet"),
            (b"/b.css.gz", b"packed"),
        ];
        let made = site(&files, b"", None)?;
        assert!(made.representation(EntryId(1), Coding::Gzip).is_some());
        for coding in [Coding::Gzip, Coding::Brotli, Coding::Zstd] {
            assert!(made.representation(EntryId(0), coding).is_none());
        }
        Ok(())
    }

    #[test]
    fn last_rule_determines_fields_of_head() -> Result {
        let rules = b"cache-control * no-cache\ncache-control /a/* max-age=60\n\
            field * X-A: 1\nfield *.css x-a: 2\nfield *.css X-B: 3\n\
            media-type *.css text/plain\n";
        let files: [(&[u8], &[u8]); 2] = [(b"/a/b.css", b""), (b"/c", b"")];
        let made = site(&files, rules, None)?;
        let head = |number| -> Result<&[u8]> {
            let identity = made.representation(EntryId(number), Coding::Identity);
            Ok(identity.ok_or(ENOENT)?.head.whole())
        };
        let has = |head: &[u8], line: &[u8]| head.windows(line.len()).any(|part| part == line);
        let style = head(0)?;
        assert!(has(
            style,
            b"\r\nCache-Control: max-age=60\r\nx-a: 2\r\nX-B: 3\r\n"
        ));
        assert!(has(style, b"\r\nContent-Type: text/plain\r\n"));
        assert!(!has(style, b"X-A: 1"));
        assert!(has(
            head(1)?,
            b"\r\nCache-Control: no-cache\r\nX-A: 1\r\nServer: "
        ));
        Ok(())
    }

    #[test]
    fn malformed_rules_are_rejected() {
        for rules in [
            &b"error 404"[..],
            b"eror 404 /a",
            b"follow-links yes",
            b"field * A: b\x01c",
        ] {
            assert!(site(&[], rules, None).err() == Some(EINVAL));
        }
    }
}
