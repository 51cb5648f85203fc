// SPDX-License-Identifier: GPL-2.0-only

//! The host a request is for (RFC 9110 section 7.2, RFC 3986 section 3.2.2).

use core::{fmt, net::Ipv6Addr};

use super::{field::cut, octet::NAME};

/// The longest name of a host in bytes (RFC 1035 section 2.3.4); no pattern fits a longer one.
pub const HOST_MAX: usize = 253;

/// The host part of an authority: a registered name, an IPv4 address, or an IPv6 address in
/// brackets.
///
/// It is well-formed and not empty, and stands as it was sent: compare it without regard to case.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Host<'b>(&'b [u8]);

impl<'b> Host<'b> {
    /// Reads `uri-host [ ":" port ]`, or [`None`] if it is malformed.
    ///
    /// User information is no part of it (RFC 9110 section 4.2.4), and an empty host is none
    /// (section 4.2.1).
    pub fn parse(authority: &'b [u8]) -> Option<Host<'b>> {
        let (host, port) = match authority.strip_prefix(b"[") {
            Some(literal) => {
                let (address, rest) = cut(literal, b']')?;
                core::str::from_utf8(address)
                    .ok()?
                    .parse::<Ipv6Addr>()
                    .ok()?;
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

    /// The text, without the port.
    #[inline]
    pub const fn as_bytes(self) -> &'b [u8] {
        self.0
    }
}

/// Some hosts. FieldNames are compared without regard to case and to a dot at their end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum HostPattern<'a> {
    /// `*`: those that no other pattern fits.
    Any,
    /// `*.example.org`: the names below that domain, which is kept without the star and its dot.
    Below(&'a str),
    /// `example.org`, `192.0.2.1`, `[2001:db8::1]`: this one, whatever its port.
    Exact(&'a str),
}

impl<'a> HostPattern<'a> {
    /// Reads a pattern.
    ///
    /// # Errors
    ///
    /// The reason why it is none.
    pub fn parse(word: &'a [u8]) -> Result<HostPattern<'a>, &'static str> {
        let name = |text: &'a [u8]| {
            let host = Host::parse(text).filter(|host| host.as_bytes().len() == text.len());
            let plain = !text.contains(&b'%') && !text.contains(&b'*') && text.len() <= HOST_MAX;
            core::str::from_utf8(host.filter(|_| plain)?.as_bytes()).ok()
        };
        if word == b"*" {
            return Ok(HostPattern::Any);
        }
        let pattern = match word.strip_prefix(b"*.") {
            Some([b'[' | b'.', ..]) => None,
            Some(domain) => name(domain).map(HostPattern::Below),
            None => name(word).map(HostPattern::Exact),
        };
        pattern.ok_or("neither the name of a host without a port, nor *.DOMAIN, nor *")
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

/// An empty port means the default one.
fn is_port(text: &[u8]) -> bool {
    let digits = text.iter().all(u8::is_ascii_digit);
    // Nothing of four digits is too large.
    digits
        && (text.len() <= 4
            || core::str::from_utf8(text).is_ok_and(|text| text.parse::<u16>().is_ok()))
}

/// What follows the colon behind a host, if there is one.
fn port(rest: &[u8]) -> Option<&[u8]> {
    match rest {
        [] => Some(rest),
        [b':', port @ ..] => Some(port),
        [..] => None,
    }
}

/// How long the name in front of an authority is, which is not empty.
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
    fn patterns_of_hosts_are_names_domains_or_any() {
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
    fn rfc9112_3_2_hosts_that_are_well_formed() {
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
    fn rfc9112_3_2_hosts_that_are_malformed() {
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
