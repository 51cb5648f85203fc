// SPDX-License-Identifier: GPL-2.0-only

//! Media types, by the suffix of a file's name.
//!
//! The table comes from Debian's package `media-types`: `tests/tools/media-types` writes it.

use core::cmp::Ordering;
use kernel::prelude::*;

/// Media types by suffix in lower case: lines of a suffix, a space and a media type, sorted by their
/// bytes, below some comments.
const TABLE: &str = include_str!("media_types");

/// The media type of the page of a directory.
const LISTING: &str = "text/html";

/// The media type of an unknown suffix, which browsers save to a file.
const UNKNOWN: &str = "application/octet-stream";

/// The greatest length of a suffix that is looked up, in bytes. Those in the table are shorter.
const SUFFIX_MAX: usize = 32;

/// Appends the `Content-Type` of the file with this path. Text is declared to be UTF-8.
///
/// # Context
///
/// Process context, may sleep.
///
/// # Errors
///
/// `ENOMEM`.
pub(super) fn put(path: &[u8], to: &mut KVec<u8>) -> Result {
    let media_type = essence(path);
    to.extend_from_slice(media_type.as_bytes(), GFP_KERNEL)?;
    if media_type.starts_with("text/") {
        to.extend_from_slice(b"; charset=utf-8", GFP_KERNEL)?;
    }
    Ok(())
}

/// Returns the media type without parameters. A path that ends with a slash is that of a page that
/// lists a directory.
fn essence(path: &[u8]) -> &'static str {
    if path.ends_with(b"/") {
        return LISTING;
    }
    let mut buffer = [0; SUFFIX_MAX];
    suffix(path, &mut buffer)
        .and_then(by_suffix)
        .unwrap_or(UNKNOWN)
}

/// Returns the suffix in lower case, without its dot.
fn suffix<'a>(path: &[u8], buffer: &'a mut [u8; SUFFIX_MAX]) -> Option<&'a str> {
    let name = path.rsplit(|&byte| byte == b'/').next()?;
    let dot = name.iter().rposition(|&byte| byte == b'.')?;
    let (_, suffix) = name.split_at_checked(dot + 1)?;
    let lower = buffer.get_mut(..suffix.len())?;
    lower.copy_from_slice(suffix);
    lower.make_ascii_lowercase();
    core::str::from_utf8(lower).ok()
}

/// Looks up the media type of a suffix in lower case, by a binary search among the lines.
fn by_suffix(suffix: &str) -> Option<&'static str> {
    let mut rest = TABLE;
    loop {
        let (before, _) = rest.split_at_checked(rest.len() / 2)?;
        let start = before.rfind('\n').map_or(0, |end| end + 1);
        let (before, from) = rest.split_at_checked(start)?;
        let (line, after) = from.split_once('\n')?;
        // All comments precede the table, where their character belongs.
        let (known, media_type) = line
            .split_once(' ')
            .filter(|_| !line.starts_with('#'))
            .unwrap_or(("#", UNKNOWN));
        rest = match suffix.cmp(known) {
            Ordering::Less => before,
            Ordering::Equal => return Some(media_type),
            Ordering::Greater => after,
        };
    }
}

#[kunit_tests(khttpd_media_type)]
mod tests {
    use super::*;

    #[test]
    fn each_suffix_of_the_table_is_found() {
        let mut lines = TABLE.lines().filter(|line| !line.starts_with('#'));
        let suffixes = lines.clone().map(|line| line.split(' ').next());
        assert!(suffixes.is_sorted_by(|a, b| a < b));
        assert!(lines.all(|line| line
            .split_once(' ')
            .is_some_and(|(suffix, media_type)| by_suffix(suffix) == Some(media_type))));
    }

    #[test]
    fn comment_of_the_table_is_no_suffix() {
        assert_eq!(essence(b"/a.#"), UNKNOWN);
        assert_eq!(essence(b"/a."), UNKNOWN);
        assert_eq!(essence(b"/a.zzzz"), UNKNOWN);
    }

    #[test]
    fn suffix_determines_media_type() {
        assert_eq!(essence(b"/index.html"), "text/html");
        assert_eq!(essence(b"/a.b/logo.SVG"), "image/svg+xml");
        assert_eq!(essence(b"/x.mjs"), "text/javascript");
        assert_eq!(essence(b"/a.png/"), "text/html");
        assert_eq!(essence(b"/x.woff2"), "font/woff2");
        assert_eq!(essence(b"/seg.ts"), "video/mp2t");
        assert_eq!(essence(b"/board.dtb"), UNKNOWN);
    }

    #[test]
    fn text_is_utf8_and_image_has_no_charset() -> Result {
        let mut value = KVec::new();
        put(b"/a.css", &mut value)?;
        assert_eq!(*value, *b"text/css; charset=utf-8");
        value.clear();
        put(b"/a.png", &mut value)?;
        assert_eq!(*value, *b"image/png");
        Ok(())
    }

    #[test]
    fn unknown_suffix_is_octet_stream() {
        assert_eq!(essence(b"/README"), UNKNOWN);
        assert_eq!(essence(b"/a.html/README"), UNKNOWN);
        assert_eq!(essence(b"/ends."), UNKNOWN);
        assert_eq!(essence(b"/x.\xff\xfe"), UNKNOWN);
        assert_eq!(
            essence(b"/x.0123456789012345678901234567890123456789"),
            UNKNOWN
        );
    }
}
