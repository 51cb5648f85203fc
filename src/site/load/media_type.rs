// SPDX-License-Identifier: GPL-2.0-only

//! Media types, by the suffix of a file's name.
//!
//! The table comes from the crate `mime_guess` and is sorted by suffix.

use kernel::prelude::*;
use mime_types::MIME_TYPES;

/// Media types that differ from the table, by RFC 9239 or by common use.
const CORRECTIONS: &[(&str, &str)] = &[
    ("cjs", "text/javascript"),
    ("map", "application/json"),
    ("mjs", "text/javascript"),
];

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

/// Returns the media type without parameters.
fn essence(path: &[u8]) -> &'static str {
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

/// Looks up the media type of a suffix in lower case.
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
    fn table_is_sorted_by_suffix() {
        assert!(MIME_TYPES.is_sorted_by(|a, b| a.0 < b.0));
    }

    #[test]
    fn suffix_determines_media_type() {
        assert_eq!(essence(b"/index.html"), "text/html");
        assert_eq!(essence(b"/a.b/logo.SVG"), "image/svg+xml");
        assert_eq!(essence(b"/x.mjs"), "text/javascript");
        assert_eq!(essence(b"/x.woff2"), "font/woff2");
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
