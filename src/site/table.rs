// SPDX-License-Identifier: GPL-2.0-only

//! From a name to what stands there, in a time that does not depend on how much there is.

use crate::sys::hash::SipKey;
use kernel::prelude::*;

/// What a name leads to.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum IndexTarget {
    /// What has this number.
    Entry(u32),
    /// A directory, which has to be asked for with a slash at the end.
    Directory,
    /// Something that is elsewhere: what has this number among those.
    Redirect(u32),
    /// What the server tells of itself.
    Status,
}

/// A name that was added to a table; it need not lead anywhere.
#[derive(Clone, Copy)]
pub(super) struct NameRange {
    start: u32,
    len: u16,
}

impl NameRange {
    /// The first `len` bytes of it, or all.
    pub(super) fn shortened(self, len: usize) -> Self {
        let len = u16::try_from(len).unwrap_or(self.len).min(self.len);
        Self { len, ..self }
    }
}

/// A name that leads somewhere.
struct IndexKey {
    hash: u32,
    name: NameRange,
    target: IndexTarget,
}

/// A hash table with open addressing and linear probing, at most half full, that only grows.
///
/// The hash is keyed, so nobody can prepare names that collide.
pub(super) struct PathIndex {
    hash_key: SipKey,
    /// All names, one after the other.
    names: KVVec<u8>,
    keys: KVVec<IndexKey>,
    /// Numbers of keys, [`FREE`] where there is none; the length is a power of two.
    slots: KVVec<u32>,
}

const FREE: u32 = u32::MAX;
const MIN_SLOTS: usize = 16;

impl PathIndex {
    /// An empty table. Process context.
    pub(super) fn new() -> Self {
        Self {
            hash_key: SipKey::random(),
            names: KVVec::new(),
            keys: KVVec::new(),
            slots: KVVec::new(),
        }
    }

    /// Whether nothing is in it. Any context.
    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// Where `name` leads. Any context.
    #[inline]
    pub(super) fn find(&self, name: &[u8]) -> Option<IndexTarget> {
        let hash = self.hash_key.hash(name);
        self.probe(hash)
            .map_while(|slot| self.slots.get(slot).and_then(|&number| self.key(number)))
            .find(|key| key.hash == hash && self.bytes(key.name) == name)
            .map(|key| key.target)
    }

    /// Keeps `name`, which leads nowhere yet. Process context, may sleep.
    ///
    /// # Errors
    ///
    /// `ENAMETOOLONG` beyond 64 KiB, `EFBIG` beyond 4 GiB of names, `ENOMEM`.
    pub(super) fn keep(&mut self, name: &[u8]) -> Result<NameRange> {
        let len = u16::try_from(name.len()).map_err(|_| ENAMETOOLONG)?;
        let start = u32::try_from(self.names.len()).map_err(|_| EFBIG)?;
        start.checked_add(u32::from(len)).ok_or(EFBIG)?;
        self.names.extend_from_slice(name, GFP_KERNEL_ACCOUNT)?;
        Ok(NameRange { start, len })
    }

    /// The bytes of a name of this table. Any context.
    #[inline]
    pub(super) fn bytes(&self, name: NameRange) -> &[u8] {
        // CAST: It was a `usize`.
        let start = name.start as usize;
        let end = start + usize::from(name.len);
        self.names.get(start..end).unwrap_or(&[])
    }

    /// Lets a name lead somewhere. Process context, may sleep.
    ///
    /// # Errors
    ///
    /// `EEXIST` if there is such a name already, `ENOMEM`, `EFBIG` beyond 2^32 names.
    pub(super) fn enter(&mut self, name: NameRange, target: IndexTarget) -> Result {
        if self.find(self.bytes(name)).is_some() {
            return Err(EEXIST);
        }
        self.grow()?;
        let number = u32::try_from(self.keys.len()).map_err(|_| EFBIG)?;
        let hash = self.hash_key.hash(self.bytes(name));
        let key = IndexKey { hash, name, target };
        self.keys.push(key, GFP_KERNEL_ACCOUNT)?;
        self.place(hash, number);
        Ok(())
    }

    /// Keeps `name` and lets it lead somewhere. Process context, may sleep.
    ///
    /// # Errors
    ///
    /// As of [`PathIndex::keep`] and [`PathIndex::enter`].
    pub(super) fn insert(&mut self, name: &[u8], target: IndexTarget) -> Result {
        let name = self.keep(name)?;
        self.enter(name, target)
    }

    /// Gives back the memory that was kept for more. Process context, may sleep.
    pub(super) fn finish(&mut self) -> Result {
        self.names.shrink_to(0, GFP_KERNEL_ACCOUNT)?;
        Ok(self.keys.shrink_to(0, GFP_KERNEL_ACCOUNT)?)
    }

    /// The memory that it needs, in bytes.
    pub(super) fn needed(&self) -> usize {
        self.names.len()
            + self.keys.len() * size_of::<IndexKey>()
            + self.slots.len() * size_of::<u32>()
    }

    /// The memory that it takes, in bytes.
    pub(super) fn footprint(&self) -> usize {
        self.names.capacity()
            + self.keys.capacity() * size_of::<IndexKey>()
            + self.slots.capacity() * size_of::<u32>()
    }

    /// The slots for `hash`, in the order in which they are looked at.
    #[inline]
    fn probe(&self, hash: u32) -> impl Iterator<Item = usize> {
        let len = self.slots.len();
        let mask = len.wrapping_sub(1);
        // CAST: The low bits are as good as all of them.
        (0..len).map(move |step| (hash as usize).wrapping_add(step) & mask)
    }

    #[inline]
    fn key(&self, number: u32) -> Option<&IndexKey> {
        // CAST: It was a `usize`, or is free, and then it is beyond all keys.
        self.keys.get(number as usize)
    }

    /// Sees to it that one more key leaves half of the slots free.
    fn grow(&mut self) -> Result {
        let needed = (self.keys.len() + 1) * 2;
        if needed <= self.slots.len() {
            return Ok(());
        }
        let len = needed.next_power_of_two().max(MIN_SLOTS);
        self.slots = KVVec::from_elem(FREE, len, GFP_KERNEL_ACCOUNT)?;
        for number in 0..self.keys.len() {
            if let Some(hash) = self.keys.get(number).map(|key| key.hash) {
                // CAST: `enter` keeps the count of keys below 2^32.
                self.place(hash, number as u32);
            }
        }
        Ok(())
    }

    fn place(&mut self, hash: u32, number: u32) {
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
        assert!(PathIndex::new().find(b"/").is_none());
    }

    #[test]
    fn every_name_of_many_is_found_and_no_other() -> Result {
        let mut table = PathIndex::new();
        for number in 0..5000u32 {
            table.insert(&number.to_le_bytes(), IndexTarget::Entry(number))?;
        }
        table.finish()?;
        for number in 0..5000u32 {
            let found = table.find(&number.to_le_bytes());
            assert!(found == Some(IndexTarget::Entry(number)));
        }
        assert!(table.find(&5000u32.to_le_bytes()).is_none());
        assert!(table.find(b"").is_none());
        Ok(())
    }

    /// How many slots are looked at on average until one of `count` names is found, in hundredths.
    fn steps(count: u32) -> Result<usize> {
        let mut table = PathIndex::new();
        for number in 0..count {
            table.insert(&number.to_le_bytes(), IndexTarget::Entry(number))?;
        }
        let mut steps = 0;
        for number in 0..count {
            let leads = |slot: usize| {
                let key = table.slots.get(slot).and_then(|key| table.key(*key));
                key.is_some_and(|key| key.target == IndexTarget::Entry(number))
            };
            let hash = table.hash_key.hash(&number.to_le_bytes());
            steps += 1 + table.probe(hash).take_while(|slot| !leads(*slot)).count();
        }
        Ok(steps * 100 / count as usize)
    }

    #[test]
    fn look_up_takes_no_more_among_100000_names_than_among_few() -> Result {
        let (few, many) = (steps(1000)?, steps(100_000)?);
        pr_info!("slots looked at for each of 1000 names: {few} %, of 100000: {many} %\n");
        assert!(few < 200 && many < 200);
        Ok(())
    }

    #[test]
    fn a_name_leads_to_one_place() -> Result {
        let mut table = PathIndex::new();
        table.insert(b"/a", IndexTarget::Directory)?;
        assert!(table.insert(b"/a", IndexTarget::Entry(0)) == Err(EEXIST));
        assert!(table.find(b"/a") == Some(IndexTarget::Directory));
        Ok(())
    }

    #[test]
    fn a_name_may_be_the_beginning_of_another() -> Result {
        let mut table = PathIndex::new();
        let name = table.keep(b"/a/index.html")?;
        assert!(table.find(b"/a/index.html").is_none());
        table.enter(name, IndexTarget::Entry(7))?;
        table.enter(name.shortened(3), IndexTarget::Entry(7))?;
        table.enter(name.shortened(2), IndexTarget::Directory)?;
        assert!(table.find(b"/a/index.html") == Some(IndexTarget::Entry(7)));
        assert!(table.find(b"/a/") == Some(IndexTarget::Entry(7)));
        assert!(table.find(b"/a") == Some(IndexTarget::Directory));
        Ok(())
    }
}
