// SPDX-License-Identifier: GPL-2.0-only

//! Request targets (RFC 9112 section 3.2) and their paths (RFC 3986 section 3.3).

use super::{
    host::Host,
    octet::{PATH, UNDOTTED},
    sink::{Full, Sink},
    status::Status,
    TARGET_MAX, //
};

/// The path is not one: a bad escape, a control byte, or a byte that a URI cannot hold.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TargetError;

/// A request target split into its parts, nothing decoded yet.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Target<'b> {
    /// The host of the absolute form, which wins over the field `Host` (RFC 9112 section 3.2.2).
    pub host: Option<Host<'b>>,
    /// The path as it was sent. The absolute form may leave it out.
    pub path: &'b [u8],
    /// The path needs neither decoding nor normalising.
    plain: bool,
    /// What follows the question mark. It does not choose a file.
    pub query: Option<&'b [u8]>,
}

/// The forms of a target that a file server has an answer to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TargetForm<'b> {
    /// The origin form or the absolute form.
    Path(Target<'b>),
    /// `*`: the server itself (RFC 9112 section 3.2.4).
    Asterisk,
}

impl<'b> Target<'b> {
    /// The decoded path, as [`Path::parse`] does it.
    #[inline]
    pub fn decode(&self, buffer: &'b mut PathBuffer) -> Result<Option<Path<'b>>, TargetError> {
        match Path::undecoded(self.path, self.plain) {
            Some(path) => Ok(Some(path)),
            None => decode(self.path, buffer),
        }
    }
}

impl<'b> TargetForm<'b> {
    /// Tells the forms apart and splits the target.
    ///
    /// A target of another scheme is not ours: 421 for `https`, which this connection cannot be
    /// (RFC 9110 section 7.4), 400 for all else.
    #[inline]
    pub fn parse(target: &'b [u8]) -> Result<TargetForm<'b>, Status> {
        match target {
            [b'/', ..] => TargetForm::split(None, target),
            b"*" => Ok(TargetForm::Asterisk),
            _ => TargetForm::absolute(target),
        }
    }

    fn absolute(target: &'b [u8]) -> Result<TargetForm<'b>, Status> {
        let after = |scheme: &[u8]| {
            let (start, rest) = target.split_at_checked(scheme.len())?;
            start.eq_ignore_ascii_case(scheme).then_some(rest)
        };
        let Some(rest) = after(b"http://") else {
            let secured = after(b"https://").is_some();
            return Err(if secured {
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
        // The question mark is not plain.
        let plain = plain_length(rest);
        let (path, query) = match rest.get(plain..) {
            None | Some([]) => (rest, None),
            Some(_) => match super::field::cut(rest, b'?') {
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
            plain: path.len() == plain,
            query,
        }))
    }
}

/// What a query may hold. Browsers send some bytes as they are that RFC 3986 wants escaped; a query
/// has no meaning here, so only those are refused that end it or break out of a field.
fn is_query(byte: u8) -> bool {
    byte.is_ascii_graphic() && !matches!(byte, b'#' | b'"' | b'<' | b'>')
}

/// Whether a byte stands for itself in a path.
pub(crate) fn is_plain(byte: u8) -> bool {
    PATH.has(byte)
}

/// Where a path is decoded to.
pub type PathBuffer = heapless::Vec<u8, TARGET_MAX>;

/// A path as the site knows it.
///
/// # Invariants
///
/// It begins with `/`, is decoded exactly once, has neither NUL nor other control bytes, and no
/// segment of it is `.` or `..`. No `/` in it was escaped.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Path<'p>(&'p [u8]);

impl<'p> Path<'p> {
    /// Decodes and normalises a path.
    ///
    /// A path that needs neither stays where it is, else it goes to `buffer`. `Ok(None)` is a path
    /// that is well-formed but can name nothing: an escaped `/` is no separator, and no name holds
    /// one.
    #[inline]
    pub fn parse(
        raw: &'p [u8],
        buffer: &'p mut PathBuffer,
    ) -> Result<Option<Path<'p>>, TargetError> {
        Path::undecoded(raw, plain_length(raw) == raw.len())
            .map_or_else(|| decode(raw, buffer), |path| Ok(Some(path)))
    }

    /// The path that needs neither; `plain`: as [`plain_length`] has it.
    #[inline]
    fn undecoded(raw: &'p [u8], plain: bool) -> Option<Path<'p>> {
        // INVARIANT: Plain bytes stand for themselves, and without `/.` no segment is made of dots.
        (plain && raw.starts_with(b"/")).then_some(Path(raw))
    }

    /// The bytes, which need not be UTF-8.
    #[inline]
    pub const fn as_bytes(self) -> &'p [u8] {
        self.0
    }
}

/// How many bytes in front of `raw` stand for themselves, up to a segment that begins with a dot.
#[inline]
fn plain_length(raw: &[u8]) -> usize {
    let mut length = 0usize;
    while let Some((before, rest)) = raw.split_at_checked(length) {
        match rest {
            [b'.', ..] if before.ends_with(b"/") => break,
            [b'.', ..] => length = length.saturating_add(1),
            _ => match UNDOTTED.span(rest) {
                0 => break,
                span => length = length.saturating_add(span),
            },
        }
    }
    length
}

/// The long way of [`Path::parse`].
#[inline(never)]
fn decode<'p>(raw: &[u8], buffer: &'p mut PathBuffer) -> Result<Option<Path<'p>>, TargetError> {
    buffer.clear();
    let mut findable = true;
    let mut segments = raw
        .strip_prefix(b"/")
        .ok_or(TargetError)?
        .split(|b| *b == b'/')
        .peekable();
    while let Some(segment) = segments.next() {
        let start = buffer.len();
        buffer.push(b'/').map_err(|_| TargetError)?;
        findable &= decode_segment(segment, buffer)?;
        let up = match buffer.get(start..) {
            Some(b"/.") => false,
            Some(b"/..") => true,
            _ => continue,
        };
        // RFC 3986 section 5.2.4. Above the root is the root.
        buffer.truncate(start);
        if up {
            let parent = buffer.iter().rposition(|b| *b == b'/').unwrap_or(0);
            buffer.truncate(parent);
        }
        // A dot segment at the end names a directory.
        if segments.peek().is_none() {
            buffer.push(b'/').map_err(|_| TargetError)?;
        }
    }
    // INVARIANT: each segment was decoded once, control bytes were refused, dot segments are gone.
    Ok(findable.then_some(Path(buffer)))
}

/// Decodes one segment and says whether a name can look like that.
fn decode_segment(segment: &[u8], buffer: &mut PathBuffer) -> Result<bool, TargetError> {
    let mut findable = true;
    let mut rest = segment;
    loop {
        let byte;
        (byte, rest) = match rest {
            [] => return Ok(findable),
            [b'%', high, low, rest @ ..] => (escaped(*high, *low).ok_or(TargetError)?, rest),
            [plain, rest @ ..] if is_plain(*plain) => (*plain, rest),
            [..] => return Err(TargetError),
        };
        if byte.is_ascii_control() {
            return Err(TargetError);
        }
        findable &= byte != b'/';
        buffer.push(byte).map_err(|_| TargetError)?;
    }
}

/// The bytes of a path with their escapes decoded; what is no escape stands for itself.
pub(crate) fn decoded(raw: &[u8]) -> impl Iterator<Item = u8> + Clone + use<'_> {
    let mut rest = raw;
    core::iter::from_fn(move || {
        let (byte, after) = match rest {
            [b'%', high, low, after @ ..] => match escaped(*high, *low) {
                Some(byte) => (byte, after),
                None => (b'%', rest.get(1..)?),
            },
            [byte, after @ ..] => (*byte, after),
            [] => return None,
        };
        rest = after;
        Some(byte)
    })
}

fn escaped(high: u8, low: u8) -> Option<u8> {
    let digit = |byte: u8| {
        char::from(byte)
            .to_digit(16)
            .and_then(|digit| u8::try_from(digit).ok())
    };
    digit(high)?.checked_mul(16)?.checked_add(digit(low)?)
}

/// Appends a decoded path in a form that [`Path::parse`] decodes to the same path.
pub fn encode(path: &[u8], sink: &mut impl Sink) -> Result<(), Full> {
    escape(path, is_plain, sink)
}

/// Appends a query that is safe in a field value.
pub(super) fn encode_query(query: &[u8], sink: &mut impl Sink) -> Result<(), Full> {
    // What follows a `%` is not looked at: a query is sent back as it came, as far as it may.
    escape(
        query,
        |byte| is_plain(byte) || matches!(byte, b'?' | b'%'),
        sink,
    )
}

fn escape(bytes: &[u8], is_plain: fn(u8) -> bool, sink: &mut impl Sink) -> Result<(), Full> {
    let mut rest = bytes;
    while !rest.is_empty() {
        let plain = rest
            .iter()
            .position(|b| !is_plain(*b))
            .unwrap_or(rest.len());
        let (run, after) = rest.split_at_checked(plain).unwrap_or((rest, &[]));
        sink.put(run)?;
        rest = match after {
            [byte, after @ ..] => {
                sink.put(&[b'%', hexadecimal(byte >> 4), hexadecimal(byte & 0xf)])?;
                after
            }
            [] => after,
        };
    }
    Ok(())
}

fn hexadecimal(digit: u8) -> u8 {
    b"0123456789ABCDEF"
        .get(usize::from(digit))
        .copied()
        .unwrap_or(b'0')
}

#[cfg(test)]
mod tests;
