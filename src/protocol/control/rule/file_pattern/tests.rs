// SPDX-License-Identifier: GPL-2.0-only

//! Tests of the patterns.

use super::FilePattern;

fn pattern(word: &str) -> FilePattern<'_> {
    FilePattern::parse(word.as_bytes()).unwrap()
}

#[test]
fn pattern_covers_what_is_below_a_directory_that_it_matches() {
    for (files, covered, others) in [
        (
            "*.bak",
            &["/a.bak", "/a.bak/b", "/d/a.bak"][..],
            &["/a.bak2", "/.ba/k"][..],
        ),
        ("/dir", &["/dir", "/dir/", "/dir/a/b"], &["/dirs", "/a/dir"]),
        ("/dir/*", &["/dir/", "/dir/a"], &["/dir", "/dirs/a"]),
        ("*", &["/", "/a"], &[]),
    ] {
        let files = pattern(files);
        assert!(
            covered.iter().all(|path| files.covers(path.as_bytes())),
            "{files}"
        );
        assert!(
            !others.iter().any(|path| files.covers(path.as_bytes())),
            "{files}"
        );
    }
}

#[test]
fn pattern_matches_all_suffix_directory_or_path() {
    for (word, path, matches) in [
        ("*", "/", true),
        ("*.css", "/a/b.css", true),
        ("*.css", "/a/b.CSS", false),
        ("*.css", "/a.css/b", false),
        ("*%20x", "/a x", true),
        ("/a/*", "/a/", true),
        ("/a/*", "/a/b/c", true),
        ("/a/*", "/a", false),
        ("/a/*", "/ab", false),
        ("/*", "/x", true),
        ("/a%20b/*", "/a b/c", true),
        ("/a", "/a", true),
        ("/a", "/a/", false),
        ("/caf%C3%A9", "/caf\u{e9}", true),
        ("/caf\u{e9}", "/caf\u{e9}", true),
        ("/%2A", "/*", true),
    ] {
        assert_eq!(
            pattern(word).matches(path.as_bytes()),
            matches,
            "{word} {path}"
        );
    }
}
