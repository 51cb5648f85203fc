// SPDX-License-Identifier: GPL-2.0-only

//! Hashes: SipHash for hash tables, BLAKE2s for content.
//!
//! C headers: [`include/linux/siphash.h`](srctree/include/linux/siphash.h),
//! [`include/crypto/blake2s.h`](srctree/include/crypto/blake2s.h)

use super::{
    ffi,
    page::{
        Block,
        PageView, //
    }, //
};
use kernel::{
    bindings,
    ffi::c_void,
    prelude::*, //
};

/// A secret key that makes the positions in a hash table unpredictable.
pub(crate) struct SipKey([usize; 2]);

impl SipKey {
    /// Returns a new random key.
    ///
    /// # Context
    ///
    /// Process context, may sleep. Early at boot it waits for the random number generator.
    pub(crate) fn random() -> Self {
        let mut key = [0usize; 2];
        // SAFETY: `key` is valid for writes of its own size.
        unsafe { bindings::get_random_bytes(key.as_mut_ptr().cast::<c_void>(), size_of_val(&key)) };
        Self(key)
    }

    /// Returns the SipHash-1-3 of `bytes`, which the kernel uses for hash tables.
    ///
    /// # Context
    ///
    /// Any context.
    #[inline]
    pub(crate) fn hash(&self, bytes: &[u8]) -> u32 {
        // SAFETY: `bytes` is valid for reads of its length, and the key is two words.
        unsafe {
            ffi::khttpd_hsiphash(
                bytes.as_ptr().cast::<c_void>(),
                bytes.len(),
                self.0.as_ptr(),
            )
        }
    }
}

/// Returns the BLAKE2s-128 hash of `bytes` (RFC 7693).
///
/// # Context
///
/// Process context, may sleep. It takes some nanoseconds per byte.
pub(crate) fn blake2s_128(bytes: PageView<'_>) -> [u8; 16] {
    let mut digest = [0; 16];
    let (blocks, _) = bytes.blocks(&(0..bytes.len()));
    // SAFETY: The blocks are borrowed, so that their bytes do not change; `digest` is valid for
    // writes of its length, and BLAKE2s supports 16 bytes.
    unsafe {
        ffi::khttpd_blake2s(
            Block::as_raw(blocks),
            blocks.len(),
            digest.as_mut_ptr(),
            digest.len(),
        );
    }
    digest
}

#[kunit_tests(khttpd_hash)]
mod tests {
    use super::*;
    use crate::sys::page::PageBuffer;

    #[test]
    fn blake2s_128_is_that_of_rfc_7693() -> Result {
        let expected: u128 = 0xaa4938119b1dc7b87cbad0ffd200d0ae;
        let bytes = PageBuffer::copy_of(b"abc")?;
        assert!(blake2s_128(bytes.view()) == expected.to_be_bytes());
        let empty: u128 = 0x64550d6ffe2c0a01a14aba1eade0200c;
        assert!(blake2s_128(PageBuffer::new(0)?.view()) == empty.to_be_bytes());
        Ok(())
    }

    #[test]
    fn siphash_depends_on_its_key_and_on_every_byte() {
        let (one, other) = (SipKey([1, 2]), SipKey([1, 3]));
        assert!(one.hash(b"/index.html") == one.hash(b"/index.html"));
        assert!(one.hash(b"/index.html") != other.hash(b"/index.html"));
        assert!(one.hash(b"/index.html") != one.hash(b"/index.htm"));
        assert!(SipKey::random().0 != SipKey::random().0);
    }
}
