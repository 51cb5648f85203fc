// SPDX-License-Identifier: GPL-2.0-only

//! From a path to what stands there, in a time that does not depend on how much there is.

use crate::sys::hash::SipKey;
use core::ops::Range;
use kernel::prelude::*;

/// What a path leads to.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Target {
    /// The entry with this number.
    Entry(u32),
    /// A directory, which has to be asked for with a slash at the end.
    Directory,
}

/// A path in the table.
struct Key {
    hash: u64,
    /// Where it stands among the names.
    name: Range<u32>,
    target: Target,
}

/// A hash table with open addressing and linear probing, at most half full, that only grows.
///
/// The hash is keyed, so nobody can prepare paths that collide.
pub(super) struct Table {
    hash_key: SipKey,
    /// All paths, one after the other.
    names: KVVec<u8>,
    keys: KVVec<Key>,
    /// Numbers of keys, [`FREE`] where there is none; the length is a power of two.
    slots: KVVec<u32>,
}

const FREE: u32 = u32::MAX;
const MIN_SLOTS: usize = 16;

impl Table {
    /// An empty table. Process context.
    pub(super) fn new() -> Self {
        Self {
            hash_key: SipKey::random(),
            names: KVVec::new(),
            keys: KVVec::new(),
            slots: KVVec::new(),
        }
    }

    /// What stands at `path`. Any context.
    pub(super) fn find(&self, path: &[u8]) -> Option<Target> {
        let hash = self.hash_key.hash(path);
        self.probe(hash)
            .map_while(|slot| self.slots.get(slot).and_then(|&number| self.key(number)))
            .find(|key| key.hash == hash && self.name(key) == Some(path))
            .map(|key| key.target)
    }

    /// Enters `path`. Process context, may sleep.
    ///
    /// # Errors
    ///
    /// `EEXIST` if it is there already, `ENOMEM`, `EFBIG` beyond 4 GiB of names or keys.
    pub(super) fn insert(&mut self, path: &[u8], target: Target) -> Result {
        if self.find(path).is_some() {
            return Err(EEXIST);
        }
        self.grow()?;
        let start = u32::try_from(self.names.len()).map_err(|_| EFBIG)?;
        let end = u32::try_from(self.names.len() + path.len()).map_err(|_| EFBIG)?;
        let number = u32::try_from(self.keys.len()).map_err(|_| EFBIG)?;
        let hash = self.hash_key.hash(path);
        let key = Key {
            hash,
            name: start..end,
            target,
        };
        self.keys.push(key, GFP_KERNEL)?;
        self.names.extend_from_slice(path, GFP_KERNEL)?;
        self.place(hash, number);
        Ok(())
    }

    /// The slots for `hash`, in the order in which they are looked at.
    fn probe(&self, hash: u64) -> impl Iterator<Item = usize> {
        let len = self.slots.len();
        let mask = len.wrapping_sub(1);
        // CAST: The low bits are as good as all of them.
        (0..len).map(move |step| (hash as usize).wrapping_add(step) & mask)
    }

    fn key(&self, number: u32) -> Option<&Key> {
        self.keys.get(usize::try_from(number).ok()?)
    }

    fn name(&self, key: &Key) -> Option<&[u8]> {
        let start = usize::try_from(key.name.start).ok()?;
        let end = usize::try_from(key.name.end).ok()?;
        self.names.get(start..end)
    }

    /// Sees to it that one more key leaves half of the slots free.
    fn grow(&mut self) -> Result {
        let needed = (self.keys.len() + 1) * 2;
        if needed <= self.slots.len() {
            return Ok(());
        }
        let len = needed.next_power_of_two().max(MIN_SLOTS);
        self.slots = KVVec::from_elem(FREE, len, GFP_KERNEL)?;
        for number in 0..self.keys.len() {
            if let Some(hash) = self.keys.get(number).map(|key| key.hash) {
                // CAST: `insert` keeps the count of keys below 2^32.
                self.place(hash, number as u32);
            }
        }
        Ok(())
    }

    fn place(&mut self, hash: u64, number: u32) {
        let free = self
            .probe(hash)
            .find(|&slot| self.slots.get(slot) == Some(&FREE));
        if let Some(slot) = free.and_then(|slot| self.slots.get_mut(slot)) {
            *slot = number;
        }
    }
}

#[kunit_tests(khttpd_table)]
mod tests {
    use super::*;

    #[test]
    fn empty_table_finds_nothing() {
        assert!(Table::new().find(b"/").is_none());
    }

    #[test]
    fn every_path_of_many_is_found_and_no_other() -> Result {
        let mut table = Table::new();
        for number in 0..5000u32 {
            table.insert(&number.to_le_bytes(), Target::Entry(number))?;
        }
        for number in 0..5000u32 {
            let found = table.find(&number.to_le_bytes());
            assert!(found == Some(Target::Entry(number)));
        }
        assert!(table.find(&5000u32.to_le_bytes()).is_none());
        assert!(table.find(b"").is_none());
        Ok(())
    }

    #[test]
    fn a_path_stands_once() -> Result {
        let mut table = Table::new();
        table.insert(b"/a", Target::Directory)?;
        assert!(table.insert(b"/a", Target::Entry(0)) == Err(EEXIST));
        assert!(table.find(b"/a") == Some(Target::Directory));
        Ok(())
    }
}
