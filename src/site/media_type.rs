// SPDX-License-Identifier: GPL-2.0-only

//! Media types by the suffix of a file's name.
//!
//! The table is that of the crate mime_guess, sorted by suffix.

use kernel::prelude::*;
use mime_types::MIME_TYPES;

/// Suffixes that the table has otherwise than RFC 9239 or common use.
const CORRECTIONS: &[(&str, &str)] = &[
    ("cjs", "text/javascript"),
    ("map", "application/json"),
    ("mjs", "text/javascript"),
];

/// What is served when the suffix says nothing: bytes, which a browser saves.
const UNKNOWN: &str = "application/octet-stream";

/// The longest suffix that is looked up; the table has none as long.
const SUFFIX_MAX: usize = 32;

/// Appends the `Content-Type` of the file with this path: text is UTF-8. Process context, may
/// sleep.
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

/// The media type without parameters.
fn essence(path: &[u8]) -> &'static str {
    let mut buffer = [0; SUFFIX_MAX];
    suffix(path, &mut buffer)
        .and_then(by_suffix)
        .unwrap_or(UNKNOWN)
}

/// The suffix in lower case, without its dot.
fn suffix<'a>(path: &[u8], buffer: &'a mut [u8; SUFFIX_MAX]) -> Option<&'a str> {
    let name = path.rsplit(|&byte| byte == b'/').next()?;
    let dot = name.iter().rposition(|&byte| byte == b'.')?;
    let (_, suffix) = name.split_at_checked(dot + 1)?;
    let lower = buffer.get_mut(..suffix.len())?;
    lower.copy_from_slice(suffix);
    lower.make_ascii_lowercase();
    core::str::from_utf8(lower).ok()
}

fn by_suffix(suffix: &str) -> Option<&'static str> {
    if let Some((_, corrected)) = CORRECTIONS.iter().find(|(known, _)| *known == suffix) {
        return Some(corrected);
    }
    let found = MIME_TYPES.binary_search_by(|(known, _)| (*known).cmp(suffix));
    let (_, types) = MIME_TYPES.get(found.ok()?)?;
    types.first().copied()
}

#[kunit_tests(khttpd_media_type)]
mod tests {
    use super::*;

    #[test]
    fn table_is_sorted_as_the_search_expects() {
        assert!(MIME_TYPES.is_sorted_by(|a, b| a.0 < b.0));
    }

    #[test]
    fn suffix_decides() {
        assert_eq!(essence(b"/index.html"), "text/html");
        assert_eq!(essence(b"/a.b/logo.SVG"), "image/svg+xml");
        assert_eq!(essence(b"/x.mjs"), "text/javascript");
        assert_eq!(essence(b"/x.woff2"), "font/woff2");
    }

    #[test]
    fn text_is_utf8_and_an_image_has_no_charset() -> Result {
        let mut value = KVec::new();
        put(b"/a.css", &mut value)?;
        assert_eq!(*value, *b"text/css; charset=utf-8");
        value.clear();
        put(b"/a.png", &mut value)?;
        assert_eq!(*value, *b"image/png");
        Ok(())
    }

    #[test]
    fn no_suffix_is_bytes() {
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
