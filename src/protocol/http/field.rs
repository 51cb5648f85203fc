// SPDX-License-Identifier: GPL-2.0-only

//! The fields of a request head (RFC 9110 section 5).
//!
//! Only the fields that change a reply are kept, by name, as slices of the received bytes.

use httparse::Header;

/// A field that changes a reply.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FieldName {
    /// RFC 9110 section 12.5.3.
    AcceptEncoding,
    /// RFC 9110 section 7.6.1.
    Connection,
    /// RFC 9110 section 8.6.
    ContentLength,
    /// RFC 9110 section 10.1.1.
    Expect,
    /// RFC 9110 section 7.2.
    Host,
    /// RFC 9110 section 13.1.1.
    IfMatch,
    /// RFC 9110 section 13.1.3.
    IfModifiedSince,
    /// RFC 9110 section 13.1.2.
    IfNoneMatch,
    /// RFC 9110 section 13.1.5.
    IfRange,
    /// RFC 9110 section 13.1.4.
    IfUnmodifiedSince,
    /// RFC 9110 section 14.2.
    Range,
    /// RFC 9112 section 6.1.
    TransferEncoding,
}

/// How many names there are.
const NAMES: usize = 12;

impl FieldName {
    #[inline]
    const fn bit(self) -> u16 {
        1u16.wrapping_shl(self as u32)
    }

    /// Field names are case-insensitive (RFC 9110 section 5.1).
    ///
    /// The length tells nearly all of them apart, so that a field of no interest costs one
    /// comparison.
    #[inline]
    pub fn parse(name: &[u8]) -> Option<FieldName> {
        let known: &[(&[u8], FieldName)] = match name.len() {
            4 => &[(b"host", FieldName::Host)],
            5 => &[(b"range", FieldName::Range)],
            6 => &[(b"expect", FieldName::Expect)],
            8 => &[
                (b"if-match", FieldName::IfMatch),
                (b"if-range", FieldName::IfRange),
            ],
            10 => &[(b"connection", FieldName::Connection)],
            13 => &[(b"if-none-match", FieldName::IfNoneMatch)],
            14 => &[(b"content-length", FieldName::ContentLength)],
            15 => &[(b"accept-encoding", FieldName::AcceptEncoding)],
            17 => &[
                (b"if-modified-since", FieldName::IfModifiedSince),
                (b"transfer-encoding", FieldName::TransferEncoding),
            ],
            19 => &[(b"if-unmodified-since", FieldName::IfUnmodifiedSince)],
            _ => &[],
        };
        known
            .iter()
            .find(|(text, _)| is_named(name, text))
            .map(|(_, known)| *known)
    }
}

/// Whether `name` is `lower`, which is as long, without regard to case. The only octets of a token
/// that the bit turns into a lower-case letter or a hyphen are the letter and the hyphen.
#[inline]
fn is_named(name: &[u8], lower: &[u8]) -> bool {
    name.iter()
        .zip(lower)
        .all(|(octet, lower)| octet | 0x20 == *lower)
}

/// The fields of one request.
///
/// # Invariants
///
/// Each line of `section` is a field line of RFC 9112 section 5 that ends with CRLF.
#[derive(Clone, Copy)]
pub struct Fields<'b> {
    section: &'b [u8],
    /// The first value of each.
    values: [Option<&'b [u8]>; NAMES],
    /// A bit for each name that came.
    present: FieldNames,
    /// A bit for each name that came more than once.
    repeated: u16,
}

/// A set of names.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct FieldNames(u16);

impl FieldNames {
    /// These.
    pub(super) const fn of(names: &[FieldName]) -> FieldNames {
        let mut set = 0;
        let mut rest = names;
        while let [first, others @ ..] = rest {
            set |= first.bit();
            rest = others;
        }
        FieldNames(set)
    }
}

impl<'b> Fields<'b> {
    /// No fields.
    #[inline]
    pub(super) const fn new() -> Fields<'b> {
        // INVARIANT: there is no line.
        Fields {
            section: &[],
            values: [None; NAMES],
            present: FieldNames(0),
            repeated: 0,
        }
    }

    /// Sorts what httparse found in `head`, which ends with the empty line. To be called once, for
    /// fields that are new.
    ///
    /// httparse takes a lone LF for the end of a line, as RFC 9112 section 2.2 permits. Two parsers
    /// that disagree about the end of a line disagree about the request, so this returns [`None`]
    /// unless every line ends with CRLF.
    pub(super) fn gather(&mut self, head: &'b [u8], lines: &[Header<'b>]) -> Option<()> {
        let section = head
            .strip_suffix(b"\r\n")
            .filter(|rest| rest.ends_with(b"\r\n"))?;
        for line in lines {
            let start = line
                .name
                .as_ptr()
                .addr()
                .checked_sub(head.as_ptr().addr())?;
            let (before, rest) = section.split_at_checked(start)?;
            if !before.ends_with(b"\r\n") {
                return None;
            }
            if self.section.is_empty() {
                // INVARIANT: httparse accepted each line from here on. That each ends with CRLF is
                // checked in this loop, and above for the last one.
                self.section = rest;
            }
            if let Some(name) = FieldName::parse(line.name.as_bytes()) {
                self.note(name, line.value)?;
            }
        }
        Some(())
    }

    #[inline]
    fn note(&mut self, name: FieldName, value: &'b [u8]) -> Option<()> {
        self.present.0 |= name.bit();
        match self.values.get_mut(name as usize)? {
            Some(_) => self.repeated |= name.bit(),
            first => *first = Some(value),
        }
        Some(())
    }

    #[inline]
    fn first(&self, name: FieldName) -> Option<&'b [u8]> {
        self.values.get(name as usize).copied().flatten()
    }

    #[inline]
    fn is_repeated(&self, name: FieldName) -> bool {
        self.repeated & name.bit() != 0
    }

    /// Whether the field is there at all.
    #[inline]
    pub fn has(&self, name: FieldName) -> bool {
        self.present.0 & name.bit() != 0
    }

    /// Whether one of `names` is there: most requests have none of those that make a difference.
    #[inline]
    pub(super) fn has_any(&self, names: FieldNames) -> bool {
        self.present.0 & names.0 != 0
    }

    /// The value of a field that came exactly once.
    #[inline]
    pub fn once(&self, name: FieldName) -> Option<&'b [u8]> {
        self.first(name).filter(|_| !self.is_repeated(name))
    }

    /// The values of all lines of a field, in the order in which they came.
    ///
    /// The lines of a list-valued field mean the same as one line with their values joined by
    /// commas (RFC 9110 section 5.3). A field that came once is at hand; only a repeated one is
    /// looked up in the head again.
    #[inline]
    pub fn lines(&self, name: FieldName) -> FieldLines<'b> {
        let section: &[u8] = if self.is_repeated(name) {
            self.section
        } else {
            &[]
        };
        FieldLines {
            name,
            once: self.once(name),
            section,
        }
    }

    /// The elements of a field that is a plain list, without the empty ones (RFC 9110 section
    /// 5.6.1).
    #[inline]
    pub fn elements(&self, name: FieldName) -> impl Iterator<Item = &'b [u8]> {
        self.lines(name).flat_map(elements)
    }
}

/// The values of the lines of one field, see [`Fields::lines`].
#[derive(Clone)]
pub struct FieldLines<'b> {
    name: FieldName,
    once: Option<&'b [u8]>,
    section: &'b [u8],
}

impl<'b> Iterator for FieldLines<'b> {
    type Item = &'b [u8];

    fn next(&mut self) -> Option<&'b [u8]> {
        if let Some(value) = self.once.take() {
            return Some(value);
        }
        while !self.section.is_empty() {
            let (line, rest) = cut(self.section, b'\n').unwrap_or((self.section, &[]));
            self.section = rest;
            match cut(line, b':') {
                Some((name, value)) if FieldName::parse(name) == Some(self.name) => {
                    return Some(value.trim_ascii())
                }
                Some(_) | None => {}
            }
        }
        None
    }
}

/// Splits at the first `separator`, which belongs to neither half.
#[inline]
pub(super) fn cut(bytes: &[u8], separator: u8) -> Option<(&[u8], &[u8])> {
    let at = bytes.iter().position(|b| *b == separator)?;
    let (before, rest) = bytes.split_at_checked(at)?;
    Some((before, rest.get(1..)?))
}

/// The elements of a list whose elements hold no quoted comma, without the empty ones.
#[inline]
pub(super) fn elements(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    value
        .split(|b| *b == b',')
        .map(<[u8]>::trim_ascii)
        .filter(|element| !element.is_empty())
}

#[cfg(test)]
mod tests {
    use super::{elements, FieldName, Fields};

    fn fields(head: &[u8]) -> Option<Fields<'_>> {
        let mut headers = [httparse::EMPTY_HEADER; 8];
        let mut request = httparse::Request::new(&mut headers);
        assert!(request.parse(head).unwrap().is_complete());
        let mut fields = Fields::new();
        fields.gather(head, request.headers)?;
        Some(fields)
    }

    #[test]
    fn rfc9110_5_1_field_names_are_case_insensitive() {
        assert_eq!(FieldName::parse(b"hOsT"), Some(FieldName::Host));
        assert_eq!(
            FieldName::parse(b"Transfer-Encoding"),
            Some(FieldName::TransferEncoding)
        );
        assert_eq!(FieldName::parse(b"Transfer_Encoding"), None);
        assert_eq!(FieldName::parse(b"Hosts"), None);
        assert_eq!(FieldName::parse(b""), None);
    }

    #[test]
    fn rfc9110_5_3_lines_of_a_list_are_one_list() {
        let fields =
            fields(b"GET / HTTP/1.1\r\nIf-Match: \"a\"\r\nHost: x\r\nif-match:\t\"b\" \r\n\r\n")
                .unwrap();
        let lines: Vec<_> = fields.lines(FieldName::IfMatch).collect();
        assert_eq!(lines, [b"\"a\"", b"\"b\""]);
        assert_eq!(fields.once(FieldName::IfMatch), None);
        assert_eq!(fields.once(FieldName::Host), Some(&b"x"[..]));
        assert!(!fields.has(FieldName::Range));
        assert_eq!(fields.lines(FieldName::Range).count(), 0);
    }

    #[test]
    fn rfc9112_2_2_a_lone_lf_ends_no_line() {
        for head in [
            "GET / HTTP/1.1\nHost: x\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: x\nA: b\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: x\n\r\n",
            "GET / HTTP/1.1\r\nHost: x\r\n\n",
            "GET / HTTP/1.1\n\r\n",
            "GET / HTTP/1.1\r\n\n",
        ] {
            assert!(fields(head.as_bytes()).is_none(), "{head:?}");
        }
        assert!(fields(b"GET / HTTP/1.1\r\n\r\n").is_some());
    }

    #[test]
    fn rfc9110_5_6_1_empty_elements_do_not_count() {
        let list: Vec<_> = elements(b", a ,,b\t,").collect();
        assert_eq!(list, [b"a", b"b"]);
        assert_eq!(elements(b" , ").count(), 0);
    }
}
