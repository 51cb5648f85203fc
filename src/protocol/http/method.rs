// SPDX-License-Identifier: GPL-2.0-only

//! Methods (RFC 9110 section 9).

/// The line `Allow` (RFC 9110 section 10.2.1).
pub(super) const ALLOW: &[u8] = b"Allow: GET, HEAD, OPTIONS\r\n";

/// The method of a request.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Method {
    /// RFC 9110 section 9.3.1.
    Get,
    /// RFC 9110 section 9.3.2.
    Head,
    /// RFC 9110 section 9.3.7.
    Options,
    /// A standard method that static files do not support: 405.
    NotAllowed,
    /// A method that is unknown to this server: 501.
    Unknown,
}

impl Method {
    /// Parses a method. Methods are case-sensitive (RFC 9110 section 9.1).
    #[inline]
    pub fn parse(name: &[u8]) -> Method {
        match name {
            b"GET" => Method::Get,
            b"HEAD" => Method::Head,
            b"OPTIONS" => Method::Options,
            b"POST" | b"PUT" | b"DELETE" | b"CONNECT" | b"TRACE" | b"PATCH" => Method::NotAllowed,
            _ => Method::Unknown,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Method;

    #[test]
    fn rfc9110_9_1_methods_are_case_sensitive() {
        for (name, method) in [
            ("GET", Method::Get),
            ("HEAD", Method::Head),
            ("OPTIONS", Method::Options),
            ("POST", Method::NotAllowed),
            ("TRACE", Method::NotAllowed),
            ("get", Method::Unknown),
            ("Get", Method::Unknown),
            ("GETX", Method::Unknown),
            ("PRI", Method::Unknown),
            ("", Method::Unknown),
        ] {
            assert_eq!(Method::parse(name.as_bytes()), method, "{name}");
        }
    }
}
