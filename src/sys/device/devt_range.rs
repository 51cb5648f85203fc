// SPDX-License-Identifier: GPL-2.0-only

//! Device numbers.
//!
//! C header: [`include/linux/fs.h`](srctree/include/linux/fs.h)

use core::array;
use kernel::{
    bindings,
    error::to_result,
    prelude::*, //
};

/// `N` consecutive device numbers, of which the first has the minor 0.
///
/// # Invariants
///
/// The number is the first of `N` that are reserved for this object; its minor is 0.
pub(super) struct DevtRange<const N: usize>(bindings::dev_t);

impl<const N: usize> DevtRange<N> {
    /// The number of the numbers.
    // CAST: There are few nodes.
    pub(super) const COUNT: u32 = N as u32;

    /// Reserves the numbers.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    ///
    /// # Errors
    ///
    /// `EBUSY` if there are no more numbers, `ENOMEM`.
    pub(super) fn new(name: &'static CStr) -> Result<Self> {
        let mut first = 0;
        // SAFETY: `first` is valid for writes, and the name is NUL-terminated.
        to_result(unsafe {
            bindings::alloc_chrdev_region(&mut first, 0, Self::COUNT, name.as_char_ptr())
        })?;
        // INVARIANT: They were just reserved, from the minor 0 on.
        Ok(Self(first))
    }

    /// Returns the first number.
    pub(super) fn first(&self) -> bindings::dev_t {
        self.0
    }

    /// Returns all numbers, in the order of their minors.
    pub(super) fn each(&self) -> [bindings::dev_t; N] {
        // CAST: As above.
        array::from_fn(|minor| self.0 | minor as bindings::dev_t)
    }
}

impl<const N: usize> Drop for DevtRange<N> {
    fn drop(&mut self) {
        // SAFETY: By the type invariant they are ours.
        unsafe { bindings::unregister_chrdev_region(self.0, Self::COUNT) };
    }
}
