// SPDX-License-Identifier: GPL-2.0-only

//! Tests of bytes in pages.

use kernel::prelude::kunit_tests;

#[kunit_tests(khttpd_page)]
mod suite {
    use crate::sys::{
        page::{
            block::MAX_ORDER,
            view::skip_whole,
            Block,
            PageBuffer,
            Pages,
            TailPacker, //
        },
        sched::count, //
    };
    use core::cell::Cell;
    use kernel::{
        page::PAGE_SIZE,
        prelude::*, //
    };

    /// Returns bytes whose neighbouring blocks differ.
    fn pattern(len: usize) -> Result<KVVec<u8>> {
        let mut bytes = KVVec::with_capacity(len, GFP_KERNEL)?;
        for index in 0..len {
            bytes.push((index % 251) as u8, GFP_KERNEL)?;
        }
        Ok(bytes)
    }

    #[test]
    fn bytes_of_any_number_come_back() -> Result {
        let largest = PAGE_SIZE << MAX_ORDER;
        let (mut pages, mut packer) = (Pages::new(), TailPacker::new());
        for len in [
            0,
            1,
            PAGE_SIZE - 1,
            PAGE_SIZE,
            PAGE_SIZE + 1,
            5 * PAGE_SIZE + 7,
            largest + PAGE_SIZE + 1,
        ] {
            let bytes = pattern(len)?;
            let span = pages.take(PageBuffer::copy_of(&bytes)?, &mut packer)?;
            let stored = pages.bytes(span);
            assert_eq!(stored.len(), len);
            assert!(stored.slices().flatten().eq(bytes.iter()));
        }
        Ok(())
    }

    #[test]
    fn tails_share_pages_and_keep_them() -> Result {
        let (mut pages, mut packer) = (Pages::new(), TailPacker::new());
        let mut spans = KVec::new();
        for number in 0..256usize {
            let bytes = KVec::from_elem(number as u8, 128, GFP_KERNEL)?;
            let span = pages.take(PageBuffer::copy_of(&bytes)?, &mut packer)?;
            spans.push(span, GFP_KERNEL)?;
        }
        drop(packer);
        let table = pages.blocks.capacity() * size_of::<Block>();
        assert_eq!(pages.footprint()? - table, 256 * 128);
        for (number, span) in spans.iter().enumerate() {
            let bytes = pages.bytes(*span);
            assert!(bytes.slices().flatten().all(|byte| *byte == number as u8));
        }
        Ok(())
    }

    #[test]
    fn shared_bytes_outlive_their_first_owner() -> Result {
        let bytes = pattern(3 * PAGE_SIZE + 5)?;
        let mut first = Pages::new();
        let span = first.take(PageBuffer::copy_of(&bytes)?, &mut TailPacker::new())?;
        let mut second = Pages::new();
        let shared = second.share(first.bytes(span))?;
        assert!(first.bytes(span).equals(&second.bytes(shared)));
        drop(first);
        assert!(second.bytes(shared).slices().flatten().eq(bytes.iter()));
        Ok(())
    }

    #[test]
    fn range_begins_in_the_block_that_holds_its_first_byte() -> Result {
        let bytes = pattern(7 * PAGE_SIZE + 3)?;
        let mut all = Pages::new();
        let span = all.take(PageBuffer::copy_of(&bytes)?, &mut TailPacker::new())?;
        let pages = all.bytes(span);
        for start in [
            0,
            1,
            PAGE_SIZE,
            4 * PAGE_SIZE - 1,
            4 * PAGE_SIZE,
            7 * PAGE_SIZE + 2,
        ] {
            let (blocks, skip) = pages.blocks(&(start..bytes.len()));
            let rest: usize = blocks.iter().map(Block::len).sum();
            assert_eq!(rest - skip, bytes.len() - start);
            assert!(skip < blocks.first().map_or(0, Block::len));
        }
        let (none, _) = pages.blocks(&(bytes.len()..bytes.len()));
        assert!(none.is_empty());
        Ok(())
    }

    /// Returns how many blocks are looked at to find each of `starts` in blocks of these lengths:
    /// the greatest number.
    fn most_steps(lens: &[usize], starts: impl Iterator<Item = usize>) -> usize {
        let steps = |start| {
            let steps = Cell::new(0);
            let (found, skip) = skip_whole(
                lens,
                |len| {
                    steps.set(steps.get() + 1);
                    *len
                },
                start,
            );
            let before: usize = lens.iter().take(lens.len() - found.len()).sum();
            assert_eq!(before + skip, start);
            assert!(found.first().is_none_or(|len| skip < *len));
            steps.get()
        };
        starts.map(steps).max().unwrap_or(0)
    }

    #[test]
    fn one_step_finds_the_first_block_and_few_find_any_of_16384() -> Result {
        const COUNT: usize = 16_384;
        let mut pages = KVVec::from_elem(PAGE_SIZE, COUNT, GFP_KERNEL)?;
        assert_eq!(most_steps(&pages, 0..PAGE_SIZE), 1);
        let starts = || (0..=COUNT).map(|number| number * PAGE_SIZE);
        let alike = most_steps(&pages, starts());
        // As many lengths as there can be, the longest first.
        for (len, order) in pages.iter_mut().zip((1..=MAX_ORDER).rev()) {
            *len = PAGE_SIZE << order;
        }
        let mixed = most_steps(&pages, starts());
        pr_info!("blocks looked at: {alike} of {COUNT} alike, {mixed} of all lengths\n");
        assert!(alike <= 32 && mixed <= 192);
        Ok(())
    }

    #[test]
    fn other_tasks_run_while_many_blocks_are_measured_and_freed() -> Result {
        const COUNT: u64 = 1000;
        let (mut pages, mut packer) = (Pages::new(), TailPacker::new());
        for _ in 0..COUNT {
            pages.take(PageBuffer::copy_of(b"tail")?, &mut packer)?;
        }
        let mut footprint = Ok(0);
        assert!(count::during(|| footprint = pages.footprint()) >= COUNT);
        assert!(footprint? > 0);
        assert!(count::during(|| drop(pages)) >= COUNT);
        Ok(())
    }
}
