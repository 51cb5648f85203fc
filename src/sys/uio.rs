// SPDX-License-Identifier: GPL-2.0-only

//! Memory of a process that bytes are copied to.
//!
//! C header: [`include/linux/uio.h`](srctree/include/linux/uio.h)

use kernel::{
    bindings,
    iov::IovIterDest,
    prelude::*, //
};

/// Makes the memory of the next `len` bytes of `to` writable, so that copying to it succeeds unless
/// the process takes the memory away.
///
/// # Context
///
/// Process context, may sleep.
///
/// # Errors
///
/// `EFAULT` if there is memory that can't be written.
pub(crate) fn fault_in_writeable(to: &mut IovIterDest<'_>, len: usize) -> Result {
    let len = len.min(to.len());
    // SAFETY: The iterator is valid, and has so many bytes.
    let missing = unsafe { bindings::fault_in_iov_iter_writeable(to.as_raw(), len) };
    if missing == 0 {
        Ok(())
    } else {
        Err(EFAULT)
    }
}
