// SPDX-License-Identifier: GPL-2.0-only

//! Heads of requests (RFC 9112 sections 2 to 5).

use core::mem::MaybeUninit;

use httparse::Header;

use super::{
    body::Framing,
    field::{cut, Fields, Name},
    host::Host,
    method::Method,
    status::Status,
    version::Version,
    FIELDS_MAX,
    TARGET_MAX, //
};

/// What the client expects of the server (RFC 9110 section 10.1.1).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Expectation {
    /// Nothing, or nothing that a client of its version can expect.
    None,
    /// `100-continue`: the client may wait with the body until it hears something.
    Continue,
    /// Something else: 417.
    Unknown,
}

/// A request whose head is well-formed, and whose body has a known end.
#[derive(Clone, Copy)]
pub struct Request<'b> {
    /// The method.
    pub method: Method,
    /// The target as it was sent, at most [`TARGET_MAX`] bytes.
    pub target: &'b [u8],
    /// The version.
    pub version: Version,
    /// The host of the field `Host`, which only HTTP/1.0 may leave out.
    pub host: Option<Host<'b>>,
    /// Where the body ends.
    pub framing: Framing,
    /// What is expected of the server.
    pub expectation: Expectation,
    /// Whether the client lets the connection persist after this request (RFC 9112 section 9.3).
    pub persistent: bool,
    /// All fields that change a reply.
    pub fields: Fields<'b>,
}

/// Why a head gets nothing but an error.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Refusal {
    /// The status of the reply.
    pub status: Status,
    /// Whether the request is known to be a HEAD, whose reply has no body.
    pub head_only: bool,
}

impl<'b> Request<'b> {
    /// Reads the head at the front of `bytes` and says how long it is.
    ///
    /// `Ok(None)` means that nothing is wrong so far but the head has not ended.
    #[inline]
    pub fn parse(bytes: &'b [u8]) -> Result<Option<(Request<'b>, usize)>, Refusal> {
        match read(bytes) {
            Ok(head) => head.check().map(|request| Some((request, head.length))),
            Err(Stop::Partial) => Ok(None),
            Err(Stop::Version { head_only }) => read_other_version(bytes, head_only),
            Err(Stop::Refused(refusal)) => Err(refusal),
        }
    }
}

/// What httparse made of a head.
struct Head<'b> {
    method: Method,
    target: &'b [u8],
    version: Version,
    fields: Fields<'b>,
    /// Of the whole head in bytes.
    length: usize,
}

/// Why [`read`] found no head.
enum Stop {
    Partial,
    /// The request line names a version that httparse does not know.
    Version {
        head_only: bool,
    },
    Refused(Refusal),
}

/// Lets httparse read a head.
///
/// The table of header lines takes 2 KiB of stack. It is gone when this function returns, before anything is done with
/// the request.
#[inline(never)]
fn read(bytes: &[u8]) -> Result<Head<'_>, Stop> {
    let mut table = [const { MaybeUninit::<Header<'_>>::uninit() }; FIELDS_MAX];
    let mut line = httparse::Request::new(&mut []);
    let outcome = line.parse_with_uninit_headers(bytes, &mut table);

    let method = Method::parse(line.method.unwrap_or_default().as_bytes());
    let target = line.path.unwrap_or_default().as_bytes();
    let head_only = method == Method::Head;
    let refuse = |status| Err(Stop::Refused(Refusal { status, head_only }));
    if target.len() > TARGET_MAX {
        return refuse(Status::UriTooLong);
    }
    match outcome {
        Ok(httparse::Status::Complete(length)) => {
            let head = bytes.get(..length).unwrap_or(&[]);
            let Some(fields) = Fields::gather(head, line.headers) else {
                return refuse(Status::BadRequest);
            };
            let version = if line.version == Some(0) {
                Version::Http10
            } else {
                Version::Http11
            };
            Ok(Head {
                method,
                target,
                version,
                fields,
                length,
            })
        }
        Ok(httparse::Status::Partial) => Err(Stop::Partial),
        Err(httparse::Error::Version) => Err(Stop::Version { head_only }),
        Err(httparse::Error::TooManyHeaders) => refuse(Status::FieldsTooLarge),
        Err(_) => refuse(Status::BadRequest),
    }
}

/// The head of a version that httparse refuses: a later minor version is understood as 1.1 (RFC 9110 section 2.5).
///
/// httparse got as far as the version, so the method and the target are well-formed.
#[inline(never)]
fn read_other_version(
    bytes: &[u8],
    head_only: bool,
) -> Result<Option<(Request<'_>, usize)>, Refusal> {
    let refuse = |status| Refusal { status, head_only };
    let Some((line, rest)) = cut(bytes, b'\n') else {
        return Ok(None);
    };
    let line = line.strip_suffix(b"\r").ok_or(refuse(Status::BadRequest))?;
    let mut words = line.splitn(3, |b| *b == b' ');
    let method = Method::parse(words.next().unwrap_or_default());
    let target = words.next().unwrap_or_default();
    let version = Version::parse(words.next().unwrap_or_default()).map_err(refuse)?;

    let mut table = [httparse::EMPTY_HEADER; FIELDS_MAX];
    let (length, lines) = match httparse::parse_headers(rest, &mut table) {
        Ok(httparse::Status::Complete(found)) => found,
        Ok(httparse::Status::Partial) => return Ok(None),
        Err(httparse::Error::TooManyHeaders) => return Err(refuse(Status::FieldsTooLarge)),
        Err(_) => return Err(refuse(Status::BadRequest)),
    };
    let length = bytes
        .len()
        .saturating_sub(rest.len())
        .saturating_add(length);
    let head = bytes.get(..length).unwrap_or(&[]);
    let fields = Fields::gather(head, lines).ok_or(refuse(Status::BadRequest))?;
    Head {
        method,
        target,
        version,
        fields,
        length,
    }
    .check()
    .map(|request| Some((request, length)))
}

impl<'b> Head<'b> {
    /// Checks what decides about the request as a whole.
    #[inline]
    fn check(&self) -> Result<Request<'b>, Refusal> {
        let refuse = |status| Refusal {
            status,
            head_only: self.method == Method::Head,
        };
        Ok(Request {
            method: self.method,
            target: self.target,
            version: self.version,
            host: self.host().map_err(refuse)?,
            framing: Framing::parse(&self.fields, self.version).map_err(refuse)?,
            expectation: self.expectation(),
            persistent: self.is_persistent(),
            fields: self.fields,
        })
    }

    /// Exactly one, well-formed (RFC 9112 section 3.2).
    fn host(&self) -> Result<Option<Host<'b>>, Status> {
        match self.fields.once(Name::Host) {
            Some(value) => Host::parse(value).map(Some).ok_or(Status::BadRequest),
            None if self.version == Version::Http10 && !self.fields.has(Name::Host) => Ok(None),
            None => Err(Status::BadRequest),
        }
    }

    fn expectation(&self) -> Expectation {
        // A client of HTTP/1.0 does not know how to wait.
        if self.version == Version::Http10 {
            return Expectation::None;
        }
        self.fields
            .elements(Name::Expect)
            .fold(Expectation::None, |so_far, element| match so_far {
                Expectation::Unknown => Expectation::Unknown,
                _ if element.eq_ignore_ascii_case(b"100-continue") => Expectation::Continue,
                _ => Expectation::Unknown,
            })
    }

    fn is_persistent(&self) -> bool {
        let mut keep_alive = self.version != Version::Http10;
        for option in self.fields.elements(Name::Connection) {
            if option.eq_ignore_ascii_case(b"close") {
                return false;
            }
            keep_alive |= option.eq_ignore_ascii_case(b"keep-alive");
        }
        keep_alive
    }
}
