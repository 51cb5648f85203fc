// SPDX-License-Identifier: GPL-2.0-only

//! The address of a client that a proxy sends in a field.

use crate::bytes::split_once;
use core::{
    net::{
        IpAddr,
        Ipv6Addr,
        SocketAddr, //
    },
    str, //
};

/// Returns the last address of a list such as that of `X-Forwarded-For`: the one that the nearest
/// proxy has added. It may have a port. Returns [`None`] if the last element is no address.
///
/// # Examples
///
/// ```
/// use protocol::log::last_address;
///
/// assert_eq!(last_address(b"spoofed, 192.0.2.1:80"), Some([192, 0, 2, 1].into()));
/// assert_eq!(last_address(b"192.0.2.1, unknown"), None);
/// ```
pub fn last_address(list: &[u8]) -> Option<IpAddr> {
    let last = list.rsplit(|byte| *byte == b',').next()?;
    let text = str::from_utf8(last.trim_ascii()).ok()?;
    let with_port = || text.parse().ok().map(|address: SocketAddr| address.ip());
    text.parse()
        .ok()
        .or_else(with_port)
        .or_else(|| in_brackets(text.as_bytes()).map(IpAddr::V6))
}

/// Parses `[ADDRESS]`.
fn in_brackets(text: &[u8]) -> Option<Ipv6Addr> {
    let (address, rest) = split_once(text.strip_prefix(b"[")?, b']')?;
    let address = str::from_utf8(address).ok()?.parse().ok()?;
    rest.is_empty().then_some(address)
}

#[cfg(test)]
mod tests {
    use super::last_address;

    #[test]
    fn last_element_is_an_address_with_or_without_a_port() {
        for (list, address) in [
            ("192.0.2.1", "192.0.2.1"),
            (" 192.0.2.1:8080 ", "192.0.2.1"),
            ("2001:db8::1", "2001:db8::1"),
            ("[2001:db8::1]", "2001:db8::1"),
            ("[2001:db8::1]:443", "2001:db8::1"),
            ("a, b ,\t192.0.2.1", "192.0.2.1"),
            ("192.0.2.7,192.0.2.1", "192.0.2.1"),
            ("::ffff:192.0.2.1", "::ffff:192.0.2.1"),
        ] {
            let address = address.parse().expect("an address");
            assert_eq!(last_address(list.as_bytes()), Some(address), "{list}");
        }
        for list in [
            "",
            ",",
            "192.0.2.1,",
            "192.0.2.1, unknown",
            "192.0.2",
            "192.0.2.1:99999",
            "192.0.2.1 192.0.2.2",
            "[::1",
            "[::1]x",
            "::1]",
            "_hidden",
            "for=192.0.2.1",
            "\u{e9}",
        ] {
            assert_eq!(last_address(list.as_bytes()), None, "{list}");
        }
    }
}
