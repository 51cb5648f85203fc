// SPDX-License-Identifier: GPL-2.0-only

//! Device numbers.
//!
//! C header: [`include/linux/fs.h`](srctree/include/linux/fs.h)

use kernel::{
    bindings,
    error::to_result,
    prelude::*, //
};

/// Three consecutive device numbers.
///
/// # Invariants
///
/// The number is the first of three that are reserved for this object; its minor is 0.
pub(super) struct DevtRange(bindings::dev_t);

impl DevtRange {
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
        to_result(unsafe { bindings::alloc_chrdev_region(&mut first, 0, 3, name.as_char_ptr()) })?;
        // INVARIANT: They were just reserved, from the minor 0 on.
        Ok(Self(first))
    }

    /// Returns all numbers; their minors are 0, 1 and 2.
    pub(super) fn each(&self) -> [bindings::dev_t; 3] {
        [self.0, self.0 | 1, self.0 | 2]
    }
}

impl Drop for DevtRange {
    fn drop(&mut self) {
        // SAFETY: By the type invariant they are ours.
        unsafe { bindings::unregister_chrdev_region(self.0, 3) };
    }
}
