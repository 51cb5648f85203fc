// SPDX-License-Identifier: GPL-2.0-only

//! The host of a request (RFC 9110 section 7.2, RFC 3986 section 3.2.2).

use super::octet::NAME;
use crate::bytes::{
    parse_number,
    split_once, //
};
use core::{
    fmt,
    net::Ipv6Addr,
    str, //
};

/// Bound of the length of a host name in bytes (RFC 1035 section 2.3.4); no pattern matches a
/// longer one.
pub const HOST_MAX: usize = 253;

/// The host part of an authority: a registered name, an IPv4 address, or an IPv6 address in
/// brackets.
///
/// It is well-formed, not empty, and as the client sent it. Compare it without regard to case.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Host<'b>(&'b [u8]);

impl<'b> Host<'b> {
    /// Parses `uri-host [ ":" port ]`. Returns [`None`] if it is malformed.
    ///
    /// Neither user information (RFC 9110 section 4.2.4) nor an empty host (section 4.2.1) is
    /// accepted.
    ///
    /// # Examples
    ///
    /// ```
    /// use protocol::http::Host;
    ///
    /// let host = Host::parse(b"[2001:db8::1]:8080");
    /// assert_eq!(host.map(Host::as_bytes), Some(&b"[2001:db8::1]"[..]));
    /// assert_eq!(Host::parse(b"user@example.org"), None);
    /// ```
    pub fn parse(authority: &'b [u8]) -> Option<Host<'b>> {
        let (host, port) = match authority.strip_prefix(b"[") {
            Some(literal) => {
                let (address, rest) = split_once(literal, b']')?;
                str::from_utf8(address).ok()?.parse::<Ipv6Addr>().ok()?;
                let (host, _) = authority.split_at_checked(address.len().checked_add(2)?)?;
                (host, port(rest)?)
            }
            None => {
                let length = registered_name_length(authority)?;
                let (name, rest) = authority.split_at_checked(length)?;
                (name, port(rest)?)
            }
        };
        is_port(port).then_some(Host(host))
    }

    /// Returns the host without the port.
    #[inline]
    pub const fn as_bytes(self) -> &'b [u8] {
        self.0
    }
}

/// A pattern that matches hosts. Names are compared without regard to case and to a dot at the end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum HostPattern<'a> {
    /// `*`: the hosts that no other pattern matches.
    Any,
    /// `*.example.org`: the names below this domain, which is kept without the star and its dot.
    Below(&'a str),
    /// `example.org`, `192.0.2.1`, `[2001:db8::1]`: one host, with any port.
    Exact(&'a str),
}

impl<'a> HostPattern<'a> {
    /// Parses a pattern.
    ///
    /// # Errors
    ///
    /// The requirement that the word does not meet.
    pub fn parse(word: &'a [u8]) -> Result<HostPattern<'a>, &'static str> {
        let name = |text: &'a [u8]| {
            let host = Host::parse(text).filter(|host| host.as_bytes().len() == text.len());
            let is_plain = !text.contains(&b'%') && !text.contains(&b'*') && text.len() <= HOST_MAX;
            str::from_utf8(host.filter(|_| is_plain)?.as_bytes()).ok()
        };
        if word == b"*" {
            return Ok(HostPattern::Any);
        }
        let pattern = match word.strip_prefix(b"*.") {
            Some([b'[' | b'.', ..]) => None,
            Some(domain) => name(domain).map(HostPattern::Below),
            None => name(word).map(HostPattern::Exact),
        };
        pattern.ok_or("must be a host without scheme and port, *.DOMAIN, or *")
    }
}

impl fmt::Display for HostPattern<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            HostPattern::Any => f.write_str("*"),
            HostPattern::Below(domain) => write!(f, "*.{domain}"),
            HostPattern::Exact(name) => f.write_str(name),
        }
    }
}

/// Returns whether `text` is a port, which may be empty: that means the default one.
fn is_port(text: &[u8]) -> bool {
    let is_number = text.iter().all(u8::is_ascii_digit);
    // No number of four digits is too large.
    is_number
        && (text.len() <= 4
            || parse_number(text, 10).is_some_and(|port| port <= u64::from(u16::MAX)))
}

/// Returns the text after the colon that follows a host; empty without a colon.
fn port(rest: &[u8]) -> Option<&[u8]> {
    match rest {
        [] => Some(rest),
        [b':', port @ ..] => Some(port),
        [..] => None,
    }
}

/// Returns the length of the registered name at the front of an authority, if it is not empty.
fn registered_name_length(authority: &[u8]) -> Option<usize> {
    let mut length = NAME.span(authority);
    while let [b'%', high, low, rest @ ..] = authority.get(length..)? {
        if !(high.is_ascii_hexdigit() && low.is_ascii_hexdigit()) {
            break;
        }
        length = length.checked_add(3)?.checked_add(NAME.span(rest))?;
    }
    (length != 0).then_some(length)
}

#[cfg(test)]
mod tests {
    use super::{Host, HostPattern};

    #[test]
    fn host_pattern_is_a_name_a_domain_or_any() {
        for (word, pattern) in [
            ("*", HostPattern::Any),
            ("*.example.org", HostPattern::Below("example.org")),
            ("Example.org", HostPattern::Exact("Example.org")),
            ("192.0.2.1", HostPattern::Exact("192.0.2.1")),
            ("[2001:db8::1]", HostPattern::Exact("[2001:db8::1]")),
        ] {
            assert_eq!(HostPattern::parse(word.as_bytes()), Ok(pattern), "{word}");
            assert_eq!(pattern.to_string(), word);
        }
        let long = "a".repeat(254);
        for word in [
            "", "a:80", "a:", "*.", "*..a", "*.*.a", "a.*", "*a", "**", "[::1]:8", "*.[::1]",
            "%61", "a b", "a/", &long,
        ] {
            assert!(HostPattern::parse(word.as_bytes()).is_err(), "{word}");
        }
    }

    #[test]
    fn rfc9112_3_2_well_formed_hosts_are_parsed() {
        for (authority, host) in [
            ("localhost", "localhost"),
            ("LOCALHOST:80", "LOCALHOST"),
            ("localhost:", "localhost"),
            ("localhost.", "localhost."),
            ("my_host:65535", "my_host"),
            ("127.0.0.1:8080", "127.0.0.1"),
            ("[::1]", "[::1]"),
            ("[::1]:8080", "[::1]"),
            ("[::ffff:1.2.3.4]:", "[::ffff:1.2.3.4]"),
            ("%6cocalhost", "%6cocalhost"),
            ("a,b;c=d", "a,b;c=d"),
        ] {
            let parsed = Host::parse(authority.as_bytes()).map(Host::as_bytes);
            assert_eq!(parsed, Some(host.as_bytes()), "{authority}");
        }
    }

    #[test]
    fn rfc9112_3_2_malformed_hosts_are_none() {
        for authority in [
            "",
            ":80",
            "local host",
            "localhost/x",
            "u@localhost",
            "localhost:abc",
            "localhost:-1",
            "localhost:65536",
            "a:1:2",
            "::1",
            "[::1",
            "[zz]",
            "[]",
            "[v1.a]",
            "[::1%25eth0]",
            "[::1]x",
            "[::1]:x",
            "localhost, other",
            "http://localhost/",
            "%zz",
            "%6",
            "caf\u{e9}",
            "a\"b",
            "<x>",
            "a\\b",
            "a?b",
            "a#b",
            "a^b",
            "a\tb",
            "a\u{0}b",
        ] {
            assert_eq!(Host::parse(authority.as_bytes()), None, "{authority:?}");
        }
    }
}
