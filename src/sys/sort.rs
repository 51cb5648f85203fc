// SPDX-License-Identifier: GPL-2.0-only

//! Sorts without recursion.
//!
//! The sorts of `core` recurse, and need a stack that grows with the number of values: 16 KiB were
//! too few for ten thousand of them. The kernel's sort is a loop.
//!
//! C header: [`include/linux/sort.h`](srctree/include/linux/sort.h)

use super::ffi;
use core::{
    cmp::Ordering,
    mem::size_of,
    ptr, //
};
use kernel::{
    ffi::{
        c_int,
        c_void, //
    },
    prelude::*, //
};

/// Sorts values by a comparison; the order of equal ones is not defined.
///
/// # Context
///
/// That of `compare`.
pub(crate) fn sort_by<T: Copy, F: Fn(&T, &T) -> Ordering>(values: &mut [T], compare: F) {
    // SAFETY: The slice has that many values of that size, which are moved as bytes, because they
    // are `Copy`. The call ends before `compare` is dropped, and each pointer for `adapt` is valid
    // as that requires.
    unsafe {
        ffi::sort_r(
            values.as_mut_ptr().cast(),
            values.len(),
            size_of::<T>(),
            adapt::<T, F>,
            None,
            ptr::from_ref(&compare).cast(),
        )
    };
}

/// Compares two values for [`sort_by`].
///
/// # Safety
///
/// `a` and `b` point to values of type `T`, `compare` to one of type `F`; nothing writes to them
/// meanwhile.
unsafe extern "C" fn adapt<T, F: Fn(&T, &T) -> Ordering>(
    a: *const c_void,
    b: *const c_void,
    compare: *const c_void,
) -> c_int {
    // SAFETY: The caller says so.
    let a = unsafe { &*a.cast::<T>() };
    // SAFETY: As above.
    let b = unsafe { &*b.cast::<T>() };
    // SAFETY: As above.
    let compare = unsafe { &*compare.cast::<F>() };
    match compare(a, b) {
        Ordering::Less => -1,
        Ordering::Equal => 0,
        Ordering::Greater => 1,
    }
}

#[kunit_tests(khttpd_sort)]
mod tests {
    use super::*;

    #[test]
    fn many_values_are_sorted() -> Result {
        let mut values = KVVec::new();
        for number in 0..100_000_usize {
            values.push(number * 7919 % 100_000, GFP_KERNEL)?;
        }
        sort_by(&mut values, usize::cmp);
        assert!(values.iter().copied().eq(0..100_000));
        Ok(())
    }
}
