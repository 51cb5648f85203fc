// SPDX-License-Identifier: GPL-2.0-only

//! The page that lists what a directory contains, in HTML.

use crate::sys::{
    page::PageBuffer,
    text::{
        self,
        Text, //
    }, //
};
use core::fmt::{
    self,
    Write, //
};
use kernel::prelude::*;
use protocol::http::Timestamp;

/// The style of all pages, light or dark as the client prefers.
const STYLE: &str = "\
:root{color-scheme:light dark}\
body{margin:2rem;font:1rem/1.5 system-ui,sans-serif;color:#222;background:#fff}\
h1{font-size:1.25rem;overflow-wrap:anywhere}\
th,td{padding:0 2rem 0 0;text-align:left;vertical-align:top}\
td+td{text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums}\
a{color:#0550ae;white-space:pre-wrap;overflow-wrap:anywhere}\
@media(prefers-color-scheme:dark){body{color:#ddd;background:#181818}a{color:#79b8ff}}";

/// A page that lists what a directory contains.
pub(super) struct ListingPage(Text);

impl ListingPage {
    /// Begins the page of the directory at `path`, which ends with a slash.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(super) fn new(path: &[u8]) -> Result<Self> {
        let mut page = Self(Text::new());
        let title = HtmlText(path);
        page.append(format_args!(
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width\">\n\
             <title>Index of {title}</title>\n<style>{STYLE}</style>\n</head>\n\
             <body>\n<h1>Index of {title}</h1>\n<table>\n\
             <thead><tr><th scope=\"col\">Name</th><th scope=\"col\">Size</th>\
             <th scope=\"col\">Modified</th></tr></thead>\n<tbody>\n",
        ))?;
        if path != b"/" {
            page.add(b"../", None, Timestamp(0))?;
        }
        Ok(page)
    }

    /// Adds a file of `size` bytes, or a directory, whose name ends with a slash and which has no
    /// size.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(super) fn add(&mut self, name: &[u8], size: Option<u64>, modified: Timestamp) -> Result {
        let (reference, name) = (Reference(name), HtmlText(name));
        self.append(format_args!(
            "<tr><td><a href=\"{reference}\">{name}</a></td><td>"
        ))?;
        if let Some(size) = size {
            self.append(format_args!("{size}"))?;
        }
        self.append(format_args!("</td><td>"))?;
        if let Some(modified) = modified.known() {
            self.0
                .extend_from_slice(&modified.render_minute(), GFP_KERNEL_ACCOUNT)?;
        }
        self.append(format_args!("</td></tr>\n"))
    }

    /// Returns the length so far, in bytes.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Returns the page.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(super) fn finish(mut self) -> Result<PageBuffer> {
        self.append(format_args!("</tbody>\n</table>\n</body>\n</html>\n"))?;
        PageBuffer::copy_of(&self.0)
    }

    fn append(&mut self, text: fmt::Arguments<'_>) -> Result {
        text::append(&mut self.0, text, usize::MAX)
    }
}

/// A name as text of a document. A replacement character stands for what is not UTF-8, and for
/// control characters, which a document must not contain.
struct HtmlText<'a>(&'a [u8]);

impl fmt::Display for HtmlText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for chunk in self.0.utf8_chunks() {
            for character in chunk.valid().chars() {
                match character {
                    '&' => f.write_str("&amp;")?,
                    '<' => f.write_str("&lt;")?,
                    '>' => f.write_str("&gt;")?,
                    '"' => f.write_str("&quot;")?,
                    _ if character.is_control() => f.write_char(char::REPLACEMENT_CHARACTER)?,
                    _ => f.write_char(character)?,
                }
            }
            if !chunk.invalid().is_empty() {
                f.write_char(char::REPLACEMENT_CHARACTER)?;
            }
        }
        Ok(())
    }
}

/// A name as a relative reference (RFC 3986, section 4.2). All but the unreserved characters and the
/// slash are escaped, so that the name can't be taken for a scheme or a character reference of HTML.
struct Reference<'a>(&'a [u8]);

impl fmt::Display for Reference<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for octet in self.0 {
            match octet {
                b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                    f.write_char(char::from(*octet))?;
                }
                _ => write!(f, "%{octet:02X}")?,
            }
        }
        Ok(())
    }
}

#[kunit_tests(khttpd_listing_page)]
mod tests {
    use super::*;

    /// Returns whether the page of `directory` with one file contains `expected`.
    fn has(directory: &[u8], name: &[u8], modified: u64, expected: &[u8]) -> Result<bool> {
        let mut page = ListingPage::new(directory)?;
        page.add(name, Some(1234), Timestamp(modified))?;
        let mut parts = page.0.windows(expected.len());
        Ok(parts.any(|part| part == expected))
    }

    #[test]
    fn name_is_escaped_in_text_and_reference() -> Result {
        let cases: [(&[u8], &[u8]); 8] = [
            (b"a b", b"\"a%20b\">a b</a>"),
            (
                b"<a>&\"'",
                b"\"%3Ca%3E%26%22%27\">&lt;a&gt;&amp;&quot;'</a>",
            ),
            (b"100%", b"\"100%25\">100%</a>"),
            (b"javascript:x", b"\"javascript%3Ax\">javascript:x</a>"),
            (b"?a#b", b"\"%3Fa%23b\">?a#b</a>"),
            ("é".as_bytes(), "\"%C3%A9\">é</a>".as_bytes()),
            (b"x\xff\xfe", "\"x%FF%FE\">x\u{fffd}\u{fffd}</a>".as_bytes()),
            (
                "\u{9b}2J".as_bytes(),
                "\"%C2%9B2J\">\u{fffd}2J</a>".as_bytes(),
            ),
        ];
        for (name, expected) in cases {
            assert!(has(b"/", name, 0, expected)?);
        }
        assert!(has(
            b"/<i>&/",
            b"a",
            0,
            b"<title>Index of /&lt;i&gt;&amp;/</title>"
        )?);
        assert!(has(
            b"/<i>&/",
            b"a",
            0,
            b"<h1>Index of /&lt;i&gt;&amp;/</h1>"
        )?);
        Ok(())
    }

    #[test]
    fn row_has_size_and_a_known_time() -> Result {
        let row = b"</td><td>1234</td><td>1994-11-06 08:49 UTC</td></tr>\n";
        assert!(has(b"/", b"a", 784_111_777, row)?);
        assert!(has(b"/", b"a", 1, b"</td><td>1234</td><td></td></tr>\n")?);
        Ok(())
    }

    #[test]
    fn parent_is_linked_but_at_the_root() -> Result {
        let parent = b"<tr><td><a href=\"../\">../</a></td><td></td><td></td></tr>\n";
        assert!(has(b"/a/", b"a", 0, parent)?);
        assert!(!has(b"/", b"a", 0, b"../")?);
        Ok(())
    }
}
