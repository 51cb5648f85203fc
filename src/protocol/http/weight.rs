// SPDX-License-Identifier: GPL-2.0-only

//! Weight values (RFC 9110 section 12.4.2).

use super::field::cut;

/// A weight in thousandths.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Weight(u16);

impl Weight {
    /// Not acceptable.
    pub(super) const NONE: Weight = Weight(0);

    /// Acceptable, but less than what got any weight: smaller than a sender can say.
    pub(super) const LEAST: Weight = Weight(1);

    /// What an element without a weight has.
    const FULL: Weight = Weight::from_thousandths(1000);

    /// Doubled, which leaves room for [`Weight::LEAST`] below one thousandth.
    const fn from_thousandths(value: u16) -> Weight {
        Weight(value.saturating_mul(2))
    }

    /// Splits an element into what is weighed and its weight, which is [`None`] if it is malformed.
    pub(super) fn split(element: &[u8]) -> (&[u8], Option<Weight>) {
        match cut(element, b';') {
            None => (element, Some(Weight::FULL)),
            Some((name, weight)) => (name.trim_ascii_end(), Weight::parse(weight.trim_ascii())),
        }
    }

    /// Reads `"q=" qvalue`: at most three digits after the point, and not more than one.
    fn parse(weight: &[u8]) -> Option<Weight> {
        let [b'q' | b'Q', b'=', whole @ (b'0' | b'1'), rest @ ..] = weight else {
            return None;
        };
        let digits = match rest {
            [] => &[],
            [b'.', digits @ ..] if digits.len() <= 3 => digits,
            _ => return None,
        };
        let mut value = u16::from(whole.checked_sub(b'0')?);
        for at in 0..3 {
            let digit = digits.get(at).map_or(Some(0), |digit| {
                digit.checked_sub(b'0').filter(|digit| *digit < 10)
            })?;
            value = value.checked_mul(10)?.checked_add(u16::from(digit))?;
        }
        (value <= 1000).then_some(Weight::from_thousandths(value))
    }
}

#[cfg(test)]
mod tests {
    use super::Weight;

    #[test]
    fn rfc9110_12_4_2_quality_values() {
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
