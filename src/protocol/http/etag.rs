// SPDX-License-Identifier: GPL-2.0-only

//! Entity tags (RFC 9110 section 8.8.3).

/// An entity tag that a peer sent.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct EntityTag<'b> {
    weak: bool,
    /// With its quotes.
    opaque: &'b [u8],
}

impl<'b> EntityTag<'b> {
    /// Takes one tag off the front of `bytes`.
    fn take(bytes: &'b [u8]) -> Option<(EntityTag<'b>, &'b [u8])> {
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

    /// Reads a value that is exactly one tag.
    pub fn parse(value: &'b [u8]) -> Option<EntityTag<'b>> {
        EntityTag::take(value)
            .filter(|(_, rest)| rest.is_empty())
            .map(|(tag, _)| tag)
    }

    /// The strong comparison with a strong tag of ours (RFC 9110 section 8.8.3.2).
    #[inline]
    pub fn strong_eq(self, ours: &[u8]) -> bool {
        !self.weak && self.opaque == ours
    }

    /// The weak comparison with a strong tag of ours.
    #[inline]
    pub fn weak_eq(self, ours: &[u8]) -> bool {
        self.opaque == ours
    }
}

fn is_etagc(byte: u8) -> bool {
    matches!(byte, 0x21 | 0x23..=0x7e | 0x80..=0xff)
}

/// The tags of a list. It ends at the first thing that is no tag: what follows can't be told apart
/// any more.
pub struct EntityTags<'b>(&'b [u8]);

impl<'b> EntityTags<'b> {
    /// The tags of one field line.
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
        let (tag, rest) = EntityTag::take(self.0.get(start..)?)?;
        let rest = rest.trim_ascii_start();
        // A tag is followed by a comma or by nothing.
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
    fn rfc9110_8_8_3_entity_tags() {
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
    fn rfc9110_8_8_3_2_strong_and_weak_comparison() {
        for (theirs, ours, strongly, weakly) in [
            ("W/\"1\"", "\"1\"", false, true),
            ("W/\"1\"", "\"2\"", false, false),
            ("\"1\"", "\"1\"", true, true),
            ("\"1\"", "\"2\"", false, false),
        ] {
            let tag = EntityTag::parse(theirs.as_bytes()).unwrap();
            assert_eq!(tag.strong_eq(ours.as_bytes()), strongly, "{theirs} {ours}");
            assert_eq!(tag.weak_eq(ours.as_bytes()), weakly, "{theirs} {ours}");
        }
    }

    #[test]
    fn rfc9110_5_6_1_lists_of_tags() {
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
