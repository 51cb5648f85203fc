// SPDX-License-Identifier: GPL-2.0-only

//! A hash table from names, most often paths, to values.

use crate::sys::{
    errno::ENAMETOOLONG,
    hash::SipKey,
    sched, //
};
use kernel::prelude::*;

/// The bytes of a name in a [`PathIndex`], which need not have a value.
#[derive(Clone, Copy)]
pub(crate) struct NameRange {
    start: u32,
    len: u16,
}

impl NameRange {
    /// Returns the first `len` bytes of the name, or all of it.
    pub(crate) fn shortened(self, len: usize) -> Self {
        let len = u16::try_from(len).unwrap_or(self.len).min(self.len);
        Self { len, ..self }
    }

    /// Returns the bytes of the name; `names` are all names of its table.
    #[inline]
    fn of(self, names: &[u8]) -> &[u8] {
        // CAST: The start was made from a `usize`.
        let start = self.start as usize;
        let end = start + usize::from(self.len);
        names.get(start..end).unwrap_or(&[])
    }
}

/// A name with a value.
struct IndexKey<T> {
    hash: u32,
    name: NameRange,
    value: T,
}

/// A hash table with open addressing and linear probing, at most half full, that only grows.
///
/// A look-up takes the same time in a small table and in a large one. The hash is keyed with random
/// bits, so that no client can prepare names that collide.
pub(crate) struct PathIndex<T> {
    hash_key: SipKey,
    /// All names, one after the other.
    names: KVVec<u8>,
    keys: KVVec<IndexKey<T>>,
    /// Numbers of keys, or [`FREE`]. The length is zero or a power of two.
    slots: KVVec<u32>,
}

/// Content of a slot without a key.
const FREE: u32 = u32::MAX;

/// Number of slots of the smallest table that is not empty.
const MIN_SLOTS: usize = 16;

impl<T: Copy> PathIndex<T> {
    /// Creates an empty table.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    pub(crate) fn new() -> Self {
        Self {
            hash_key: SipKey::random(),
            names: KVVec::new(),
            keys: KVVec::new(),
            slots: KVVec::new(),
        }
    }

    /// Returns whether no name has a value.
    ///
    /// # Context
    ///
    /// Any context.
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// Returns the value of `name`.
    ///
    /// # Context
    ///
    /// Any context.
    #[inline]
    pub(crate) fn find(&self, name: &[u8]) -> Option<T> {
        let hash = self.hash_key.hash(name);
        self.probe(hash)
            .map_while(|slot| self.slots.get(slot).and_then(|&number| self.key(number)))
            .find(|key| key.hash == hash && self.bytes(key.name) == name)
            .map(|key| key.value)
    }

    /// Stores the bytes of `name`, which has no value yet.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    ///
    /// # Errors
    ///
    /// - `ENAMETOOLONG` for a name of 64 KiB or more;
    /// - `EFBIG` beyond 4 GiB of names;
    /// - `ENOMEM`.
    pub(crate) fn store(&mut self, name: &[u8]) -> Result<NameRange> {
        let len = u16::try_from(name.len()).map_err(|_| ENAMETOOLONG)?;
        let start = u32::try_from(self.names.len()).map_err(|_| EFBIG)?;
        start.checked_add(u32::from(len)).ok_or(EFBIG)?;
        self.names.extend_from_slice(name, GFP_KERNEL_ACCOUNT)?;
        Ok(NameRange { start, len })
    }

    /// Returns the bytes of a name that is stored in this table.
    ///
    /// # Context
    ///
    /// Any context.
    #[inline]
    pub(crate) fn bytes(&self, name: NameRange) -> &[u8] {
        name.of(&self.names)
    }

    /// Gives a value to a name that is stored in this table.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    ///
    /// # Errors
    ///
    /// - `EEXIST` if the name has a value already;
    /// - `EFBIG` beyond 2^32 names;
    /// - `ENOMEM`.
    pub(crate) fn insert_stored(&mut self, name: NameRange, value: T) -> Result {
        if self.find(self.bytes(name)).is_some() {
            return Err(EEXIST);
        }
        self.grow()?;
        let number = u32::try_from(self.keys.len()).map_err(|_| EFBIG)?;
        let hash = self.hash_key.hash(self.bytes(name));
        let key = IndexKey { hash, name, value };
        self.keys.push(key, GFP_KERNEL_ACCOUNT)?;
        self.fill_slot(hash, number);
        Ok(())
    }

    /// Stores the bytes of `name` and gives it a value.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    ///
    /// # Errors
    ///
    /// Those of [`PathIndex::store`] and [`PathIndex::insert_stored`].
    pub(crate) fn insert(&mut self, name: &[u8], value: T) -> Result {
        let name = self.store(name)?;
        self.insert_stored(name, value)
    }

    /// Replaces the value of each name for which `replacement` returns another.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    ///
    /// # Errors
    ///
    /// The first error of `replacement`.
    pub(crate) fn replace(&mut self, replacement: impl Fn(&[u8]) -> Result<Option<T>>) -> Result {
        for key in self.keys.iter_mut() {
            if let Some(value) = replacement(key.name.of(&self.names))? {
                key.value = value;
            }
        }
        Ok(())
    }

    /// Frees memory that was reserved for further names.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    pub(crate) fn shrink(&mut self) -> Result {
        self.names.shrink_to(0, GFP_KERNEL_ACCOUNT)?;
        Ok(self.keys.shrink_to(0, GFP_KERNEL_ACCOUNT)?)
    }

    /// Returns the memory in use, in bytes.
    pub(crate) fn used_bytes(&self) -> usize {
        self.names.len()
            + self.keys.len() * size_of::<IndexKey<T>>()
            + self.slots.len() * size_of::<u32>()
    }

    /// Returns the allocated memory, in bytes.
    pub(crate) fn footprint(&self) -> usize {
        self.names.capacity()
            + self.keys.capacity() * size_of::<IndexKey<T>>()
            + self.slots.capacity() * size_of::<u32>()
    }

    /// Returns the slots for `hash` in the order of probing.
    #[inline]
    fn probe(&self, hash: u32) -> impl Iterator<Item = usize> {
        let len = self.slots.len();
        let mask = len.wrapping_sub(1);
        // CAST: The mask needs only the low bits.
        (0..len).map(move |step| (hash as usize).wrapping_add(step) & mask)
    }

    /// Returns the key with this number; [`FREE`] is beyond all keys.
    #[inline]
    fn key(&self, number: u32) -> Option<&IndexKey<T>> {
        // CAST: The number was made from a `usize`, or is `FREE`.
        self.keys.get(number as usize)
    }

    /// Ensures that at least half of the slots are free with one more key.
    fn grow(&mut self) -> Result {
        let needed = (self.keys.len() + 1) * 2;
        if needed <= self.slots.len() {
            return Ok(());
        }
        let len = needed.next_power_of_two().max(MIN_SLOTS);
        self.slots = KVVec::from_elem(FREE, len, GFP_KERNEL_ACCOUNT)?;
        for number in 0..self.keys.len() {
            sched::cond_resched();
            if let Some(hash) = self.keys.get(number).map(|key| key.hash) {
                // CAST: `insert_stored` keeps the number of keys below 2^32.
                self.fill_slot(hash, number as u32);
            }
        }
        Ok(())
    }

    /// Writes the number of a key to the first free slot for its hash.
    fn fill_slot(&mut self, hash: u32, number: u32) {
        let free = self
            .probe(hash)
            .find(|&slot| self.slots.get(slot) == Some(&FREE));
        if let Some(slot) = free.and_then(|slot| self.slots.get_mut(slot)) {
            *slot = number;
        }
    }
}

#[kunit_tests(khttpd_path_index)]
mod tests {
    use super::*;
    use crate::sys::sched::count;

    #[test]
    fn empty_table_finds_nothing() {
        assert!(PathIndex::<u32>::new().find(b"/").is_none());
    }

    /// Returns a table of the numbers below `count`, by their bytes.
    fn table(count: u32) -> Result<PathIndex<u32>> {
        let mut table = PathIndex::new();
        for number in 0..count {
            table.insert(&number.to_le_bytes(), number)?;
        }
        table.shrink()?;
        Ok(table)
    }

    #[test]
    fn each_of_many_names_is_found_and_no_other() -> Result {
        let table = table(5000)?;
        for number in 0..5000u32 {
            assert!(table.find(&number.to_le_bytes()) == Some(number));
        }
        assert!(table.find(&5000u32.to_le_bytes()).is_none());
        assert!(table.find(b"").is_none());
        Ok(())
    }

    /// Returns the average number of slots that a look-up probes among `count` names, in
    /// hundredths.
    fn probed(count: u32) -> Result<usize> {
        let table = table(count)?;
        let mut probed = 0;
        for number in 0..count {
            let holds = |slot: usize| {
                let key = table.slots.get(slot).and_then(|key| table.key(*key));
                key.is_some_and(|key| key.value == number)
            };
            let hash = table.hash_key.hash(&number.to_le_bytes());
            probed += 1 + table.probe(hash).take_while(|slot| !holds(*slot)).count();
        }
        Ok(probed * 100 / count as usize)
    }

    #[test]
    fn look_up_probes_no_more_slots_among_100000_names_than_among_1000() -> Result {
        let (few, many) = (probed(1000)?, probed(100_000)?);
        pr_info!("slots probed per look-up: {few} % of 1000 names, {many} % of 100000\n");
        assert!(few < 200 && many < 200);
        Ok(())
    }

    #[test]
    fn second_value_for_a_name_is_rejected() -> Result {
        let mut table = PathIndex::new();
        table.insert(b"/a", 1)?;
        assert!(table.insert(b"/a", 2) == Err(EEXIST));
        assert!(table.find(b"/a") == Some(1));
        Ok(())
    }

    #[test]
    fn values_are_replaced_by_name() -> Result {
        let mut table = table(100)?;
        table.replace(|name| Ok((name == 7u32.to_le_bytes()).then_some(1000)))?;
        assert!(table.find(&7u32.to_le_bytes()) == Some(1000));
        assert!(table.find(&8u32.to_le_bytes()) == Some(8));
        assert!(table.replace(|_| Err(EINTR)) == Err(EINTR));
        Ok(())
    }

    #[test]
    fn beginning_of_a_name_can_be_a_name() -> Result {
        let mut table = PathIndex::new();
        let name = table.store(b"/a/index.html")?;
        assert!(table.find(b"/a/index.html").is_none());
        table.insert_stored(name, 7)?;
        table.insert_stored(name.shortened(3), 8)?;
        table.insert_stored(name.shortened(2), 9)?;
        assert!(table.find(b"/a/index.html") == Some(7));
        assert!(table.find(b"/a/") == Some(8));
        assert!(table.find(b"/a") == Some(9));
        Ok(())
    }

    #[test]
    fn other_tasks_run_while_a_table_grows() -> Result {
        let mut made = Err(EINVAL);
        assert!(count::during(|| made = table(5000)) >= 5000);
        assert!(made?.find(&0u32.to_le_bytes()) == Some(0));
        Ok(())
    }
}
