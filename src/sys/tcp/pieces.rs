// SPDX-License-Identifier: GPL-2.0-only

//! Bytes in several places that one call sends.
//!
//! C header: [`include/linux/uio.h`](srctree/include/linux/uio.h)

use crate::sys::errno::ENOBUFS;
use core::{
    marker::PhantomData,
    mem,
    ptr,
    slice, //
};
use kernel::{
    bindings,
    ffi::c_void,
    prelude::*, //
};

/// Room for the addresses of `N` pieces.
pub(crate) struct PieceRoom<const N: usize>([bindings::kvec; N]);

// SAFETY: No code follows the addresses but that of `Pieces`, which has written them itself.
unsafe impl<const N: usize> Send for PieceRoom<N> {}

impl<const N: usize> PieceRoom<N> {
    /// Creates empty room.
    pub(crate) const fn new() -> Self {
        let vector = bindings::kvec {
            iov_base: ptr::null_mut(),
            iov_len: 0,
        };
        Self([vector; N])
    }

    /// Begins an empty list in the room.
    #[inline]
    pub(crate) fn begin(&mut self) -> Pieces<'_> {
        // INVARIANT: There are no pieces yet.
        Pieces {
            vectors: &mut self.0,
            count: 0,
            len: 0,
            _pieces: PhantomData,
        }
    }
}

/// A list of pieces, which are borrowed until the list is sent or dropped.
///
/// # Invariants
///
/// The first `count` vectors are slices that live for `'a`. They have `len` bytes in all.
pub(crate) struct Pieces<'a> {
    vectors: &'a mut [bindings::kvec],
    count: usize,
    len: usize,
    _pieces: PhantomData<&'a [u8]>,
}

impl<'a> Pieces<'a> {
    /// Returns the number of bytes.
    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Appends pieces, of which some may be empty.
    ///
    /// # Errors
    ///
    /// `ENOBUFS` if there is no room for all of them.
    #[inline]
    pub(crate) fn extend<const N: usize>(&mut self, pieces: [&'a [u8]; N]) -> Result {
        let free = self.vectors.get_mut(self.count..).unwrap_or_default();
        let vectors = free.first_chunk_mut::<N>().ok_or(ENOBUFS)?;
        // INVARIANT: The vectors are the pieces, which live for `'a`, and are counted.
        *vectors = pieces.map(|piece| bindings::kvec {
            iov_base: piece.as_ptr().cast_mut().cast::<c_void>(),
            iov_len: piece.len(),
        });
        self.count += N;
        self.len += pieces.iter().map(|piece| piece.len()).sum::<usize>();
        Ok(())
    }

    /// Returns the bytes behind the first `sent`, piece by piece.
    pub(crate) fn unsent(&self, sent: usize) -> impl Iterator<Item = &'a [u8]> + use<'_, 'a> {
        let mut skip = sent;
        self.as_raw().iter().filter_map(move |vector| {
            // SAFETY: By the type invariants the vector is a slice that lives for `'a`.
            let piece: &'a [u8] =
                unsafe { slice::from_raw_parts(vector.iov_base.cast::<u8>(), vector.iov_len) };
            let left = skip.saturating_sub(piece.len());
            piece.get(mem::replace(&mut skip, left)..)
        })
    }

    /// Returns the pieces in the form for C. They are only to be read.
    #[inline]
    pub(super) fn as_raw(&self) -> &[bindings::kvec] {
        self.vectors.get(..self.count).unwrap_or_default()
    }
}

#[kunit_tests(khttpd_pieces)]
mod tests {
    use super::*;

    /// Returns the bytes of `pieces` behind the first `sent`.
    fn joined(pieces: &Pieces<'_>, sent: usize) -> Result<KVec<u8>> {
        let mut bytes = KVec::new();
        for piece in pieces.unsent(sent) {
            bytes.extend_from_slice(piece, GFP_KERNEL)?;
        }
        Ok(bytes)
    }

    #[test]
    fn rest_of_a_list_begins_at_any_byte() -> Result {
        let mut room = PieceRoom::<4>::new();
        let mut pieces = room.begin();
        pieces.extend([b"ab", b""])?;
        pieces.extend([b"c", b"def"])?;
        assert_eq!(pieces.len(), 6);
        for sent in 0..=6 {
            assert_eq!(Some(&joined(&pieces, sent)?[..]), b"abcdef".get(sent..));
        }
        Ok(())
    }

    #[test]
    fn full_list_takes_no_pieces_and_keeps_its_own() -> Result {
        let mut room = PieceRoom::<3>::new();
        let mut pieces = room.begin();
        pieces.extend([b"a", b"b"])?;
        assert_eq!(pieces.extend([b"c", b"d"]), Err(ENOBUFS));
        assert_eq!(&joined(&pieces, 0)?[..], b"ab");
        Ok(())
    }
}
