// SPDX-License-Identifier: GPL-2.0-only

//! Status codes (RFC 9110 section 15).

use crate::bytes::parse_number;

macro_rules! statuses {
    ($($(#[$doc:meta])* $name:ident = $code:literal $reason:literal,)*) => {
        /// A status that khttpd can send.
        ///
        /// As a number, it is its own index in [`Status::ALL`].
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        pub enum Status {
            $($(#[$doc])* $name,)*
        }

        impl Status {
            /// Every status that khttpd can send.
            pub const ALL: &'static [Status] = &[$(Status::$name,)*];

            /// Returns the status code, which has three digits.
            #[inline]
            pub const fn code(self) -> u16 {
                match self {
                    $(Status::$name => $code,)*
                }
            }

            /// Returns the status line (RFC 9112 section 4) with its CRLF.
            #[inline]
            pub const fn line(self) -> &'static [u8] {
                let line = match self {
                    $(Status::$name => concat!("HTTP/1.1 ", $code, " ", $reason, "\r\n"),)*
                };
                line.as_bytes()
            }

            /// Returns the content of a response without a page: the status line without its
            /// version.
            #[inline]
            pub const fn text(self) -> &'static [u8] {
                match self {
                    $(Status::$name => concat!($code, " ", $reason, "\r\n").as_bytes(),)*
                }
            }
        }
    };
}

statuses! {
    /// RFC 9110 section 15.3.1.
    Ok = 200 "OK",
    /// RFC 9110 section 15.3.7.
    PartialContent = 206 "Partial Content",
    /// RFC 9110 section 15.4.2.
    MovedPermanently = 301 "Moved Permanently",
    /// RFC 9110 section 15.4.3.
    Found = 302 "Found",
    /// RFC 9110 section 15.4.5.
    NotModified = 304 "Not Modified",
    /// RFC 9110 section 15.4.8.
    TemporaryRedirect = 307 "Temporary Redirect",
    /// RFC 9110 section 15.4.9.
    PermanentRedirect = 308 "Permanent Redirect",
    /// RFC 9110 section 15.5.1.
    BadRequest = 400 "Bad Request",
    /// RFC 9110 section 15.5.5.
    NotFound = 404 "Not Found",
    /// RFC 9110 section 15.5.6.
    MethodNotAllowed = 405 "Method Not Allowed",
    /// RFC 9110 section 15.5.7.
    NotAcceptable = 406 "Not Acceptable",
    /// RFC 9110 section 15.5.9.
    RequestTimeout = 408 "Request Timeout",
    /// RFC 9110 section 15.5.13.
    PreconditionFailed = 412 "Precondition Failed",
    /// RFC 9110 section 15.5.14.
    ContentTooLarge = 413 "Content Too Large",
    /// RFC 9110 section 15.5.15.
    UriTooLong = 414 "URI Too Long",
    /// RFC 9110 section 15.5.17.
    RangeNotSatisfiable = 416 "Range Not Satisfiable",
    /// RFC 9110 section 15.5.18.
    ExpectationFailed = 417 "Expectation Failed",
    /// RFC 9110 section 15.5.20.
    MisdirectedRequest = 421 "Misdirected Request",
    /// RFC 6585 section 5.
    FieldsTooLarge = 431 "Request Header Fields Too Large",
    /// RFC 9110 section 15.6.1.
    InternalServerError = 500 "Internal Server Error",
    /// RFC 9110 section 15.6.2.
    NotImplemented = 501 "Not Implemented",
    /// RFC 9110 section 15.6.4.
    ServiceUnavailable = 503 "Service Unavailable",
    /// RFC 9110 section 15.6.6.
    VersionNotSupported = 505 "HTTP Version Not Supported",
}

impl Status {
    /// Parses a status code.
    ///
    /// # Examples
    ///
    /// ```
    /// use protocol::http::Status;
    ///
    /// assert_eq!(Status::parse(b"404"), Some(Status::NotFound));
    /// assert_eq!(Status::parse(b"418"), None);
    /// ```
    pub fn parse(code: &[u8]) -> Option<Status> {
        let code = parse_number(code, 10).filter(|_| code.len() == 3)?;
        Status::ALL
            .iter()
            .copied()
            .find(|status| u64::from(status.code()) == code)
    }

    /// Returns whether this is the status of an error.
    #[inline]
    pub const fn is_error(self) -> bool {
        self.code() >= 400
    }

    /// Returns whether this is the status of a redirect, which has a `Location`.
    #[inline]
    pub const fn is_redirect(self) -> bool {
        matches!(
            self,
            Status::MovedPermanently
                | Status::Found
                | Status::TemporaryRedirect
                | Status::PermanentRedirect
        )
    }

    /// Returns whether the connection ends after this status.
    ///
    /// It does if the end of the request is in doubt, if its rest is not going to be read, and
    /// after a failure of the server.
    #[inline]
    pub const fn closes(self) -> bool {
        matches!(
            self,
            Status::BadRequest
                | Status::RequestTimeout
                | Status::ContentTooLarge
                | Status::UriTooLong
                | Status::FieldsTooLarge
                | Status::InternalServerError
                | Status::VersionNotSupported
        )
    }
}

#[cfg(test)]
mod tests {
    use super::Status;

    #[test]
    fn rfc9112_4_status_line_has_version_code_and_reason() {
        assert_eq!(Status::NotFound.line(), b"HTTP/1.1 404 Not Found\r\n");
        assert_eq!(Status::NotFound.text(), b"404 Not Found\r\n");
        for status in Status::ALL {
            let line = String::from_utf8_lossy(status.line()).into_owned();
            assert_eq!(
                line,
                format!("HTTP/1.1 {}", String::from_utf8_lossy(status.text()))
            );
            assert!(line.starts_with(&format!("HTTP/1.1 {} ", status.code())));
        }
    }

    #[test]
    fn status_is_its_own_index() {
        for (index, status) in Status::ALL.iter().enumerate() {
            assert_eq!(*status as usize, index);
        }
    }

    #[test]
    fn code_of_every_status_is_parsed_again() {
        for status in Status::ALL {
            let code = status.code().to_string();
            assert_eq!(Status::parse(code.as_bytes()), Some(*status));
        }
        for code in ["", "0404", "40", "4040", "+404", "599", "999"] {
            assert_eq!(Status::parse(code.as_bytes()), None, "{code}");
        }
    }
}
