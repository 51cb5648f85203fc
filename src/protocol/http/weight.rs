// SPDX-License-Identifier: GPL-2.0-only

//! Weights (RFC 9110 section 12.4.2).

use crate::bytes::{
    parse_number,
    split_once, //
};

/// A weight, in half thousandths.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Weight(u16);

impl Weight {
    /// Not acceptable.
    pub(super) const NONE: Weight = Weight(0);

    /// Acceptable, but less than any weight that a client can send.
    pub(super) const LEAST: Weight = Weight(1);

    /// The weight of an element without one.
    const FULL: Weight = Weight::from_thousandths(1000);

    /// Doubles `value`, which leaves room for [`Weight::LEAST`] below one thousandth.
    const fn from_thousandths(value: u16) -> Weight {
        Weight(value.saturating_mul(2))
    }

    /// Splits an element into its name and its weight, which is [`None`] if it is malformed.
    pub(super) fn split(element: &[u8]) -> (&[u8], Option<Weight>) {
        match split_once(element, b';') {
            None => (element, Some(Weight::FULL)),
            Some((name, weight)) => (name.trim_ascii_end(), Weight::parse(weight.trim_ascii())),
        }
    }

    /// Parses `"q=" qvalue`: at most three digits after the point, and at most 1.
    fn parse(weight: &[u8]) -> Option<Weight> {
        let [b'q' | b'Q', b'=', whole @ (b'0' | b'1'), rest @ ..] = weight else {
            return None;
        };
        let fraction = match rest {
            [] => &[],
            [b'.', fraction @ ..] if fraction.len() <= 3 => fraction,
            _ => return None,
        };
        let mut digits = [*whole, b'0', b'0', b'0'];
        for (digit, given) in digits.iter_mut().skip(1).zip(fraction) {
            *digit = *given;
        }
        let value = u16::try_from(parse_number(&digits, 10)?).ok()?;
        (value <= 1000).then_some(Weight::from_thousandths(value))
    }
}

#[cfg(test)]
mod tests {
    use super::Weight;

    #[test]
    fn rfc9110_12_4_2_weight_has_up_to_three_decimals() {
        for (text, value) in [
            ("q=0", Some(0)),
            ("q=1", Some(2000)),
            ("Q=0.5", Some(1000)),
            ("q=0.", Some(0)),
            ("q=0.001", Some(2)),
            ("q=1.000", Some(2000)),
            ("q=1.001", None),
            ("q=0.0001", None),
            ("q=2", None),
            ("q=.5", None),
            ("q=-1", None),
            ("q=0.x", None),
            ("q", None),
            ("", None),
            ("q=0;x=1", None),
        ] {
            assert_eq!(Weight::parse(text.as_bytes()), value.map(Weight), "{text}");
        }
        assert!(Weight::NONE < Weight::LEAST && Weight::LEAST < Weight::parse(b"q=0.001").unwrap());
    }
}
