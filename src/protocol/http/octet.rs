// SPDX-License-Identifier: GPL-2.0-only

//! Classes of octets, by a table: each octet of each target and each host is looked up in it.

/// Octets that have something in common.
#[derive(Clone, Copy)]
pub(super) struct OctetClass(u8);

/// `unreserved` and `sub-delims` of RFC 3986: what stands for itself in the name of a host.
pub(super) const NAME: OctetClass = OctetClass(1);

/// What stands for itself in a path: `pchar` of RFC 3986 and `/`, all but the escape.
pub(super) const PATH: OctetClass = OctetClass(2);

/// As [`PATH`], but for the dot, which may make a segment that stands for another.
pub(super) const UNDOTTED: OctetClass = OctetClass(4);

const TABLE: [u8; 256] = {
    let mut table = [0; 256];
    let mut rest: &mut [u8] = &mut table;
    let mut octet = 0u8;
    while let [first, others @ ..] = rest {
        *first = classes(octet);
        octet = octet.wrapping_add(1);
        rest = others;
    }
    table
};

const fn classes(octet: u8) -> u8 {
    match octet {
        // Unreserved, RFC 3986 section 2.3, and its sub-delims, section 2.2.
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'~' => {
            NAME.0 | PATH.0 | UNDOTTED.0
        }
        b'.' => NAME.0 | PATH.0,
        b'!' | b'$' | b'&' | b'\'' | b'(' | b')' | b'*' | b'+' | b',' | b';' | b'=' => {
            NAME.0 | PATH.0 | UNDOTTED.0
        }
        b':' | b'@' | b'/' => PATH.0 | UNDOTTED.0,
        _ => 0,
    }
}

impl OctetClass {
    /// Whether `octet` belongs to it.
    #[inline]
    pub(super) fn has(self, octet: u8) -> bool {
        let classes = TABLE.get(usize::from(octet)).copied().unwrap_or(0);
        classes & self.0 != 0
    }

    /// How many octets at the front of `bytes` belong to it.
    #[inline]
    pub(super) fn span(self, bytes: &[u8]) -> usize {
        let end = bytes.iter().position(|octet| !self.has(*octet));
        end.unwrap_or(bytes.len())
    }
}

#[cfg(test)]
mod tests {
    use super::{NAME, PATH};

    #[test]
    fn rfc3986_3_2_2_and_3_3_octets_that_stand_for_themselves() {
        let only_in_paths = |octet: u8| PATH.has(octet) && !NAME.has(octet);
        let octets: Vec<u8> = (0..=255).filter(|octet| only_in_paths(*octet)).collect();
        assert_eq!(octets, b"/:@");
        assert_eq!(
            (0..=255).filter(|octet| NAME.has(*octet)).count(),
            62 + 4 + 11
        );
        assert!(!PATH.has(b'%') && !PATH.has(b'?') && !PATH.has(b'#') && !PATH.has(0x80));
    }

    #[test]
    fn a_span_ends_before_the_first_other_octet() {
        assert_eq!(PATH.span(b"/a.b?c"), 4);
        assert_eq!(NAME.span(b"h:80"), 1);
        assert_eq!(NAME.span(b""), 0);
        assert_eq!(PATH.span(b"/all"), 4);
    }
}
