// SPDX-License-Identifier: GPL-2.0-only

//! The address of a process as khttpd's rules name it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// Parses `ADDRESS:PORT`, or `PORT` at the loopback address of the client's family.
pub(super) fn process_address(text: &str, client: IpAddr) -> Option<SocketAddr> {
    let Ok(port) = text.parse() else {
        return text.parse().ok();
    };
    let address = match client.to_canonical() {
        IpAddr::V4(_) => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(_) => IpAddr::V6(Ipv6Addr::LOCALHOST),
    };
    Some(SocketAddr::new(address, port))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn port_is_at_the_loopback_address_of_the_clients_family() {
        for (text, client, expected) in [
            ("9000", "192.0.2.1", "127.0.0.1:9000"),
            ("9000", "::ffff:192.0.2.1", "127.0.0.1:9000"),
            ("9000", "2001:db8::1", "[::1]:9000"),
            ("127.0.0.2:9000", "2001:db8::1", "127.0.0.2:9000"),
            ("[::1]:9000", "192.0.2.1", "[::1]:9000"),
        ] {
            let address = process_address(text, client.parse().unwrap());
            assert_eq!(address, Some(expected.parse().unwrap()), "{text}");
        }
        let client = IpAddr::V4(Ipv4Addr::LOCALHOST);
        assert_eq!(process_address("port", client), None);
    }
}
