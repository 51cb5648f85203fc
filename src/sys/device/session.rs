// SPDX-License-Identifier: GPL-2.0-only

//! The operations of an open file.
//!
//! C headers: [`include/linux/fs.h`](srctree/include/linux/fs.h),
//! [`include/linux/poll.h`](srctree/include/linux/poll.h)

use core::{
    marker::PhantomData,
    pin::Pin, //
};
use kernel::{
    bindings,
    fs::File,
    iov::{
        IovIterDest,
        IovIterSource, //
    },
    prelude::*,
    sync::{
        poll::{
            PollCondVar,
            PollTable, //
        },
        Arc, //
    }, //
};

/// An open file of a node.
///
/// # Context
///
/// Process context, may sleep. This holds for all methods.
#[vtable]
pub(crate) trait FileSession: Send + Sync + Sized + 'static {
    /// The object that all files of the node have in common.
    type Subject: Send + Sync + 'static;

    /// `open(2)`.
    fn open(subject: &Arc<Self::Subject>, file: &File) -> Result<Pin<KBox<Self>>>;

    /// `read(2)`.
    fn read(&self, file: &File, to: &mut IovIterDest<'_>) -> Result<usize>;

    /// `write(2)`.
    fn write(&self, file: &File, from: &mut IovIterSource<'_>) -> Result<usize>;

    /// `poll(2)`: returns the current events, and adds the caller to the wait queues of `poll`.
    fn poll(&self, _file: &File, _poll: &PollCall<'_>) -> u32 {
        build_error!(kernel::error::VTABLE_DEFAULT_ERROR)
    }

    /// `fsync(2)`.
    fn sync(&self, _file: &File) -> Result {
        build_error!(kernel::error::VTABLE_DEFAULT_ERROR)
    }

    /// The last `close(2)`, while it can still return an error to the task. It is not called if two
    /// tasks close their descriptors at the very same time.
    fn close(&self, file: &File) -> Result;
}

/// The `poll_table` of a `poll(2)`.
///
/// [`PollTable`] alone does not fit: it can only wait for a condition variable, and does not give its
/// pointer to a socket.
///
/// # Invariants
///
/// The pointer is null or a valid `poll_table`.
pub(crate) struct PollCall<'a> {
    raw: *mut bindings::poll_table,
    _lifetime: PhantomData<&'a ()>,
}

impl PollCall<'_> {
    /// Wraps a `poll_table`.
    ///
    /// # Safety
    ///
    /// The pointer is null or valid for the lifetime of the object.
    pub(super) unsafe fn from_raw(raw: *mut bindings::poll_table) -> Self {
        // INVARIANT: The caller guarantees it.
        Self {
            raw,
            _lifetime: PhantomData,
        }
    }

    /// `POLLIN`: a call of `read(2)` returns at once.
    pub(crate) const READABLE: u32 = bindings::POLLIN | bindings::POLLRDNORM;
    /// `POLLOUT`: a call of `write(2)` returns at once.
    pub(crate) const WRITABLE: u32 = bindings::POLLOUT | bindings::POLLWRNORM;
    /// `POLLHUP`: there is nothing to come.
    pub(crate) const ENDED: u32 = bindings::POLLHUP;

    /// Adds the caller to the tasks that wait for `condition`; it polls again when that is notified.
    pub(crate) fn wait_for(&self, file: &File, condition: &PollCondVar) {
        // SAFETY: By the type invariant the pointer is null or a valid `poll_table`.
        unsafe { PollTable::from_raw(self.raw) }.register_wait(file, condition);
    }

    /// Returns the `poll_table`, which may be null.
    #[inline]
    pub(in crate::sys) fn as_raw(&self) -> *mut bindings::poll_table {
        self.raw
    }
}
