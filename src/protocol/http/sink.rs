// SPDX-License-Identifier: GPL-2.0-only

//! Destinations of rendered bytes.

/// A destination of bounded size.
///
/// # Examples
///
/// ```
/// use protocol::http::{Full, Sink, SliceWriter};
///
/// let mut room = [0; 8];
/// let mut writer = SliceWriter::new(&mut room);
/// writer.put(b"n=")?;
/// writer.put_decimal(1994)?;
/// assert_eq!(writer.written(), b"n=1994");
/// assert_eq!(writer.put(b"too long"), Err(Full));
/// # Ok::<(), Full>(())
/// ```
pub trait Sink {
    /// Appends all of `bytes`.
    ///
    /// # Errors
    ///
    /// [`Full`] if there is no room for them; then nothing is appended.
    fn put(&mut self, bytes: &[u8]) -> Result<(), Full>;

    /// Appends `value` in decimal.
    ///
    /// # Errors
    ///
    /// [`Full`] if there is no room for it; then nothing is appended.
    fn put_decimal(&mut self, value: u64) -> Result<(), Full> {
        let mut text = [b'0'; DECIMAL_MAX];
        let mut rest = value;
        let mut first = DECIMAL_MAX;
        for (at, digit) in text.iter_mut().enumerate().rev() {
            *digit = u8::try_from(rest.wrapping_rem(10))
                .unwrap_or(0)
                .saturating_add(b'0');
            rest = rest.wrapping_div(10);
            first = at;
            if rest == 0 {
                break;
            }
        }
        self.put(text.get(first..).unwrap_or(&[]))
    }
}

/// Number of digits of [`u64::MAX`].
const DECIMAL_MAX: usize = 20;

/// The error of a destination without room.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Full;

impl<const N: usize> Sink for heapless::Vec<u8, N> {
    #[inline]
    fn put(&mut self, bytes: &[u8]) -> Result<(), Full> {
        self.extend_from_slice(bytes).map_err(|()| Full)
    }
}

/// A sink that only counts bytes.
#[derive(Clone, Copy, Default, Debug)]
pub struct LengthCounter(usize);

impl LengthCounter {
    /// Returns the number of bytes counted so far.
    #[inline]
    pub const fn count(self) -> usize {
        self.0
    }
}

impl Sink for LengthCounter {
    fn put(&mut self, bytes: &[u8]) -> Result<(), Full> {
        self.0 = self.0.checked_add(bytes.len()).ok_or(Full)?;
        Ok(())
    }
}

/// A sink that fills a slice.
pub struct SliceWriter<'w> {
    room: &'w mut [u8],
    length: usize,
}

impl<'w> SliceWriter<'w> {
    /// Creates a writer that begins at the front of `room`.
    pub fn new(room: &'w mut [u8]) -> SliceWriter<'w> {
        SliceWriter { room, length: 0 }
    }

    /// Returns the number of bytes written so far.
    #[inline]
    pub const fn length(&self) -> usize {
        self.length
    }

    /// Returns the bytes written so far.
    #[inline]
    pub fn written(&self) -> &[u8] {
        self.room.get(..self.length).unwrap_or(&[])
    }
}

impl Sink for SliceWriter<'_> {
    fn put(&mut self, bytes: &[u8]) -> Result<(), Full> {
        let end = self.length.checked_add(bytes.len()).ok_or(Full)?;
        self.room
            .get_mut(self.length..end)
            .ok_or(Full)?
            .copy_from_slice(bytes);
        self.length = end;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{Full, LengthCounter, Sink, SliceWriter};

    #[test]
    fn decimals_equal_those_of_the_standard_library() {
        for value in [0, 7, 10, 1000, u64::MAX - 1, u64::MAX] {
            let mut room = [0; 20];
            let mut writer = SliceWriter::new(&mut room);
            writer.put_decimal(value).unwrap();
            let length = writer.length();
            assert_eq!(room[..length], *value.to_string().as_bytes());
            let mut counter = LengthCounter::default();
            counter.put_decimal(value).unwrap();
            assert_eq!(counter.count(), length);
        }
    }

    #[test]
    fn writer_appends_all_bytes_or_none() {
        let mut room = [b'.'; 4];
        let mut writer = SliceWriter::new(&mut room);
        assert_eq!(writer.put(b"abc"), Ok(()));
        assert_eq!(writer.put(b"de"), Err(Full));
        assert_eq!(writer.put(b"f"), Ok(()));
        assert_eq!(room, *b"abcf");
        let mut vec = heapless::Vec::<u8, 2>::new();
        assert_eq!(vec.put(b"abc"), Err(Full));
        assert_eq!(vec.put(b"ab"), Ok(()));
    }
}
