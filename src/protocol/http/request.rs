// SPDX-License-Identifier: GPL-2.0-only

//! Heads of requests (RFC 9112 sections 2 to 5).

use super::{
    body::Framing,
    field::{
        FieldName,
        FieldNames,
        Fields, //
    },
    host::Host,
    limits::{
        FIELDS_MAX,
        HEAD_MAX,
        TARGET_MAX, //
    },
    method::Method,
    status::Status,
    version::Version, //
};
use crate::bytes::split_once;
use core::mem::MaybeUninit;
use httparse::Header;

/// The expectation of a client (RFC 9110 section 10.1.1).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Expectation {
    /// None, or none that a client of this version can have.
    None,
    /// `100-continue`: the client may wait with the body until a response arrives.
    Continue,
    /// Another expectation: 417.
    Unknown,
}

/// A request with a well-formed head and a body with a known end.
#[derive(Clone, Copy)]
pub struct Request<'b> {
    /// Method.
    pub method: Method,
    /// Target as the client sent it, at most [`TARGET_MAX`] bytes.
    pub target: &'b [u8],
    /// Version.
    pub version: Version,
    /// Host of the field `Host`. Only a request in HTTP/1.0 may have none.
    pub host: Option<Host<'b>>,
    /// Framing of the body.
    pub framing: Framing,
    /// Expectation of the client.
    pub expectation: Expectation,
    /// Whether the client lets the connection persist after this request (RFC 9112 section 9.3).
    pub persistent: bool,
    /// Fields that can change the response.
    pub fields: Fields<'b>,
    /// Length of the head in bytes.
    pub length: usize,
}

/// The reason to reject a head, whatever the site.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Rejection {
    /// Status of the response.
    pub status: Status,
    /// Whether the request is known to be a HEAD, whose response has no body.
    pub head_only: bool,
}

/// The reason why a head is not parsed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ParseError {
    /// The head has not ended. It is well-formed so far.
    Partial,
    /// The head is malformed or too large.
    Rejected(Rejection),
}

impl<'b> Request<'b> {
    /// Creates a request to be filled by [`Request::parse`].
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

    /// Parses the head at the front of `bytes`, which does not begin with an empty line.
    ///
    /// Like httparse, this function fills a request in place. A request is large; to return it
    /// would copy it on the stack.
    ///
    /// # Errors
    ///
    /// [`ParseError::Partial`] if the head is not complete, else the reason to reject it.
    ///
    /// # Examples
    ///
    /// ```
    /// use protocol::http::{Method, ParseError, Request};
    ///
    /// let mut request = Request::new();
    /// let head = b"GET /index.html HTTP/1.1\r\nHost: example.org\r\n\r\n";
    /// request.parse(head)?;
    /// assert_eq!((request.method, request.target), (Method::Get, &b"/index.html"[..]));
    /// assert_eq!(request.length, head.len());
    /// # Ok::<(), ParseError>(())
    /// ```
    pub fn parse(&mut self, bytes: &'b [u8]) -> Result<(), ParseError> {
        let outcome = match self.parse_head(bytes) {
            Err(Status::VersionNotSupported) => self.parse_other_version(bytes),
            outcome => outcome,
        };
        let checked = match outcome {
            Ok(true) => self.check(),
            Ok(false) => return Err(ParseError::Partial),
            Err(status) => Err(status),
        };
        let head_only = self.method == Method::Head;
        checked.map_err(|status| ParseError::Rejected(Rejection { status, head_only }))
    }

    /// Returns the status of a request that only a process can serve, whatever its path.
    #[inline]
    pub(super) fn unsupported(&self) -> Option<Status> {
        if self.framing == Framing::TooLong {
            return Some(Status::ContentTooLarge);
        }
        match self.method {
            Method::Get | Method::Head | Method::Options => {
                (self.expectation == Expectation::Unknown).then_some(Status::ExpectationFailed)
            }
            Method::NotAllowed => Some(Status::MethodNotAllowed),
            Method::Unknown => Some(Status::NotImplemented),
        }
    }

    /// Parses the head at the front of `bytes`, which is at most as long as `head_max` says,
    /// [`HEAD_MAX`] or more. Only a long head needs to know.
    ///
    /// # Errors
    ///
    /// As [`Request::parse`].
    #[inline]
    pub(super) fn parse_bounded(
        &mut self,
        bytes: &'b [u8],
        head_max: impl FnOnce() -> usize,
    ) -> Result<(), ParseError> {
        let head_max = if bytes.len() < HEAD_MAX {
            HEAD_MAX
        } else {
            head_max()
        };
        let window = bytes.get(..head_max).unwrap_or(bytes);
        match self.parse(window) {
            Err(ParseError::Partial) if window.len() == head_max => {
                let status = if window.contains(&b'\n') {
                    Status::FieldsTooLarge
                } else {
                    Status::UriTooLong
                };
                let head_only = self.method == Method::Head;
                Err(ParseError::Rejected(Rejection { status, head_only }))
            }
            result => result,
        }
    }

    /// Parses a head by httparse, and returns whether it is complete.
    ///
    /// The table of field lines takes 2 KiB of stack, which are free again when this function
    /// returns, before the request is processed. 505 means any version that httparse does not know.
    #[inline(never)]
    fn parse_head(&mut self, bytes: &'b [u8]) -> Result<bool, Status> {
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
        let length = complete(outcome)?;
        length.map_or(Ok(false), |length| self.gather(bytes, length, line.headers))
    }

    /// Parses a head with a version that httparse rejects. A later minor version is treated as 1.1
    /// (RFC 9110 section 2.5).
    ///
    /// httparse has parsed the method and the target before the version.
    #[inline(never)]
    fn parse_other_version(&mut self, bytes: &'b [u8]) -> Result<bool, Status> {
        let Some((line, rest)) = split_once(bytes, b'\n') else {
            return Ok(false);
        };
        let line = line.strip_suffix(b"\r").ok_or(Status::BadRequest)?;
        let version = line.splitn(3, |b| *b == b' ').nth(2).unwrap_or_default();
        self.version = Version::parse(version)?;

        let mut table = [httparse::EMPTY_HEADER; FIELDS_MAX];
        let Some((length, lines)) = complete(httparse::parse_headers(rest, &mut table))? else {
            return Ok(false);
        };
        let start = bytes.len().saturating_sub(rest.len());
        self.gather(bytes, start.saturating_add(length), lines)
    }

    /// Adds the fields of a head of this length.
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

    /// Checks host, framing, expectation and persistence.
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

    /// Parses the field `Host`, of which there must be exactly one (RFC 9112 section 3.2).
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
        // A client of HTTP/1.0 does not wait.
        if self.version == Version::Http10 {
            return Expectation::None;
        }
        let elements = self.fields.elements(FieldName::Expect);
        elements.fold(
            Expectation::None,
            |expectation, element| match expectation {
                Expectation::Unknown => Expectation::Unknown,
                _ if element.eq_ignore_ascii_case(b"100-continue") => Expectation::Continue,
                _ => Expectation::Unknown,
            },
        )
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

/// Converts a result of httparse; [`None`] means that the head is not complete.
fn complete<T>(outcome: httparse::Result<T>) -> Result<Option<T>, Status> {
    match outcome {
        Ok(httparse::Status::Complete(value)) => Ok(Some(value)),
        Ok(httparse::Status::Partial) => Ok(None),
        Err(httparse::Error::Version) => Err(Status::VersionNotSupported),
        Err(httparse::Error::TooManyHeaders) => Err(Status::FieldsTooLarge),
        Err(_) => Err(Status::BadRequest),
    }
}
