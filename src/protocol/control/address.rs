// SPDX-License-Identifier: GPL-2.0-only

//! Addresses as commands and rules write them.

use crate::{
    bytes::parse_number,
    http::ProcessAddress, //
};
use core::{
    net::{
        IpAddr,
        Ipv6Addr,
        SocketAddr, //
    },
    num::NonZeroU16,
    str, //
};

/// The requirement that port 0 and numbers beyond 16 bits do not meet.
const PORT: &str = "a port must be 1 to 65535";

/// Parses `[ADDRESS:]PORT`; without an address, it means all addresses of both families.
pub(super) fn listen_address(word: &[u8]) -> Result<SocketAddr, &'static str> {
    let all = IpAddr::V6(Ipv6Addr::UNSPECIFIED);
    match port_alone(word)? {
        Some(port) => Ok(SocketAddr::new(all, port.get())),
        None => peer_address(word),
    }
}

/// Parses `ADDRESS:PORT`.
pub(super) fn peer_address(word: &[u8]) -> Result<SocketAddr, &'static str> {
    let address = parse(word).ok_or("must be like 192.0.2.1:80 or [2001:db8::1]:80")?;
    port(address.port()).map(|_| address)
}

/// Parses `[ADDRESS:]PORT`; without an address, it means the loopback of this machine.
pub(super) fn process_address(word: &[u8]) -> Result<ProcessAddress, &'static str> {
    if let Some(port) = port_alone(word)? {
        return Ok(ProcessAddress {
            address: None,
            port,
            uid: None,
        });
    }
    let address = parse(word)
        .filter(|address| !matches!(address, SocketAddr::V6(v6) if v6.scope_id() != 0))
        .ok_or("must be a port, or like 127.0.0.1:8080 or [::1]:8080")?;
    Ok(ProcessAddress {
        address: Some(address.ip()),
        port: port(address.port())?,
        uid: None,
    })
}

/// Parses the number of a user; the largest one is that of no user.
pub(super) fn user(word: &[u8]) -> Result<u32, &'static str> {
    parse_number(word, 10)
        .and_then(|number| u32::try_from(number).ok())
        .filter(|uid| *uid != u32::MAX)
        .ok_or("must be the number of a user, 0 to 4294967294")
}

/// Parses a word that is a port without an address. Returns [`None`] if it is no number.
fn port_alone(word: &[u8]) -> Result<Option<NonZeroU16>, &'static str> {
    let Some(number) = parse_number(word, 10) else {
        return Ok(None);
    };
    port(u16::try_from(number).map_err(|_| PORT)?).map(Some)
}

fn port(number: u16) -> Result<NonZeroU16, &'static str> {
    NonZeroU16::new(number).ok_or(PORT)
}

fn parse(word: &[u8]) -> Option<SocketAddr> {
    str::from_utf8(word).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::process_address;

    #[test]
    fn process_has_a_port_and_may_have_an_address() {
        for (word, shown) in [
            ("8080", "8080"),
            ("080", "80"),
            ("127.0.0.1:80", "127.0.0.1:80"),
            ("0.0.0.0:65535", "0.0.0.0:65535"),
            ("[::1]:80", "[::1]:80"),
            ("[::ffff:127.0.0.1]:80", "[::ffff:127.0.0.1]:80"),
        ] {
            let process = process_address(word.as_bytes()).expect(word);
            assert_eq!(process.to_string(), shown);
            assert_eq!(process.address.is_some(), word.contains(':'));
            assert_eq!(process_address(shown.as_bytes()), Ok(process));
        }
    }

    #[test]
    fn process_without_a_port_or_with_a_name_is_malformed() {
        for word in [
            "",
            "0",
            "65536",
            "-1",
            "80x",
            ":80",
            "*:80",
            "a:80",
            "127.0.0.1",
            "127.0.0.1:",
            "127.0.0.1:0",
            "::1:80",
            "[::1]",
            "[::1]:0",
            "[::1%1]:80",
            "99999999999999999999",
        ] {
            assert!(process_address(word.as_bytes()).is_err(), "{word}");
        }
    }
}
