// SPDX-License-Identifier: GPL-2.0-only

//! Zstandard (RFC 8878).

use super::{
    compress,
    Codec,
    CodecStep,
    Workspace, //
};
use crate::sys::{
    errno::EOPNOTSUPP,
    ffi,
    page::PageView, //
};
use core::{
    marker::PhantomData,
    ptr::NonNull, //
};
use kernel::{
    ffi::{
        c_int,
        c_void, //
    },
    prelude::*, //
};

/// The level of compression, of 1 to 22: at 12, text becomes 2 % smaller in two and a half times the
/// time, at 19 7 % smaller in 25 times the time.
const LEVEL: c_int = 9;

/// The window for which the parameters are chosen, in bytes: larger ones need more memory, more than
/// 14 MiB here, and as much as the window at clients, which may refuse more than 8 MiB (RFC 9659).
const WINDOW: u64 = 1 << 20;

/// A compressor to Zstandard.
pub(crate) struct Zstd(Workspace);

impl Zstd {
    /// Creates a compressor, which has no memory yet.
    pub(crate) const fn new() -> Self {
        Self(Workspace::new())
    }

    /// Returns whether the kernel has what this needs.
    pub(crate) fn is_available() -> bool {
        ZstdStream::size(1) > 0
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
    /// - `EOPNOTSUPP` if the kernel has no zstd;
    /// - `EIO` if it fails;
    /// - `ENOMEM`.
    pub(crate) fn compress(
        &mut self,
        from: PageView<'_>,
        to: &mut [u8],
        mut check: impl FnMut(usize) -> Result,
    ) -> Result<Option<usize>> {
        let stream = ZstdStream::new(&mut self.0, from.len() as u64)?;
        compress(stream, from, to, |bytes| check(bytes.len()))
    }
}

/// A stream.
///
/// # Invariants
///
/// The stream has begun in memory that is borrowed as long as this object lives.
struct ZstdStream<'a>(NonNull<c_void>, PhantomData<&'a mut [u64]>);

impl<'a> ZstdStream<'a> {
    /// Begins a stream of `len` bytes.
    fn new(workspace: &'a mut Workspace, len: u64) -> Result<Self> {
        let memory = workspace.reserve(Self::size(len))?;
        // SAFETY: The memory has this size, which is that of such a stream at least, and is aligned
        // to 8 bytes.
        let stream = unsafe {
            ffi::khttpd_zstd_begin(
                memory.as_mut_ptr().cast::<c_void>(),
                size_of_val(memory),
                LEVEL,
                len,
                WINDOW,
            )
        };
        // INVARIANT: It has begun in `memory`.
        let stream = NonNull::new(stream).ok_or(EOPNOTSUPP)?;
        Ok(Self(stream, PhantomData))
    }

    /// Returns the size of a stream of `len` bytes in bytes; 0 if the kernel has none.
    fn size(len: u64) -> usize {
        // SAFETY: The function has no preconditions.
        unsafe { ffi::khttpd_zstd_size(LEVEL, len, WINDOW) }
    }
}

impl Codec for ZstdStream<'_> {
    fn step(&mut self, from: &[u8], to: &mut [u8], last: bool) -> Result<CodecStep> {
        let (mut read, mut written) = (from.len(), to.len());
        // SAFETY: By the type invariant the stream has begun. `from` is valid for reads and `to` for
        // writes of their lengths.
        let result = unsafe {
            ffi::khttpd_zstd_step(
                self.0.as_ptr(),
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
