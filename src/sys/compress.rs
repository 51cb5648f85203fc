// SPDX-License-Identifier: GPL-2.0-only

//! Compression by the libraries of the kernel, which may have been built without them.
//!
//! C headers: [`include/linux/zlib.h`](srctree/include/linux/zlib.h),
//! [`include/linux/zstd.h`](srctree/include/linux/zstd.h)

mod gzip;
mod zstd;

pub(crate) use self::{
    gzip::Gzip,
    zstd::Zstd, //
};

use super::page::PageView;
use kernel::{
    error::to_result,
    ffi::c_int,
    prelude::*, //
};

/// The number of bytes that are compressed in one step.
const CHUNK: usize = 65_536;

/// Memory of a stream, kept for the next one. The words align it.
struct Workspace(KVVec<u64>);

impl Workspace {
    /// Creates an empty object.
    const fn new() -> Self {
        Self(KVVec::new())
    }

    /// Returns memory of at least `size` bytes, initialised to anything.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    fn reserve(&mut self, size: usize) -> Result<&mut [u64]> {
        let words = size.div_ceil(size_of::<u64>());
        if self.0.len() < words {
            // Free the old memory before the new one is allocated.
            self.0 = KVVec::new();
            self.0 = KVVec::from_elem(0, words, GFP_KERNEL_ACCOUNT)?;
        }
        Ok(&mut self.0)
    }
}

/// The progress of a step.
struct CodecStep {
    read: usize,
    written: usize,
    /// Whether the stream has ended.
    ended: bool,
}

impl CodecStep {
    /// Returns the progress that a C function reports: it returns whether the stream has ended, or
    /// an error.
    fn from_raw(result: c_int, read: usize, written: usize) -> Result<Self> {
        to_result(result.min(0))?;
        Ok(Self {
            read,
            written,
            ended: result > 0,
        })
    }
}

/// A stream that has begun.
trait Codec {
    /// Compresses some bytes of `from` to `to`; with `last`, no other bytes follow.
    ///
    /// # Errors
    ///
    /// `EIO` if the library fails.
    fn step(&mut self, from: &[u8], to: &mut [u8], last: bool) -> Result<CodecStep>;
}

/// Compresses all bytes of `from` to `to`; returns their number there, or [`None`] if they do not
/// fit. Before each step, `check` is called with the number of bytes that follow.
///
/// # Errors
///
/// Those of `check`; `EIO` if the library fails.
fn compress(
    mut stream: impl Codec,
    from: PageView<'_>,
    to: &mut [u8],
    mut check: impl FnMut(&[u8]) -> Result,
) -> Result<Option<usize>> {
    let chunks = from.slices().flat_map(|slice| slice.chunks(CHUNK));
    let mut chunks = chunks.peekable();
    let mut written = 0;
    while let Some(mut chunk) = chunks.next() {
        check(chunk)?;
        let last = chunks.peek().is_none();
        loop {
            let room = to.get_mut(written..).unwrap_or_default();
            if room.is_empty() {
                return Ok(None);
            }
            let step = stream.step(chunk, room, last)?;
            written += step.written;
            chunk = chunk.get(step.read..).unwrap_or_default();
            if step.ended {
                return Ok(Some(written));
            }
            if chunk.is_empty() && !last {
                break;
            }
            if step.read == 0 && step.written == 0 {
                return Err(EIO);
            }
        }
    }
    Ok(None)
}
