// SPDX-License-Identifier: GPL-2.0-only

//! Compression of contents that have no compressed files beside them.

use super::{
    deduplicator::Deduplicator,
    progress::LoadProgress,
    signal, //
};
use crate::sys::{
    compress::{
        Gzip,
        Zstd, //
    },
    page::{
        PageBuffer,
        PageView, //
    }, //
};
use kernel::prelude::*;
use protocol::http::Coding;

/// What contents are compressed with. The memory is kept from one to the next.
pub(super) struct Compression {
    gzip: Gzip,
    zstd: Zstd,
    room: KVVec<u8>,
}

/// Returns whether the kernel can compress at all.
pub(super) fn is_available() -> bool {
    Gzip::is_available() || Zstd::is_available()
}

impl Compression {
    /// Creates an object without memory.
    pub(super) const fn new() -> Self {
        Self {
            gzip: Gzip::new(),
            zstd: Zstd::new(),
            room: KVVec::new(),
        }
    }

    /// Compresses a content, and returns the number of the result, or [`None`] if that is hardly
    /// smaller, or if the kernel does not have the content coding.
    ///
    /// # Context
    ///
    /// Process context, may sleep. A signal interrupts it.
    ///
    /// # Errors
    ///
    /// `EINTR` after a signal, `ENOMEM`, `EIO` if the kernel's library fails.
    pub(super) fn add(
        &mut self,
        contents: &mut Deduplicator<'_>,
        number: u32,
        coding: Coding,
        progress: &LoadProgress,
    ) -> Result<Option<u32>> {
        let is_available = match coding {
            Coding::Gzip => Gzip::is_available(),
            Coding::Zstd => Zstd::is_available(),
            Coding::Brotli | Coding::Identity => false,
        };
        if !is_available {
            return Ok(None);
        }
        contents.compressed(number, coding, |bytes| {
            self.compress(bytes, coding, progress)
        })
    }

    /// Compresses bytes, unless that makes them hardly smaller.
    fn compress(
        &mut self,
        bytes: PageView<'_>,
        coding: Coding,
        progress: &LoadProgress,
    ) -> Result<Option<PageBuffer>> {
        let most = most(bytes.len());
        if self.room.len() < most {
            // Free the old memory before the new one is allocated.
            self.room = KVVec::new();
            self.room = KVVec::from_elem(0, most, GFP_KERNEL_ACCOUNT)?;
        }
        let room = self.room.get_mut(..most).unwrap_or_default();
        let step = |len| {
            progress.add_compressed(len);
            signal::check()
        };
        let len = if coding == Coding::Gzip {
            self.gzip.compress(bytes, room, step)?
        } else {
            self.zstd.compress(bytes, room, step)?
        };
        len.and_then(|len| room.get(..len))
            .map(PageBuffer::copy_of)
            .transpose()
    }
}

/// Returns the greatest length of a variant of `len` bytes: at least 10 % smaller, or else it is not
/// worth its memory, and the time of clients.
const fn most(len: usize) -> usize {
    len - len.div_ceil(10)
}
