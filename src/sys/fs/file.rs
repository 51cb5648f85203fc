// SPDX-License-Identifier: GPL-2.0-only

//! An open file or directory.
//!
//! C header: [`include/linux/fs.h`](srctree/include/linux/fs.h)

use super::visit::visit_name;
use crate::sys::ffi;
use core::ptr::NonNull;
use kernel::{
    bindings,
    error::to_result,
    ffi::{
        c_int,
        c_void, //
    },
    prelude::*, //
};

/// A file or a directory that is open for reading.
///
/// # Invariants
///
/// The pointer is a valid file, and this object has the only reference to it.
pub(crate) struct OpenFile(NonNull<bindings::file>);

impl OpenFile {
    /// Takes over a file.
    ///
    /// # Safety
    ///
    /// The file is valid, and the caller has the only reference to it.
    pub(super) unsafe fn from_raw(file: NonNull<bindings::file>) -> Self {
        // INVARIANT: The caller guarantees it.
        Self(file)
    }

    /// Reads bytes from the position `at` on; returns 0 at the end of the file.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    ///
    /// # Errors
    ///
    /// Those of `read(2)`.
    pub(crate) fn read(&self, bytes: &mut [u8], at: u64) -> Result<usize> {
        let mut at = bindings::loff_t::try_from(at)?;
        // SAFETY: By the type invariant the file is valid; `bytes` is valid for writes of its
        // length.
        let read = unsafe {
            bindings::kernel_read(
                self.0.as_ptr(),
                bytes.as_mut_ptr().cast::<c_void>(),
                bytes.len(),
                &mut at,
            )
        };
        usize::try_from(read).map_err(|_| Error::from_errno(c_int::try_from(read).unwrap_or(0)))
    }

    /// Calls `visit` with the name of each entry of this directory, including `.` and `..`, until
    /// it returns `false`. The directory is locked meanwhile.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    ///
    /// # Errors
    ///
    /// Those of `getdents(2)`.
    pub(crate) fn names<F: FnMut(&[u8]) -> bool>(&self, mut visit: F) -> Result {
        // SAFETY: By the type invariant the file is valid; the context of `visit_name::<F>` is an
        // `F`.
        to_result(unsafe {
            ffi::khttpd_file_names(
                self.0.as_ptr(),
                visit_name::<F>,
                (&raw mut visit).cast::<c_void>(),
            )
        })
    }
}

impl Drop for OpenFile {
    /// Closes the file at once, not when the task returns to user space: before that the task may
    /// read a million files.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    fn drop(&mut self) {
        // SAFETY: By the type invariant the reference is ours.
        unsafe { bindings::__fput_sync(self.0.as_ptr()) };
    }
}
