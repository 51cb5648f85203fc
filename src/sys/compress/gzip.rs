// SPDX-License-Identifier: GPL-2.0-only

//! gzip (RFC 1952).

use super::{
    compress,
    Codec,
    CodecStep,
    Workspace, //
};
use crate::sys::{
    ffi,
    page::PageView, //
};
use kernel::{
    error::to_result,
    ffi::{
        c_int,
        c_void, //
    },
    prelude::*, //
};

/// The level of compression, of 1 to 9: at 9, text becomes 2 % smaller in two and a half times the
/// time.
const LEVEL: c_int = 6;

/// Magic number, deflate, no flags, no time, no hint, no operating system.
const HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];

/// A compressor to gzip.
pub(crate) struct Gzip(Workspace);

impl Gzip {
    /// Creates a compressor, which has no memory yet.
    pub(crate) const fn new() -> Self {
        Self(Workspace::new())
    }

    /// Returns whether the kernel has what this needs.
    pub(crate) fn is_available() -> bool {
        DeflateStream::size() > 0
    }

    /// Compresses all bytes of `from` to `to`; returns their number there, or [`None`] if they do
    /// not fit. `check` is called with the number of bytes of each step.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    ///
    /// # Errors
    ///
    /// - those of `check`;
    /// - `EOPNOTSUPP` if the kernel has no deflate;
    /// - `EIO` if it fails;
    /// - `ENOMEM`.
    pub(crate) fn compress(
        &mut self,
        from: PageView<'_>,
        to: &mut [u8],
        mut check: impl FnMut(usize) -> Result,
    ) -> Result<Option<usize>> {
        let Some((header, room)) = to.split_first_chunk_mut() else {
            return Ok(None);
        };
        *header = HEADER;
        let stream = DeflateStream::new(&mut self.0)?;
        let mut crc = !0;
        let deflated = compress(stream, from, room, |bytes| {
            crc = crc32(crc, bytes);
            check(bytes.len())
        })?;
        let trailer = deflated.and_then(|len| room.get_mut(len..)?.first_chunk_mut());
        let (Some(deflated), Some(trailer)) = (deflated, trailer) else {
            return Ok(None);
        };
        // CAST: The format has the length modulo 2^32.
        let (crc, len) = (u64::from(!crc), from.len() as u64);
        *trailer = (crc | len << 32).to_le_bytes();
        Ok(Some(HEADER.len() + deflated + trailer.len()))
    }
}

/// A deflate stream (RFC 1951).
///
/// # Invariants
///
/// The stream has begun in the memory, which has the size of one.
struct DeflateStream<'a>(&'a mut [u64]);

impl<'a> DeflateStream<'a> {
    /// Begins a stream.
    fn new(workspace: &'a mut Workspace) -> Result<Self> {
        let memory = workspace.reserve(Self::size())?;
        // SAFETY: The memory has the size of a stream and is aligned to 8 bytes. Without deflate,
        // the function does not use it.
        to_result(unsafe {
            ffi::khttpd_deflate_begin(memory.as_mut_ptr().cast::<c_void>(), LEVEL)
        })?;
        // INVARIANT: It has begun.
        Ok(Self(memory))
    }

    /// Returns the size of a stream in bytes; 0 if the kernel has none.
    fn size() -> usize {
        // SAFETY: The function has no preconditions.
        unsafe { ffi::khttpd_deflate_size() }
    }
}

impl Codec for DeflateStream<'_> {
    fn step(&mut self, from: &[u8], to: &mut [u8], last: bool) -> Result<CodecStep> {
        let (mut read, mut written) = (from.len(), to.len());
        // SAFETY: By the type invariant the stream has begun. `from` is valid for reads and `to` for
        // writes of their lengths.
        let result = unsafe {
            ffi::khttpd_deflate_step(
                self.0.as_mut_ptr().cast::<c_void>(),
                from.as_ptr(),
                &raw mut read,
                to.as_mut_ptr(),
                &raw mut written,
                last,
            )
        };
        CodecStep::from_raw(result, read, written)
    }
}

/// Continues a CRC-32 by some bytes.
fn crc32(crc: u32, bytes: &[u8]) -> u32 {
    // SAFETY: `bytes` is valid for reads of its length.
    unsafe { ffi::khttpd_crc32(crc, bytes.as_ptr(), bytes.len()) }
}
