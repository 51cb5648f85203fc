// SPDX-License-Identifier: GPL-2.0-only

//! Entity tags (RFC 9110 section 8.8.3).

/// An entity tag that a client sent.
///
/// # Examples
///
/// ```
/// use protocol::http::EntityTag;
///
/// let tag = EntityTag::parse(b"W/\"abc\"");
/// assert!(tag.is_some_and(|tag| tag.weak_eq(b"\"abc\"")));
/// assert!(tag.is_some_and(|tag| !tag.strong_eq(b"\"abc\"")));
/// assert_eq!(EntityTag::parse(b"abc"), None);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct EntityTag<'b> {
    weak: bool,
    /// Opaque tag with its quotes.
    opaque: &'b [u8],
}

impl<'b> EntityTag<'b> {
    /// Parses a tag at the front of `bytes`, and returns it with the bytes after it.
    fn parse_prefix(bytes: &'b [u8]) -> Option<(EntityTag<'b>, &'b [u8])> {
        let (weak, bytes) = match bytes.strip_prefix(b"W/") {
            Some(rest) => (true, rest),
            None => (false, bytes),
        };
        let end = bytes
            .strip_prefix(b"\"")?
            .iter()
            .position(|b| !is_etagc(*b))?
            .checked_add(2)?;
        let (opaque, rest) = bytes.split_at_checked(end)?;
        opaque
            .ends_with(b"\"")
            .then_some((EntityTag { weak, opaque }, rest))
    }

    /// Parses a value that consists of exactly one tag.
    pub fn parse(value: &'b [u8]) -> Option<EntityTag<'b>> {
        EntityTag::parse_prefix(value)
            .filter(|(_, rest)| rest.is_empty())
            .map(|(tag, _)| tag)
    }

    /// Compares strongly with a strong tag of the server (RFC 9110 section 8.8.3.2).
    #[inline]
    pub fn strong_eq(self, etag: &[u8]) -> bool {
        !self.weak && self.opaque == etag
    }

    /// Compares weakly with a strong tag of the server.
    #[inline]
    pub fn weak_eq(self, etag: &[u8]) -> bool {
        self.opaque == etag
    }
}

/// Returns whether an octet can be part of an opaque tag: `etagc`.
fn is_etagc(byte: u8) -> bool {
    matches!(byte, 0x21 | 0x23..=0x7e | 0x80..=0xff)
}

/// An iterator over the tags of a list. It ends at the first malformed tag, since after that the
/// elements cannot be told apart.
pub struct EntityTags<'b>(&'b [u8]);

impl<'b> EntityTags<'b> {
    /// Creates an iterator over the tags of one field line.
    #[inline]
    pub const fn new(value: &'b [u8]) -> EntityTags<'b> {
        EntityTags(value)
    }
}

impl<'b> Iterator for EntityTags<'b> {
    type Item = EntityTag<'b>;

    fn next(&mut self) -> Option<EntityTag<'b>> {
        let start = self
            .0
            .iter()
            .position(|b| !matches!(b, b' ' | b'\t' | b','))?;
        let (tag, rest) = EntityTag::parse_prefix(self.0.get(start..)?)?;
        let rest = rest.trim_ascii_start();
        // Only a comma or the end can follow a tag.
        self.0 = if rest.is_empty() || rest.starts_with(b",") {
            rest
        } else {
            &[]
        };
        Some(tag)
    }
}

#[cfg(test)]
mod tests {
    use super::{EntityTag, EntityTags};

    fn tags(value: &str) -> Vec<(bool, String)> {
        EntityTags::new(value.as_bytes())
            .map(|t| (t.weak, String::from_utf8(t.opaque.to_vec()).unwrap()))
            .collect()
    }

    #[test]
    fn rfc9110_8_8_3_entity_tag_is_quoted() {
        for (value, weak) in [
            ("\"\"", false),
            ("\"a\"", false),
            ("W/\"a,b\"", true),
            ("\"!#~\u{e9}\"", false),
        ] {
            assert_eq!(
                EntityTag::parse(value.as_bytes()).map(|tag| tag.weak),
                Some(weak),
                "{value}"
            );
        }
        for value in [
            "",
            "a",
            "\"",
            "\"a",
            "a\"",
            "w/\"a\"",
            "W/a",
            "\"a\"b",
            "\"a b\"",
            "\"a\"\"",
            "*",
            "\"\u{7f}\"",
        ] {
            assert_eq!(EntityTag::parse(value.as_bytes()), None, "{value}");
        }
    }

    #[test]
    fn rfc9110_8_8_3_2_weak_tag_matches_in_weak_comparison_only() {
        for (received, current, strong, weak) in [
            ("W/\"1\"", "\"1\"", false, true),
            ("W/\"1\"", "\"2\"", false, false),
            ("\"1\"", "\"1\"", true, true),
            ("\"1\"", "\"2\"", false, false),
        ] {
            let tag = EntityTag::parse(received.as_bytes()).unwrap();
            assert_eq!(
                tag.strong_eq(current.as_bytes()),
                strong,
                "{received} {current}"
            );
            assert_eq!(
                tag.weak_eq(current.as_bytes()),
                weak,
                "{received} {current}"
            );
        }
    }

    #[test]
    fn rfc9110_5_6_1_tag_list_ends_at_the_first_malformed_tag() {
        let tag = |weak, text: &str| (weak, text.to_owned());
        assert_eq!(
            tags("\"a\", W/\"b\""),
            [tag(false, "\"a\""), tag(true, "\"b\"")]
        );
        assert_eq!(
            tags(" ,,\"a,b\"\t,\"c\","),
            [tag(false, "\"a,b\""), tag(false, "\"c\"")]
        );
        assert_eq!(tags("\"a\" \"b\""), [tag(false, "\"a\"")]);
        assert_eq!(tags("\"a\", b, \"c\""), [tag(false, "\"a\"")]);
        assert_eq!(tags("*"), []);
        assert_eq!(tags(""), []);
    }
}
