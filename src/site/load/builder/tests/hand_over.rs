// SPDX-License-Identifier: GPL-2.0-only

//! Tests of the rules that hand connections over to processes.

use kernel::prelude::kunit_tests;

#[kunit_tests(khttpd_site_hand_over)]
mod suite {
    use super::super::*;
    use crate::{
        site::load::{
            progress::LoadProgress,
            sources::Sources, //
        },
        sys::fs::FsPath, //
    };
    use protocol::{
        control::{
            line::Lines,
            rule::Rule, //
        },
        http::Representation, //
    };

    const FILES: [(&[u8], &[u8]); 5] = [
        (b"/index.html", b"root"),
        (b"/app/index.html", b"app"),
        (b"/app/file", b"a file"),
        (b"/app/file.gz", b"gz"),
        (b"/404.html", b"missing"),
    ];

    /// Makes a site of one root for `hosts`, with rules of the node and of the root.
    fn made(node: &[u8], rules: &[u8], hosts: OriginPattern<'_>) -> Result<Site> {
        let mut node_rules = KVVec::new();
        for line in Lines::new(node) {
            let rule = Rule::parse(line).map_err(|_| EINVAL)?.ok_or(EINVAL)?;
            node_rules.push(rule, GFP_KERNEL)?;
        }
        let policy = LoadPolicy::new(Limits::MAX, &node_rules);
        let mut builder = SiteBuilder::new(&policy, &node_rules, None)?;
        add(&mut builder, &FILES, rules, hosts).map_err(|e| e.errno())?;
        SiteBuilder::build(builder, 0).map_err(|e| e.errno())
    }

    /// Asserts that a request with another method than GET, HEAD and OPTIONS is for `expected`.
    fn assert_process(site: &Site, path: &[u8], expected: &[u8]) -> Result {
        let mut buffer = KBox::new(PathBuffer::new(), GFP_KERNEL)?;
        let path = Path::parse(path, &mut buffer, Slashes::Merge).map_err(|_| EINVAL)?;
        let shown = match site.process(Origin::default(), path.ok_or(EINVAL)?) {
            Some(process) => word(&text::render(format_args!("{process}"))?)?,
            None => word(b"nothing")?,
        };
        assert!(shown[..] == *expected);
        Ok(())
    }

    #[test]
    fn path_without_file_or_redirect_is_handed_over_before_fallbacks() -> Result {
        let node = b"hand-over * 8000\nhand-over /app/* [::1]:8001\nhand-over *.php 8002\n";
        let rules = b"redirect 301 /old /new\nredirect 301 /gone/* /here/\n\
            metrics /status\nfallback * /index.html\n";
        let site = made(node, rules, OriginPattern::ANY)?;
        for (path, expected) in [
            (&b"/"[..], &b"root"[..]),
            (b"/app/", b"app"),
            (b"/app", b"directory"),
            (b"/old", b"/new"),
            (b"/gone/x.php", b"/here/"),
            (b"/status", b"metrics"),
            (b"/other", b"8000"),
            (b"/app/other", b"[::1]:8001"),
            (b"/app/other.php", b"8002"),
            (b"/a.php/b", b"8000"),
        ] {
            assert_found(&site, path, expected)?;
        }
        let site = made(b"hand-over /app/* 1", rules, OriginPattern::ANY)?;
        assert_found(&site, b"/other", b"root")
    }

    #[test]
    fn always_hands_over_files_redirects_and_metrics() -> Result {
        let node = b"hand-over /app/* 8000 always\nhand-over /gone/* 8001 always\n\
            hand-over /old 8002 always\nhand-over /status 8003 always\n\
            hand-over /app/last/* 8004\nhand-over /app 8005 always\n";
        let rules = b"redirect 301 /old /new\nredirect 301 /gone/* /here/\n\
            redirect 302 /app/last/old /new\nmetrics /status\nfallback * /index.html\n";
        let site = made(node, rules, OriginPattern::ANY)?;
        for (path, expected) in [
            (&b"/app/"[..], &b"8000"[..]),
            (b"/app/file", b"8000"),
            (b"/app/none", b"8000"),
            (b"/app", b"8005"),
            (b"/gone/x", b"8001"),
            (b"/old", b"8002"),
            (b"/status", b"8003"),
            (b"/app/last/none", b"8004"),
            (b"/app/last/old", b"8000"),
            (b"/", b"root"),
            (b"/none", b"root"),
        ] {
            assert_found(&site, path, expected)?;
        }
        Ok(())
    }

    #[test]
    fn always_leaves_pages_and_variants_of_a_site() -> Result {
        let node = b"hand-over * 8000 always";
        let rules = b"error 405 /app/file\nfallback /app/* /app/index.html\n";
        let site = made(node, rules, OriginPattern::ANY)?;
        let length = |page: Option<Representation<'_, _>>| page.map(|page| page.length);
        assert_eq!(
            length(site.error_page(Origin::default(), Status::NotFound)),
            Some(7)
        );
        assert_eq!(
            length(site.error_page(Origin::default(), Status::MethodNotAllowed)),
            Some(6)
        );
        assert_eq!(
            length(site.representation(EntryId(2), Coding::Gzip)),
            Some(2)
        );
        assert_found(&site, b"/app/file.gz", b"8000")
    }

    #[test]
    fn host_without_a_root_has_the_rules_too() -> Result {
        let node = b"hand-over *.php 8000\nhand-over /app/* 8001 always\n";
        let site = made(
            node,
            b"",
            OriginPattern::parse(b"other.example").map_err(|_| EINVAL)?,
        )?;
        assert_found(&site, b"/a.php", b"8000")?;
        assert_found(&site, b"/app/", b"8001")?;
        assert_found(&site, b"/", b"nothing")
    }

    #[test]
    fn other_methods_are_for_the_process_whatever_is_at_the_path() -> Result {
        let node = b"hand-over /app/* 8000 always\nhand-over *.html 8001\n";
        let site = made(node, b"", OriginPattern::ANY)?;
        assert_process(&site, b"/app/file", b"8000")?;
        assert_process(&site, b"/app/none.html", b"8001")?;
        assert_process(&site, b"/index.html", b"8001")?;
        assert_process(&site, b"/", b"nothing")
    }

    #[test]
    fn patterns_are_decoded() -> Result {
        let node = b"hand-over /a%20b/* 8000\nhand-over *%2Cx 8001\nhand-over /%41 8002\n";
        let site = made(node, b"", OriginPattern::ANY)?;
        assert_found(&site, b"/a%20b/", b"8000")?;
        assert_found(&site, b"/,x", b"8001")?;
        assert_found(&site, b"/A", b"8002")?;
        assert_found(&site, b"/AA", b"nothing")
    }

    #[test]
    fn only_the_node_hands_over() {
        let site = made(b"", b"hand-over * 8000", OriginPattern::ANY);
        assert!(site.err() == Some(EINVAL));
    }

    #[test]
    fn number_of_rules_is_limited_with_and_without_roots() -> Result {
        let loaded = |count, has_root| -> Result<Option<Error>> {
            let mut sources = Sources::new(Limits::MAX);
            for number in 1..=count {
                let rule = text::render(fmt!("hand-over /{number} {number}\n"))?;
                let line = Lines::new(&rule).next().ok_or(EINVAL)?;
                let rule = Rule::parse(line).map_err(|_| EINVAL)?.ok_or(EINVAL)?;
                sources.add_rule(&rule)?;
            }
            if has_root {
                sources.set_root(b"built-in", OriginPattern::ANY)?;
            }
            let site = Site::load(
                &sources,
                &FsPath::root_of_current(),
                None,
                &LoadProgress::new(),
                None,
            );
            Ok(site.err().map(|e| e.errno()))
        };
        for has_root in [false, true] {
            assert!(loaded(1024, has_root)?.is_none());
            assert!(loaded(1025, has_root)? == Some(ENOSPC));
        }
        Ok(())
    }
}
