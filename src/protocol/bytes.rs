// SPDX-License-Identifier: GPL-2.0-only

//! Numbers and separators in bytes that need not be UTF-8.

/// Parses an unsigned number that consists of one or more digits of `radix`, which is 36 at most.
///
/// Returns [`None`] for anything else, and for a number that 64 bits cannot hold.
#[inline]
pub(crate) fn parse_number(digits: &[u8], radix: u32) -> Option<u64> {
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0u64, |number, digit| {
        let digit = char::from(*digit).to_digit(radix)?;
        number
            .checked_mul(u64::from(radix))?
            .checked_add(u64::from(digit))
    })
}

/// Splits at the first `separator`, which is part of neither half.
#[inline]
pub(crate) fn split_once(bytes: &[u8], separator: u8) -> Option<(&[u8], &[u8])> {
    let at = bytes.iter().position(|byte| *byte == separator)?;
    let (before, rest) = bytes.split_at_checked(at)?;
    Some((before, rest.get(1..)?))
}

/// Returns the position of the first byte that equals `wanted`, searching eight bytes at a time.
#[inline]
pub(crate) fn find(bytes: &[u8], wanted: u8) -> Option<usize> {
    const ONES: u64 = u64::MAX / 255;
    let pattern = ONES.wrapping_mul(u64::from(wanted));
    let mut at = 0usize;
    let mut rest = bytes;
    while let Some((eight, others)) = rest.split_first_chunk() {
        let differences = u64::from_le_bytes(*eight) ^ pattern;
        // Subtracting one from a zero byte sets its highest bit; the lowest one that is set is exact.
        let zeros = differences.wrapping_sub(ONES) & !differences & (ONES << 7);
        if zeros != 0 {
            let bits = usize::try_from(zeros.trailing_zeros()).ok()?;
            return at.checked_add(bits / 8);
        }
        at = at.wrapping_add(8);
        rest = others;
    }
    let tail = rest.iter().position(|byte| *byte == wanted)?;
    at.checked_add(tail)
}

#[cfg(test)]
mod tests {
    use super::{find, parse_number, split_once};
    use proptest::prelude::*;

    #[test]
    fn number_consists_of_digits_and_fits_64_bits() {
        for (digits, radix, number) in [
            ("0", 10, Some(0)),
            ("007", 10, Some(7)),
            ("18446744073709551615", 10, Some(u64::MAX)),
            ("18446744073709551616", 10, None),
            ("0644", 8, Some(0o644)),
            ("8", 8, None),
            ("fF", 16, Some(255)),
            ("", 10, None),
            ("+1", 10, None),
            ("-1", 10, None),
            ("1 ", 10, None),
            ("\u{ff15}", 10, None),
        ] {
            assert_eq!(parse_number(digits.as_bytes(), radix), number, "{digits}");
        }
    }

    #[test]
    fn split_is_at_the_first_separator() {
        assert_eq!(split_once(b"a:b:c", b':'), Some((&b"a"[..], &b"b:c"[..])));
        assert_eq!(split_once(b":", b':'), Some((&b""[..], &b""[..])));
        assert_eq!(split_once(b"abc", b':'), None);
    }

    proptest! {
        #[test]
        fn first_equal_byte_is_found(
            bytes in prop::collection::vec(
                prop::sample::select(b"\x00\x01\x09\x0a\x0b\x7f\x80\x8a\xff".to_vec()), 0..40,
            ),
            wanted in prop::sample::select(b"\x00\x0a\x80\xff".to_vec()),
        ) {
            prop_assert_eq!(find(&bytes, wanted), bytes.iter().position(|byte| *byte == wanted));
        }
    }
}
