// SPDX-License-Identifier: GPL-2.0-only

//! Networks of addresses, and the fields that their proxies send.

use crate::bytes::{
    parse_number,
    split_once, //
};
use core::{
    fmt,
    net::IpAddr,
    str, //
};

/// The addresses of one family that have the same prefix.
///
/// # Invariants
///
/// `bits` is at most 32 for an address of IPv4, which is not IPv4-mapped, and 128 for one of IPv6.
/// All bits of the address behind them are zero.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Network {
    address: IpAddr,
    bits: u8,
}

impl Network {
    /// Parses `ADDRESS/BITS`, or `ADDRESS` alone for a network of one address. IPv4-mapped
    /// addresses become those of IPv4.
    ///
    /// # Errors
    ///
    /// The requirement that the word does not meet.
    ///
    /// # Examples
    ///
    /// ```
    /// use protocol::control::Network;
    ///
    /// let network = Network::parse(b"192.0.2.0/24");
    /// assert!(network.is_ok_and(|network| network.contains([192, 0, 2, 1].into())));
    /// assert!(Network::parse(b"192.0.2.1/24").is_err());
    /// ```
    pub fn parse(word: &[u8]) -> Result<Network, &'static str> {
        const FORM: &str = "must be like 192.0.2.0/24, 2001:db8::/32 or 192.0.2.1";
        let (address, bits) = match split_once(word, b'/') {
            Some((address, bits)) => (address, Some(bits)),
            None => (word, None),
        };
        let written: IpAddr = str::from_utf8(address)
            .ok()
            .and_then(|address| address.parse().ok())
            .ok_or(FORM)?;
        let address = written.to_canonical();
        let bits = match bits {
            Some(bits) => parse_number(bits, 10).ok_or(FORM)?,
            None => width(written),
        };
        if bits > width(written) {
            return Err("a prefix has at most 32 bits in IPv4, and 128 in IPv6");
        }
        let mapped = width(written).saturating_sub(width(address));
        let bits = bits
            .checked_sub(mapped)
            .and_then(|bits| u8::try_from(bits).ok());
        match bits {
            // INVARIANT: The number of the bits and the bits behind them were just checked.
            Some(bits) if behind(address, bits) == 0 => Ok(Network { address, bits }),
            Some(_) | None => Err("the bits behind the prefix must be zero"),
        }
    }

    /// Returns whether the network has this address. An IPv4-mapped address is one of IPv4.
    #[inline]
    pub fn contains(self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        // No bit of the prefix differs.
        let differences = left_aligned(address) ^ left_aligned(self.address);
        address.is_ipv4() == self.address.is_ipv4()
            && differences.checked_shr(self.host_bits()).unwrap_or(0) == 0
    }

    /// Returns the length of the prefix in bits.
    #[inline]
    pub fn bits(self) -> u8 {
        self.bits
    }

    /// Returns the number of bits behind the prefix of a left-aligned address.
    #[inline]
    fn host_bits(self) -> u32 {
        u128::BITS.saturating_sub(u32::from(self.bits))
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.bits)
    }
}

/// Returns the number of bits of an address.
const fn width(address: IpAddr) -> u64 {
    match address {
        IpAddr::V4(_) => 32,
        IpAddr::V6(_) => 128,
    }
}

/// Returns the bits of an address, followed by zeros.
#[inline]
fn left_aligned(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(v4) => u128::from(v4.to_bits()) << 96,
        IpAddr::V6(v6) => v6.to_bits(),
    }
}

/// Returns the bits of an address behind the first `bits`.
fn behind(address: IpAddr, bits: u8) -> u128 {
    let shifted = left_aligned(address).checked_shl(u32::from(bits));
    shifted.unwrap_or(0)
}

/// A field in which the proxies of a network send the addresses of their clients.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ProxyField<'a> {
    /// Name of the field, a token (RFC 9110 section 5.6.2).
    pub name: &'a str,
    /// Addresses of the proxies.
    pub network: Network,
}

#[cfg(test)]
mod tests;
