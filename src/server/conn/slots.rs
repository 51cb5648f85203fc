// SPDX-License-Identifier: GPL-2.0-only

//! The slots of a connection table.

use crate::sys::memory_group::atomic_account;
use core::mem;
use kernel::{
    prelude::*,
    sync::Arc, //
};

/// Slots that are allocated at a time.
pub(super) const CHUNK: usize = 256;

/// Slots by number, of which those after the last used one may not be allocated.
pub(super) struct Slots<C> {
    /// [`CHUNK`] slots each.
    chunks: KVec<KVec<SlotState<C>>>,
    /// The first free slot.
    free: Option<u32>,
    used: usize,
}

/// The state of a slot.
enum SlotState<C> {
    /// A free slot, and the next one.
    Free(Option<u32>),
    Reserved,
    Used(Arc<C>),
}

impl<C> Slots<C> {
    /// Returns no slots.
    pub(super) const fn new() -> Self {
        Self {
            chunks: KVec::new(),
            free: None,
            used: 0,
        }
    }

    /// Returns the number of slots that are not free.
    pub(super) fn used(&self) -> usize {
        self.used
    }

    /// Reserves a free slot.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(super) fn reserve(&mut self) -> Result<u32> {
        let number = match self.free {
            Some(number) => number,
            None => self.grow()?,
        };
        if let Some(SlotState::Free(next)) = self.replace(number, SlotState::Reserved) {
            self.free = next;
        }
        self.used += 1;
        Ok(number)
    }

    /// Puts `connection` into a reserved slot.
    pub(super) fn put(&mut self, number: u32, connection: Arc<C>) {
        self.replace(number, SlotState::Used(connection));
    }

    /// Returns the connection in a slot, which stays reserved.
    pub(super) fn take(&mut self, number: u32) -> Option<Arc<C>> {
        match self.replace(number, SlotState::Reserved)? {
            SlotState::Used(connection) => Some(connection),
            _ => None,
        }
    }

    /// Frees a reserved slot.
    pub(super) fn release(&mut self, number: u32) {
        let next = self.free.replace(number);
        self.replace(number, SlotState::Free(next));
        self.used -= 1;
    }

    /// Returns the connections in the slots from `first` to the end of its chunk, or nothing if
    /// `first` does not exist.
    pub(super) fn chunk_from(
        &self,
        first: usize,
    ) -> Option<impl Iterator<Item = Option<&Arc<C>>> + '_> {
        let chunk = self.chunks.get(first / CHUNK)?;
        Some(chunk.iter().skip(first % CHUNK).map(|slot| match slot {
            SlotState::Used(connection) => Some(connection),
            _ => None,
        }))
    }

    fn replace(&mut self, number: u32, state: SlotState<C>) -> Option<SlotState<C>> {
        let number = number as usize;
        let chunk = self.chunks.get_mut(number / CHUNK)?;
        Some(mem::replace(chunk.get_mut(number % CHUNK)?, state))
    }

    /// Adds a chunk of free slots, and returns the first of them.
    fn grow(&mut self) -> Result<u32> {
        let begin = u32::try_from(self.chunks.len() * CHUNK)?;
        let end = u32::try_from((self.chunks.len() + 1) * CHUNK)?;
        let mut chunk = KVec::with_capacity(CHUNK, atomic_account())?;
        for next in begin + 1..=end {
            let next = Some(next).filter(|next| *next != end);
            chunk.push(SlotState::Free(next), atomic_account())?;
        }
        self.chunks.push(chunk, atomic_account())?;
        Ok(begin)
    }
}
