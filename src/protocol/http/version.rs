// SPDX-License-Identifier: GPL-2.0-only

//! Protocol versions (RFC 9110 section 2.5, RFC 9112 section 2.3).

use super::status::Status;

/// The version of a request.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Version {
    /// HTTP/1.0: a connection ends after the reply unless `keep-alive` was asked for.
    Http10,
    /// HTTP/1.1, and every later minor version, which must be understood as the highest one known.
    Http11,
}

impl Version {
    /// Reads `HTTP-name "/" DIGIT "." DIGIT`.
    ///
    /// A later major version is 505; what is no version at all, and HTTP/0.9 which never named
    /// itself, is 400.
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
    fn rfc9112_2_3_versions() {
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
