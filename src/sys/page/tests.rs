// SPDX-License-Identifier: GPL-2.0-only

//! Tests of bytes in pages.

use kernel::prelude::kunit_tests;

#[kunit_tests(khttpd_page)]
mod suite {
    use crate::sys::page::{
        block::MAX_ORDER,
        Block,
        PageBuffer,
        Pages,
        TailPacker, //
    };
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
}
