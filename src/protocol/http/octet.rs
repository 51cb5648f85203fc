// SPDX-License-Identifier: GPL-2.0-only

//! Classes of octets.
//!
//! They are kept in a table, because each octet of each target and each host is looked up.

/// A set of octets.
#[derive(Clone, Copy)]
pub(crate) struct OctetClass(u8);

/// Octets that need no escape in a registered name: `unreserved` and `sub-delims` of RFC 3986.
pub(super) const NAME: OctetClass = OctetClass(1);

/// Octets that need no escape in a path: `pchar` of RFC 3986 and `/`.
pub(crate) const PATH: OctetClass = OctetClass(2);

/// The octets of [`PATH`] except the slash: those within a segment.
pub(super) const INNER: OctetClass = OctetClass(4);

/// Octets of a token: `tchar` of RFC 9110 section 5.6.2.
pub(crate) const TOKEN: OctetClass = OctetClass(8);

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

/// Returns the classes of an octet.
const fn classes(octet: u8) -> u8 {
    const ALL: u8 = NAME.0 | PATH.0 | INNER.0 | TOKEN.0;
    match octet {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' => ALL,
        b'-' | b'.' | b'_' | b'~' | b'!' | b'$' | b'&' | b'\'' | b'*' | b'+' => ALL,
        b'(' | b')' | b',' | b';' | b'=' => NAME.0 | PATH.0 | INNER.0,
        b':' | b'@' => PATH.0 | INNER.0,
        b'/' => PATH.0,
        b'#' | b'%' | b'^' | b'`' | b'|' => TOKEN.0,
        _ => 0,
    }
}

impl OctetClass {
    /// Returns whether the class contains `octet`.
    #[inline]
    pub(crate) fn has(self, octet: u8) -> bool {
        let classes = TABLE.get(usize::from(octet)).copied().unwrap_or(0);
        classes & self.0 != 0
    }

    /// Returns the number of octets at the front of `bytes` that the class contains.
    #[inline]
    pub(crate) fn span(self, bytes: &[u8]) -> usize {
        let end = bytes.iter().position(|octet| !self.has(*octet));
        end.unwrap_or(bytes.len())
    }
}

/// Returns whether `word` is a token (RFC 9110 section 5.6.2).
pub(crate) fn is_token(word: &[u8]) -> bool {
    !word.is_empty() && word.iter().all(|octet| TOKEN.has(*octet))
}

#[cfg(test)]
mod tests {
    use super::{INNER, NAME, PATH, TOKEN};

    #[test]
    fn rfc3986_3_2_2_and_3_3_unescaped_octets_of_hosts_and_paths() {
        let only_in_paths = |octet: u8| PATH.has(octet) && !NAME.has(octet);
        let octets: Vec<u8> = (0..=255).filter(|octet| only_in_paths(*octet)).collect();
        assert_eq!(octets, b"/:@");
        assert_eq!(
            (0..=255).filter(|octet| NAME.has(*octet)).count(),
            62 + 4 + 11
        );
        assert!(!PATH.has(b'%') && !PATH.has(b'?') && !PATH.has(b'#') && !PATH.has(0x80));
        assert!((0..=255).all(|octet| INNER.has(octet) == (PATH.has(octet) && octet != b'/')));
    }

    #[test]
    fn rfc9110_5_6_2_octets_of_a_token() {
        let octets: Vec<u8> = (0..=255)
            .filter(|octet| TOKEN.has(*octet) && !octet.is_ascii_alphanumeric())
            .collect();
        assert_eq!(octets, b"!#$%&'*+-.^_`|~");
        assert!((0..=255u8).all(|octet| TOKEN.has(octet) || !octet.is_ascii_alphanumeric()));
    }

    #[test]
    fn span_ends_before_the_first_other_octet() {
        assert_eq!(PATH.span(b"/a.b?c"), 4);
        assert_eq!(NAME.span(b"h:80"), 1);
        assert_eq!(NAME.span(b""), 0);
        assert_eq!(PATH.span(b"/all"), 4);
    }
}
