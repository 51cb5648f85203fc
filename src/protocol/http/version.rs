// SPDX-License-Identifier: GPL-2.0-only

//! Protocol versions (RFC 9110 section 2.5, RFC 9112 section 2.3).

use super::status::Status;

/// The version of a request.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Version {
    /// HTTP/1.0: a connection ends after the response unless the client sends `keep-alive`.
    Http10,
    /// HTTP/1.1, and every later minor version, which is treated as the highest known one.
    Http11,
}

impl Version {
    /// Parses `HTTP-name "/" DIGIT "." DIGIT`.
    ///
    /// # Errors
    ///
    /// 505 for a later major version. 400 for a malformed one, and for HTTP/0.9, whose requests
    /// have no version.
    pub fn parse(text: &[u8]) -> Result<Version, Status> {
        match text {
            b"HTTP/1.0" => Ok(Version::Http10),
            [b'H', b'T', b'T', b'P', b'/', b'1', b'.', b'1'..=b'9'] => Ok(Version::Http11),
            [b'H', b'T', b'T', b'P', b'/', b'2'..=b'9', b'.', b'0'..=b'9'] => {
                Err(Status::VersionNotSupported)
            }
            _ => Err(Status::BadRequest),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Status, Version};

    #[test]
    fn rfc9112_2_3_other_versions_are_505_or_400() {
        for (text, version) in [
            ("HTTP/1.0", Ok(Version::Http10)),
            ("HTTP/1.1", Ok(Version::Http11)),
            ("HTTP/1.9", Ok(Version::Http11)),
            ("HTTP/2.0", Err(Status::VersionNotSupported)),
            ("HTTP/9.9", Err(Status::VersionNotSupported)),
            ("HTTP/0.9", Err(Status::BadRequest)),
            ("HTTP/1.10", Err(Status::BadRequest)),
            ("http/1.1", Err(Status::BadRequest)),
            ("HTTP/2", Err(Status::BadRequest)),
            ("", Err(Status::BadRequest)),
        ] {
            assert_eq!(Version::parse(text.as_bytes()), version, "{text}");
        }
    }
}
