// SPDX-License-Identifier: GPL-2.0-only

//! The fields of a request head (RFC 9110 section 5).
//!
//! Only the fields that can change a response are kept, by name, as slices of the received bytes.

use crate::bytes::split_once;
use httparse::Header;

/// The name of a field that can change a response.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FieldName {
    /// RFC 9110 section 12.5.3.
    AcceptEncoding,
    /// Fetch standard, "CORS protocol": the method of the request that an OPTIONS asks about.
    AccessControlRequestMethod,
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

/// Number of names.
const NAMES: usize = 13;

impl FieldName {
    #[inline]
    const fn bit(self) -> u16 {
        1u16.wrapping_shl(self as u32)
    }

    /// Parses a name. Names are case-insensitive (RFC 9110 section 5.1).
    ///
    /// The length distinguishes nearly all of them, so that any other field costs one comparison.
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
            29 => &[(
                b"access-control-request-method",
                FieldName::AccessControlRequestMethod,
            )],
            _ => &[],
        };
        known
            .iter()
            .find(|(text, _)| eq_lower(name, text))
            .map(|(_, known)| *known)
    }
}

/// Returns whether `name` equals `lower`, which has the same length, without regard to case.
///
/// The only octets of a token that the bit turns into a lower-case letter or a hyphen are the
/// letter and the hyphen.
#[inline]
fn eq_lower(name: &[u8], lower: &[u8]) -> bool {
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
    /// First value of each field.
    values: [Option<&'b [u8]>; NAMES],
    /// Fields that are present.
    present: FieldNames,
    /// Fields that are present more than once.
    repeated: FieldNames,
}

/// A set of field names, with a bit for each.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct FieldNames(u16);

impl FieldNames {
    const NONE: FieldNames = FieldNames(0);

    /// Creates the set of these names.
    pub(super) const fn of(names: &[FieldName]) -> FieldNames {
        let mut set = FieldNames::NONE;
        let mut rest = names;
        while let [first, others @ ..] = rest {
            set.add(*first);
            rest = others;
        }
        set
    }

    #[inline]
    const fn add(&mut self, name: FieldName) {
        self.0 |= name.bit();
    }

    #[inline]
    const fn contains(self, name: FieldName) -> bool {
        self.0 & name.bit() != 0
    }
}

impl<'b> Fields<'b> {
    /// Creates an empty set of fields.
    #[inline]
    pub(super) const fn new() -> Fields<'b> {
        // INVARIANT: `section` has no line.
        Fields {
            section: &[],
            values: [None; NAMES],
            present: FieldNames::NONE,
            repeated: FieldNames::NONE,
        }
    }

    /// Adds the field lines that httparse found in `head`, which ends with the empty line. Must
    /// be called once per request.
    ///
    /// httparse accepts a lone LF as the end of a line, as RFC 9112 section 2.2 permits. Two
    /// parsers that disagree about the end of a line disagree about the request. So this function
    /// returns [`None`] unless every line ends with CRLF.
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
                // INVARIANT: httparse accepted each line from here on. This loop checks that each
                // ends with CRLF; for the last one, that was checked above.
                self.section = rest;
            }
            if let Some(name) = FieldName::parse(line.name.as_bytes()) {
                self.add(name, line.value)?;
            }
        }
        Some(())
    }

    #[inline]
    fn add(&mut self, name: FieldName, value: &'b [u8]) -> Option<()> {
        self.present.add(name);
        match self.values.get_mut(name as usize)? {
            Some(_) => self.repeated.add(name),
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
        self.repeated.contains(name)
    }

    /// Returns whether the field is present.
    #[inline]
    pub fn has(&self, name: FieldName) -> bool {
        self.present.contains(name)
    }

    /// Returns whether one of `names` is present.
    #[inline]
    pub(super) fn has_any(&self, names: FieldNames) -> bool {
        self.present.0 & names.0 != 0
    }

    /// Returns the value of a field that is present exactly once.
    #[inline]
    pub fn once(&self, name: FieldName) -> Option<&'b [u8]> {
        self.first(name).filter(|_| !self.is_repeated(name))
    }

    /// Iterates over the values of all lines of a field, in their order.
    ///
    /// The lines of a list-valued field mean the same as one line with their values joined by
    /// commas (RFC 9110 section 5.3). Only for a repeated field the head is parsed again.
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

    /// Iterates over the elements of a field that is a list without quoted strings, except empty
    /// ones (RFC 9110 section 5.6.1).
    #[inline]
    pub fn elements(&self, name: FieldName) -> impl Iterator<Item = &'b [u8]> {
        self.lines(name).flat_map(elements)
    }
}

/// An iterator over the values of the lines of one field, see [`Fields::lines`].
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
            let (line, rest) = split_once(self.section, b'\n').unwrap_or((self.section, &[]));
            self.section = rest;
            match split_once(line, b':') {
                Some((name, value)) if FieldName::parse(name) == Some(self.name) => {
                    return Some(value.trim_ascii())
                }
                Some(_) | None => {}
            }
        }
        None
    }
}

/// Iterates over the elements of a list without quoted strings, except empty ones.
#[inline]
pub(super) fn elements(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    value
        .split(|b| *b == b',')
        .map(<[u8]>::trim_ascii)
        .filter(|element| !element.is_empty())
}

#[cfg(test)]
mod tests;
