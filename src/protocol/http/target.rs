// SPDX-License-Identifier: GPL-2.0-only

//! Request targets (RFC 9112 section 3.2) and their paths (RFC 3986 section 3.3).

use super::{
    host::Host,
    limits::TARGET_MAX,
    octet::INNER,
    percent::decode_octet,
    policy::Slashes,
    scheme::Scheme,
    status::Status, //
};
use crate::bytes::split_once;

/// The error of a malformed path: a bad escape, a control character, or an octet that ends a path.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TargetError;

/// A request target that is split into its parts, none of them decoded.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Target<'b> {
    /// Host of the absolute form, which overrides the field `Host` (RFC 9112 section 3.2.2).
    pub host: Option<Host<'b>>,
    /// Path as the client sent it, or `/` if the absolute form has none.
    pub path: &'b [u8],
    /// Whether the path needs neither decoding nor normalisation.
    is_plain: bool,
    /// Text after the question mark. It does not select a file.
    pub query: Option<&'b [u8]>,
}

/// The forms of a target that a server of static files supports.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TargetForm<'b> {
    /// The origin form or the absolute form.
    Path(Target<'b>),
    /// `*`: the server itself (RFC 9112 section 3.2.4).
    Asterisk,
}

impl<'b> Target<'b> {
    /// Decodes and normalises the path, as [`Path::parse`]. The meaning of several slashes is asked
    /// only for a path that needs it.
    ///
    /// # Errors
    ///
    /// [`TargetError`] if the path is malformed.
    #[inline]
    pub fn decode(
        &self,
        buffer: &'b mut PathBuffer,
        slashes: impl FnOnce() -> Slashes,
    ) -> Result<Option<Path<'b>>, TargetError> {
        match Path::undecoded(self.path, self.is_plain) {
            Some(path) => Ok(Some(path)),
            None => decode(self.path, buffer, slashes()),
        }
    }
}

impl<'b> TargetForm<'b> {
    /// Parses a target on a connection of `scheme`.
    ///
    /// # Errors
    ///
    /// 421 for the other one of the schemes `http` and `https` (RFC 9110 section 7.4). 400 for all
    /// other schemes and for a malformed target.
    ///
    /// # Examples
    ///
    /// ```
    /// use protocol::http::{Scheme, Status, TargetForm};
    ///
    /// let form = TargetForm::parse(b"/a/b?c=d", Scheme::Http)?;
    /// assert!(matches!(form, TargetForm::Path(target) if target.path == b"/a/b"));
    /// let form = TargetForm::parse(b"https://example.org/", Scheme::Http);
    /// assert_eq!(form, Err(Status::MisdirectedRequest));
    /// # Ok::<(), Status>(())
    /// ```
    #[inline]
    pub fn parse(target: &'b [u8], scheme: Scheme) -> Result<TargetForm<'b>, Status> {
        match target {
            [b'/', ..] => TargetForm::split(None, target),
            b"*" => Ok(TargetForm::Asterisk),
            _ => TargetForm::absolute(target, scheme),
        }
    }

    fn absolute(target: &'b [u8], scheme: Scheme) -> Result<TargetForm<'b>, Status> {
        let Some(rest) = scheme.strip(target) else {
            let mut schemes = Scheme::ALL.into_iter();
            return Err(if schemes.any(|other| other.strip(target).is_some()) {
                Status::MisdirectedRequest
            } else {
                Status::BadRequest
            });
        };
        let end = rest
            .iter()
            .position(|b| matches!(b, b'/' | b'?'))
            .unwrap_or(rest.len());
        let (authority, rest) = rest.split_at_checked(end).ok_or(Status::BadRequest)?;
        TargetForm::split(
            Some(Host::parse(authority).ok_or(Status::BadRequest)?),
            rest,
        )
    }

    #[inline]
    fn split(host: Option<Host<'b>>, rest: &'b [u8]) -> Result<TargetForm<'b>, Status> {
        // A question mark ends the plain octets.
        let plain = plain_length(rest);
        let (path, query) = match rest.get(plain..) {
            None | Some([]) => (rest, None),
            Some(_) => match split_once(rest, b'?') {
                Some((path, query)) => (path, Some(query)),
                None => (rest, None),
            },
        };
        if !query.unwrap_or_default().iter().all(|b| is_query(*b)) {
            return Err(Status::BadRequest);
        }
        Ok(TargetForm::Path(Target {
            host,
            path: if path.is_empty() { b"/" } else { path },
            is_plain: path.len() == plain,
            query,
        }))
    }
}

/// Returns whether an octet can be part of a query.
///
/// Browsers (URL standard, query state) and firmware send octets unescaped that RFC 3986 wants
/// escaped. A query has no meaning here, and a `Location` escapes it, so that only a fragment, a
/// space and control characters are rejected.
fn is_query(octet: u8) -> bool {
    octet.is_ascii_graphic() && octet != b'#' || !octet.is_ascii()
}

/// Memory for a decoded path.
pub type PathBuffer = heapless::Vec<u8, TARGET_MAX>;

/// A decoded and normalised path, as a site looks it up.
///
/// # Invariants
///
/// The path begins with `/`, is decoded exactly once, contains no control characters, and no
/// segment of it is `.` or `..`. No `/` in it was escaped.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Path<'p>(&'p [u8]);

impl<'p> Path<'p> {
    /// Decodes and normalises a path.
    ///
    /// A path that needs neither is borrowed from `raw`, any other from `buffer`. `Ok(None)` means
    /// that the path is well-formed but names nothing: an escaped `/` is no separator, and no name
    /// contains one. Octets that a URI must not contain, but that clients send (URL standard, path
    /// state), stand for themselves.
    ///
    /// # Errors
    ///
    /// [`TargetError`] if the path is malformed.
    ///
    /// # Examples
    ///
    /// ```
    /// use protocol::http::{Path, PathBuffer, Slashes, TargetError};
    ///
    /// let mut buffer = PathBuffer::new();
    /// let path = Path::parse(b"/a/..//b%20c", &mut buffer, Slashes::Merge)?;
    /// assert_eq!(path.map(Path::as_bytes), Some(&b"/b c"[..]));
    /// assert_eq!(Path::parse(b"/%00", &mut buffer, Slashes::Merge), Err(TargetError));
    /// # Ok::<(), TargetError>(())
    /// ```
    #[inline]
    pub fn parse(
        raw: &'p [u8],
        buffer: &'p mut PathBuffer,
        slashes: Slashes,
    ) -> Result<Option<Path<'p>>, TargetError> {
        Path::undecoded(raw, plain_length(raw) == raw.len())
            .map_or_else(|| decode(raw, buffer, slashes), |path| Ok(Some(path)))
    }

    /// Returns a path that needs neither decoding nor normalisation; `is_plain` is the result of
    /// [`plain_length`].
    #[inline]
    fn undecoded(raw: &'p [u8], is_plain: bool) -> Option<Path<'p>> {
        // INVARIANT: Plain octets stand for themselves, and without `/.` there is no dot segment,
        // without `//` nothing to merge.
        (is_plain && raw.starts_with(b"/")).then_some(Path(raw))
    }

    /// Returns the octets, which need not be UTF-8.
    #[inline]
    pub const fn as_bytes(self) -> &'p [u8] {
        self.0
    }
}

/// Returns the number of octets at the front of `raw` that stand for themselves, up to a segment
/// that is empty or begins with a dot.
#[inline]
fn plain_length(raw: &[u8]) -> usize {
    let mut rest = raw;
    loop {
        let plain = match rest {
            [b'/', b'/' | b'.', ..] => break,
            [b'/', after @ ..] => after,
            _ => rest,
        };
        let (_, after) = plain
            .split_at_checked(INNER.span(plain))
            .unwrap_or_default();
        if after.len() == rest.len() {
            break;
        }
        rest = after;
    }
    raw.len().saturating_sub(rest.len())
}

/// Decodes and normalises a path that is not plain.
#[inline(never)]
fn decode<'p>(
    raw: &[u8],
    buffer: &'p mut PathBuffer,
    slashes: Slashes,
) -> Result<Option<Path<'p>>, TargetError> {
    buffer.clear();
    let mut can_exist = true;
    let mut segments = raw
        .strip_prefix(b"/")
        .ok_or(TargetError)?
        .split(|b| *b == b'/')
        .peekable();
    while let Some(segment) = segments.next() {
        // Before dot segments are resolved, as in nginx: `/a//..` is `/`. The last one names a
        // directory.
        if segment.is_empty() && slashes == Slashes::Merge && segments.peek().is_some() {
            continue;
        }
        let start = buffer.len();
        buffer.push(b'/').map_err(|_| TargetError)?;
        can_exist &= decode_segment(segment, buffer)?;
        let is_parent = match buffer.get(start..) {
            Some(b"/.") => false,
            Some(b"/..") => true,
            _ => continue,
        };
        // RFC 3986 section 5.2.4. The parent of the root is the root.
        buffer.truncate(start);
        if is_parent {
            let parent = buffer.iter().rposition(|b| *b == b'/').unwrap_or(0);
            buffer.truncate(parent);
        }
        // A dot segment at the end names a directory.
        if segments.peek().is_none() {
            buffer.push(b'/').map_err(|_| TargetError)?;
        }
    }
    // INVARIANT: Each segment was decoded once without control characters, and dot segments were
    // removed.
    Ok(can_exist.then_some(Path(buffer)))
}

/// Decodes a segment, and returns whether a name can equal it.
fn decode_segment(segment: &[u8], buffer: &mut PathBuffer) -> Result<bool, TargetError> {
    let mut can_exist = true;
    let mut rest = segment;
    loop {
        let octet;
        (octet, rest) = match rest {
            [] => return Ok(can_exist),
            [b'%', high, low, rest @ ..] => (decode_octet(*high, *low).ok_or(TargetError)?, rest),
            [b'%' | b'?' | b'#' | b' ', ..] => return Err(TargetError),
            [plain, rest @ ..] => (*plain, rest),
        };
        if octet.is_ascii_control() {
            return Err(TargetError);
        }
        can_exist &= octet != b'/';
        buffer.push(octet).map_err(|_| TargetError)?;
    }
}

#[cfg(test)]
mod tests;
