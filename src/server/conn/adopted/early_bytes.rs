// SPDX-License-Identifier: GPL-2.0-only

//! Bytes of a connection that its socket has no more.

use core::mem;
use kernel::prelude::*;

/// Bytes that were received and are not consumed: by the process that has given the connection, or by
/// TLS.
pub(super) struct EarlyBytes(KVec<u8>);

impl EarlyBytes {
    /// Returns `bytes` as early ones.
    pub(super) fn new(bytes: KVec<u8>) -> Self {
        Self(bytes)
    }

    /// Returns the number of bytes.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Returns whether there are none.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the memory, to which bytes may be appended.
    pub(super) fn as_vec_mut(&mut self) -> &mut KVec<u8> {
        &mut self.0
    }

    /// Takes all bytes.
    pub(super) fn take(&mut self) -> KVec<u8> {
        mem::take(&mut self.0)
    }

    /// Copies the bytes behind the first `skip` to `buffer`, and returns those that find room.
    ///
    /// # Errors
    ///
    /// None but `EIO`, which never happens.
    pub(super) fn copy<'b>(&self, skip: usize, buffer: &'b mut [u8]) -> Result<&'b [u8]> {
        let bytes = self.0.get(skip..).unwrap_or_default();
        let bytes = bytes.get(..buffer.len()).unwrap_or(bytes);
        let room = buffer.get_mut(..bytes.len()).ok_or(EIO)?;
        room.copy_from_slice(bytes);
        Ok(room)
    }

    /// Consumes up to `count` bytes, and returns how many.
    pub(super) fn consume(&mut self, count: usize) -> usize {
        let count = count.min(self.0.len());
        let rest = self.0.len() - count;
        self.0.copy_within(count.., 0);
        self.0.truncate(rest);
        if rest == 0 {
            // Frees the memory.
            mem::take(&mut self.0);
        }
        count
    }
}
