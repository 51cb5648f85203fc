// SPDX-License-Identifier: GPL-2.0-only

//! Tests of networks.

use super::Network;
use proptest::prelude::*;
use std::net::IpAddr;

fn network(word: &str) -> Network {
    Network::parse(word.as_bytes()).expect(word)
}

fn address(text: &str) -> IpAddr {
    text.parse().expect("an address")
}

#[test]
fn network_contains_the_addresses_with_its_prefix() {
    for (word, inside, outside) in [
        ("192.0.2.1", "192.0.2.1", "192.0.2.2"),
        ("192.0.2.0/24", "192.0.2.255", "192.0.3.0"),
        ("10.0.0.0/8", "::ffff:10.255.0.1", "11.0.0.0"),
        ("0.0.0.0/0", "255.255.255.255", "::1"),
        ("::/0", "ffff::", "0.0.0.0"),
        ("::1", "::1", "0.0.0.1"),
        ("2001:db8::/33", "2001:db8:7fff::1", "2001:db8:8000::"),
        ("::ffff:10.0.0.0/104", "10.1.2.3", "::10.1.2.3"),
        ("::ffff:10.0.0.1", "10.0.0.1", "10.0.0.2"),
    ] {
        assert!(network(word).contains(address(inside)), "{word}");
        assert!(!network(word).contains(address(outside)), "{word}");
    }
}

#[test]
fn malformed_networks_are_errors_with_a_reason() {
    for (words, reason) in [
        (
            &[
                "",
                "/",
                "10/8",
                "10.0.0.0/",
                "10.0.0.0/x",
                "a.org",
                "[::1]",
                "::1:80/-1",
            ][..],
            "must be like ",
        ),
        (&["10.0.0.0/33", "::/129"][..], "a prefix has at most "),
        (
            &["10.0.0.1/8", "::1/127", "0.0.0.1/0", "::ffff:0:0/95"][..],
            "the bits behind ",
        ),
    ] {
        for word in words {
            let error = Network::parse(word.as_bytes()).expect_err(word);
            assert!(error.starts_with(reason), "{word}: {error}");
        }
    }
}

proptest! {
    #[test]
    fn displayed_network_is_parsed_again(
        v6 in any::<bool>(), octets in any::<[u8; 16]>(), bits in 0..=128u8, other in any::<u8>(),
    ) {
        let (text, bits) = if v6 {
            let kept = u128::from_be_bytes(octets) & u128::MAX.checked_shl(u32::from(128 - bits)).unwrap_or(0);
            (IpAddr::from(kept.to_be_bytes()).to_string(), bits)
        } else {
            let bits = bits / 4;
            let octets = [octets[0], octets[1], octets[2], octets[3]];
            let kept = u32::from_be_bytes(octets) & u32::MAX.checked_shl(u32::from(32 - bits)).unwrap_or(0);
            (IpAddr::from(kept.to_be_bytes()).to_string(), bits)
        };
        let parsed = network(&format!("{text}/{bits}"));
        prop_assert_eq!(network(&parsed.to_string()), parsed);
        prop_assert!(parsed.contains(address(&text)));
        let mapped = IpAddr::from([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, other, 0, 0, 1]);
        prop_assert_eq!(parsed.contains(mapped), parsed.contains(mapped.to_canonical()));
    }
}
