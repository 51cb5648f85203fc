// SPDX-License-Identifier: GPL-2.0-only

//! Heads of requests (RFC 9112 sections 2 to 5).

use core::mem::MaybeUninit;

use httparse::Header;

use super::{
    body::Framing,
    field::{cut, FieldName, FieldNames, Fields},
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
    /// The length of the head in bytes.
    pub length: usize,
}

/// Why a head gets nothing but an error.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Rejection {
    /// The status of the reply.
    pub status: Status,
    /// Whether the request is known to be a HEAD, whose reply has no body.
    pub head_only: bool,
}

/// Why there is no request to be had.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ParseError {
    /// The head has not ended. Nothing is wrong with it so far.
    Partial,
    /// The head is malformed or too large.
    Refused(Rejection),
}

impl<'b> Request<'b> {
    /// A request of which nothing is known.
    #[inline]
    pub const fn new() -> Request<'b> {
        Request {
            method: Method::Unknown,
            target: &[],
            version: Version::Http11,
            host: None,
            framing: Framing::None,
            expectation: Expectation::None,
            persistent: false,
            fields: Fields::new(),
            length: 0,
        }
    }

    /// Reads the head at the front of `bytes`.
    ///
    /// As httparse does it, the request is filled where it lies: it is large, and else there would
    /// be a copy of it on the stack for each step. Empty lines in front of the head are the
    /// session's business; httparse skips any number of them.
    pub fn parse(&mut self, bytes: &'b [u8]) -> Result<(), ParseError> {
        let outcome = match self.read(bytes) {
            Err(Status::VersionNotSupported) => self.read_other_version(bytes),
            outcome => outcome,
        };
        let checked = match outcome {
            Ok(true) => self.check(),
            Ok(false) => return Err(ParseError::Partial),
            Err(status) => Err(status),
        };
        let head_only = self.method == Method::Head;
        checked.map_err(|status| ParseError::Refused(Rejection { status, head_only }))
    }

    /// Lets httparse read a head, and says whether it is complete.
    ///
    /// The table of field lines takes 2 KiB of stack. It is gone when this function returns, before
    /// anything is done with the request. 505 means any version that httparse does not know.
    #[inline(never)]
    fn read(&mut self, bytes: &'b [u8]) -> Result<bool, Status> {
        let mut table = [const { MaybeUninit::<Header<'_>>::uninit() }; FIELDS_MAX];
        let mut line = httparse::Request::new(&mut []);
        let outcome = line.parse_with_uninit_headers(bytes, &mut table);

        self.method = Method::parse(line.method.unwrap_or_default().as_bytes());
        self.target = line.path.unwrap_or_default().as_bytes();
        if line.version == Some(0) {
            self.version = Version::Http10;
        }
        if self.target.len() > TARGET_MAX {
            return Err(Status::UriTooLong);
        }
        let length = found(outcome)?;
        length.map_or(Ok(false), |length| self.gather(bytes, length, line.headers))
    }

    /// Reads a head of a version that httparse refuses: a later minor version is understood as 1.1
    /// (RFC 9110 section 2.5).
    ///
    /// httparse got as far as the version, so the method and the target are known.
    #[inline(never)]
    fn read_other_version(&mut self, bytes: &'b [u8]) -> Result<bool, Status> {
        let Some((line, rest)) = cut(bytes, b'\n') else {
            return Ok(false);
        };
        let line = line.strip_suffix(b"\r").ok_or(Status::BadRequest)?;
        let version = line.splitn(3, |b| *b == b' ').nth(2).unwrap_or_default();
        self.version = Version::parse(version)?;

        let mut table = [httparse::EMPTY_HEADER; FIELDS_MAX];
        let Some((length, lines)) = found(httparse::parse_headers(rest, &mut table))? else {
            return Ok(false);
        };
        let start = bytes.len().saturating_sub(rest.len());
        self.gather(bytes, start.saturating_add(length), lines)
    }

    #[inline]
    fn gather(
        &mut self,
        bytes: &'b [u8],
        length: usize,
        lines: &[Header<'b>],
    ) -> Result<bool, Status> {
        let head = bytes.get(..length).ok_or(Status::BadRequest)?;
        self.length = length;
        self.fields.gather(head, lines).ok_or(Status::BadRequest)?;
        Ok(true)
    }

    /// Checks what decides about the request as a whole.
    #[inline]
    fn check(&mut self) -> Result<(), Status> {
        const DECISIVE: FieldNames = FieldNames::of(&[
            FieldName::Connection,
            FieldName::ContentLength,
            FieldName::Expect,
            FieldName::TransferEncoding,
        ]);
        self.host = self.find_host()?;
        if !self.fields.has_any(DECISIVE) {
            self.persistent = self.version != Version::Http10;
            return Ok(());
        }
        self.framing = Framing::parse(&self.fields, self.version)?;
        self.expectation = self.find_expectation();
        self.persistent = self.is_persistent();
        Ok(())
    }

    /// Exactly one, well-formed (RFC 9112 section 3.2).
    fn find_host(&self) -> Result<Option<Host<'b>>, Status> {
        match self.fields.once(FieldName::Host) {
            Some(value) => Host::parse(value).map(Some).ok_or(Status::BadRequest),
            None if self.version == Version::Http10 && !self.fields.has(FieldName::Host) => {
                Ok(None)
            }
            None => Err(Status::BadRequest),
        }
    }

    fn find_expectation(&self) -> Expectation {
        // A client of HTTP/1.0 does not know how to wait.
        if self.version == Version::Http10 {
            return Expectation::None;
        }
        let elements = self.fields.elements(FieldName::Expect);
        elements.fold(Expectation::None, |so_far, element| match so_far {
            Expectation::Unknown => Expectation::Unknown,
            _ if element.eq_ignore_ascii_case(b"100-continue") => Expectation::Continue,
            _ => Expectation::Unknown,
        })
    }

    fn is_persistent(&self) -> bool {
        let mut keep_alive = self.version != Version::Http10;
        for option in self.fields.elements(FieldName::Connection) {
            if option.eq_ignore_ascii_case(b"close") {
                return false;
            }
            keep_alive |= option.eq_ignore_ascii_case(b"keep-alive");
        }
        keep_alive
    }
}

impl Default for Request<'_> {
    fn default() -> Self {
        Request::new()
    }
}

/// What httparse found, if it is complete.
fn found<T>(outcome: httparse::Result<T>) -> Result<Option<T>, Status> {
    match outcome {
        Ok(httparse::Status::Complete(found)) => Ok(Some(found)),
        Ok(httparse::Status::Partial) => Ok(None),
        Err(httparse::Error::Version) => Err(Status::VersionNotSupported),
        Err(httparse::Error::TooManyHeaders) => Err(Status::FieldsTooLarge),
        Err(_) => Err(Status::BadRequest),
    }
}
