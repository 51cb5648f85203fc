// SPDX-License-Identifier: GPL-2.0-only

//! Percent-encoding (RFC 3986 section 2.1).

use super::{
    octet::PATH,
    sink::{
        Full,
        Sink, //
    }, //
};
use crate::bytes::parse_number;

/// Decodes the two hexadecimal digits of an escape.
pub(super) fn decode_octet(high: u8, low: u8) -> Option<u8> {
    u8::try_from(parse_number(&[high, low], 16)?).ok()
}

/// Iterates over the octets of `encoded` with escapes decoded. A `%` that begins no escape stands
/// for itself.
pub(crate) fn decode(encoded: &[u8]) -> impl Iterator<Item = u8> + Clone + use<'_> {
    let mut rest = encoded;
    core::iter::from_fn(move || {
        let (octet, after) = match rest {
            [b'%', high, low, after @ ..] => match decode_octet(*high, *low) {
                Some(octet) => (octet, after),
                None => (b'%', rest.get(1..)?),
            },
            [octet, after @ ..] => (*octet, after),
            [] => return None,
        };
        rest = after;
        Some(octet)
    })
}

/// Returns the escape of an octet.
pub(crate) fn encode_octet(octet: u8) -> [u8; 3] {
    let digit = |value: u8| {
        b"0123456789ABCDEF"
            .get(usize::from(value))
            .copied()
            .unwrap_or(b'0')
    };
    [b'%', digit(octet >> 4), digit(octet & 0xf)]
}

/// Appends a decoded path in a form that [`Path::parse`](super::Path::parse) decodes to the same
/// path.
///
/// # Errors
///
/// [`Full`] if the sink has no room for all of it.
///
/// # Examples
///
/// ```
/// use protocol::http::{encode_path, SliceWriter};
///
/// let mut room = [0; 32];
/// let mut writer = SliceWriter::new(&mut room);
/// encode_path(b"/a b", &mut writer)?;
/// assert_eq!(writer.written(), b"/a%20b");
/// # Ok::<(), protocol::http::Full>(())
/// ```
pub fn encode_path(path: &[u8], sink: &mut impl Sink) -> Result<(), Full> {
    encode(path, |octet| PATH.has(octet), sink)
}

/// Appends a query in a form that is safe in a field value.
///
/// A `%` is kept, whatever follows it: a query goes back to the client as far as possible as it
/// came.
pub(super) fn encode_query(query: &[u8], sink: &mut impl Sink) -> Result<(), Full> {
    let is_plain = |octet| PATH.has(octet) || matches!(octet, b'?' | b'%');
    encode(query, is_plain, sink)
}

/// Appends `octets` and escapes those that are not plain.
fn encode(octets: &[u8], is_plain: fn(u8) -> bool, sink: &mut impl Sink) -> Result<(), Full> {
    let mut rest = octets;
    while !rest.is_empty() {
        let plain = rest
            .iter()
            .position(|octet| !is_plain(*octet))
            .unwrap_or(rest.len());
        let (run, after) = rest.split_at_checked(plain).unwrap_or((rest, &[]));
        sink.put(run)?;
        rest = match after {
            [octet, after @ ..] => {
                sink.put(&encode_octet(*octet))?;
                after
            }
            [] => after,
        };
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{decode, encode_path, encode_query};

    #[test]
    fn rfc3986_2_1_percent_without_digits_stands_for_itself() {
        let decoded: Vec<u8> = decode(b"%41%4g%zz%25%").collect();
        assert_eq!(decoded, b"A%4g%zz%%");
    }

    #[test]
    fn rfc3986_2_4_location_is_escaped() {
        let mut text = heapless::Vec::<u8, 64>::new();
        encode_path("/a b%\r\n\u{e9}/~".as_bytes(), &mut text).unwrap();
        assert_eq!(text, b"/a%20b%25%0D%0A%C3%A9/~");
        text.clear();
        encode_query(b"a=[1]&b=%zz?\r\n\"", &mut text).unwrap();
        assert_eq!(text, b"a=%5B1%5D&b=%zz?%0D%0A%22");
    }
}
