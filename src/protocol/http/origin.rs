// SPDX-License-Identifier: GPL-2.0-only

//! The origin of a target (RFC 9110 section 4.3.1), without its port.

use super::{
    host::HostPattern,
    scheme::Scheme, //
};
use core::fmt;

/// The requirement that a pattern of origins meets.
const FORM: &str =
    "must be a host without a port, *.DOMAIN or *, with or without http:// or https:// in front";

/// The scheme and the host that a request is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Origin<'b> {
    /// Scheme of the connection.
    pub scheme: Scheme,
    /// Host, well-formed, as the client sent it, without its port: compare it without regard to case.
    /// It is [`None`] if a client of HTTP/1.0 sent none.
    pub host: Option<&'b [u8]>,
}

/// A pattern that matches origins.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct OriginPattern<'a> {
    /// Scheme, or [`None`] for both.
    pub scheme: Option<Scheme>,
    /// Hosts.
    pub host: HostPattern<'a>,
}

impl<'a> OriginPattern<'a> {
    /// The pattern `*`, which matches all origins.
    pub const ANY: Self = OriginPattern {
        scheme: None,
        host: HostPattern::Any,
    };

    /// Parses a pattern: that of a host, with or without `http://` or `https://` in front.
    ///
    /// # Errors
    ///
    /// The requirement that the word does not meet.
    ///
    /// # Examples
    ///
    /// ```
    /// use protocol::http::{HostPattern, OriginPattern, Scheme};
    ///
    /// let pattern = OriginPattern::parse(b"http://*.example.org")?;
    /// assert_eq!(pattern.scheme, Some(Scheme::Http));
    /// assert_eq!(pattern.host, HostPattern::Below("example.org"));
    /// # Ok::<(), &str>(())
    /// ```
    pub fn parse(word: &'a [u8]) -> Result<OriginPattern<'a>, &'static str> {
        let (scheme, host) = Scheme::ALL
            .into_iter()
            .find_map(|scheme| Some((Some(scheme), scheme.strip(word)?)))
            .unwrap_or((None, word));
        match HostPattern::parse(host) {
            Ok(host) => Ok(OriginPattern { scheme, host }),
            Err(_) => Err(FORM),
        }
    }
}

impl fmt::Display for OriginPattern<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(scheme) = self.scheme {
            write!(f, "{scheme}")?;
        }
        write!(f, "{}", self.host)
    }
}

#[cfg(test)]
mod tests {
    use super::{HostPattern, OriginPattern, Scheme};

    #[test]
    fn origin_pattern_is_a_host_pattern_with_or_without_a_scheme() {
        for (word, scheme, host) in [
            ("*", None, HostPattern::Any),
            ("a.org", None, HostPattern::Exact("a.org")),
            ("http", None, HostPattern::Exact("http")),
            ("http://*", Some(Scheme::Http), HostPattern::Any),
            ("https://*", Some(Scheme::Https), HostPattern::Any),
            (
                "https://*.a.org",
                Some(Scheme::Https),
                HostPattern::Below("a.org"),
            ),
            (
                "http://[::1]",
                Some(Scheme::Http),
                HostPattern::Exact("[::1]"),
            ),
        ] {
            let pattern = OriginPattern { scheme, host };
            assert_eq!(OriginPattern::parse(word.as_bytes()), Ok(pattern), "{word}");
            assert_eq!(pattern.to_string(), word);
        }
        let upper = OriginPattern::parse(b"HTTPS://A.org").map(|pattern| pattern.to_string());
        assert_eq!(upper.as_deref(), Ok("https://A.org"));
        for word in [
            "",
            "http://",
            "http:/a",
            "http:a",
            "ftp://a",
            "http://http://a",
            "http://a:80",
            "http://a/",
            "http://a/*",
            "://a",
            "*://a",
            "http://u@a",
        ] {
            assert!(OriginPattern::parse(word.as_bytes()).is_err(), "{word}");
        }
    }
}
