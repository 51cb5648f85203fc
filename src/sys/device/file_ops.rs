// SPDX-License-Identifier: GPL-2.0-only

//! The file operations of the kernel, implemented by a session.
//!
//! [`kernel::fs::Kiocb`] does not fit: it returns the private data of the file, but not the file.
//!
//! C header: [`include/linux/fs.h`](srctree/include/linux/fs.h)

use super::{
    owner::this_module,
    FileSession,
    PollCall, //
};
use crate::sys::ffi;
use core::{
    marker::PhantomData,
    pin::Pin, //
};
use kernel::{
    bindings,
    ffi::{
        c_int,
        c_void, //
    },
    fs::File,
    iov::{
        IovIterDest,
        IovIterSource, //
    },
    prelude::*,
    sync::Arc,
    types::ForeignOwnable, //
};

/// The file operations of the files of a session type.
pub(super) struct FileOps<S>(PhantomData<S>);

impl<S: FileSession> FileOps<S> {
    const TABLE: &'static bindings::file_operations = &bindings::file_operations {
        // As in the operations that the file had before; it has a reference already.
        owner: this_module(),
        read_iter: Some(Self::read_iter),
        write_iter: Some(Self::write_iter),
        poll: if S::HAS_POLL { Some(Self::poll) } else { None },
        flush: Some(Self::flush),
        fsync: if S::HAS_SYNC { Some(Self::fsync) } else { None },
        release: Some(Self::release),
        ..pin_init::zeroed()
    };

    /// Returns the session of a file, and the file.
    ///
    /// # Safety
    ///
    /// [`FileOps::open`] has opened the file, and it is not released before `'a` ends.
    unsafe fn opened<'a>(file: *mut bindings::file) -> (Pin<&'a S>, &'a File) {
        // SAFETY: The caller guarantees that the file is valid and open; its private data does not
        // change.
        let session = unsafe { (*file).private_data };
        // SAFETY: It comes from `into_foreign` in `open` and is not taken back before `release`.
        let session = unsafe { <Pin<KBox<S>> as ForeignOwnable>::borrow(session) };
        // SAFETY: The caller guarantees that the file is valid. This thread has no active
        // `fdget_pos` of it, since `open` has made it a file without position.
        let file = unsafe { File::from_raw_file(file) };
        (session, file)
    }

    /// Opens a session for `file`.
    ///
    /// # Safety
    ///
    /// The inode and the file are valid, and the file, which is one of this module, is being
    /// opened.
    pub(super) unsafe fn open(
        subject: &Arc<S::Subject>,
        inode: *mut bindings::inode,
        file: *mut bindings::file,
    ) -> Result {
        // SAFETY: Both are valid. This makes it a file without position, and does not fail.
        unsafe { bindings::stream_open(inode, file) };
        // SAFETY: The file is valid, and just became one without position.
        let session = S::open(subject, unsafe { File::from_raw_file(file) })?;
        // SAFETY: The file is being opened, so that only this function sets its private data.
        unsafe { (*file).private_data = session.into_foreign() };
        // SAFETY: The file is being opened, so that no other code uses its operations.
        unsafe { (*file).f_op = Self::TABLE };
        Ok(())
    }

    /// # Safety
    ///
    /// The kernel calls it, with a file that [`FileOps::open`] has opened. The same holds for the
    /// other operations.
    unsafe extern "C" fn release(_inode: *mut bindings::inode, file: *mut bindings::file) -> c_int {
        // SAFETY: The file is valid, and this is the last use of it.
        let session = unsafe { (*file).private_data };
        // SAFETY: It comes from `into_foreign` in `open` and is taken back only here.
        drop(unsafe { <Pin<KBox<S>>>::from_foreign(session) });
        0
    }

    /// # Safety
    ///
    /// As for [`FileOps::release`].
    unsafe extern "C" fn read_iter(
        kiocb: *mut bindings::kiocb,
        to: *mut bindings::iov_iter,
    ) -> isize {
        // SAFETY: The request is valid and has an open file.
        let file = unsafe { (*kiocb).ki_filp };
        // SAFETY: The caller guarantees that the file was opened; it is not released meanwhile.
        let (session, file) = unsafe { Self::opened(file) };
        // SAFETY: The iterator is valid and a destination.
        size(session.read(file, unsafe { IovIterDest::from_raw(to) }))
    }

    /// # Safety
    ///
    /// As for [`FileOps::release`].
    unsafe extern "C" fn write_iter(
        kiocb: *mut bindings::kiocb,
        from: *mut bindings::iov_iter,
    ) -> isize {
        // SAFETY: The request is valid and has an open file.
        let file = unsafe { (*kiocb).ki_filp };
        // SAFETY: The caller guarantees that the file was opened; it is not released meanwhile.
        let (session, file) = unsafe { Self::opened(file) };
        // SAFETY: The iterator is valid and a source.
        size(session.write(file, unsafe { IovIterSource::from_raw(from) }))
    }

    /// # Safety
    ///
    /// As for [`FileOps::release`].
    unsafe extern "C" fn poll(
        file: *mut bindings::file,
        table: *mut bindings::poll_table,
    ) -> bindings::__poll_t {
        // SAFETY: The caller guarantees that the file was opened; it is not released meanwhile.
        let (session, file) = unsafe { Self::opened(file) };
        // SAFETY: The table is null or valid for the time of the call.
        let poll = unsafe { PollCall::from_raw(table) };
        session.poll(file, &poll)
    }

    /// # Safety
    ///
    /// As for [`FileOps::release`].
    unsafe extern "C" fn flush(file: *mut bindings::file, _id: *mut c_void) -> c_int {
        // SAFETY: The file is valid.
        if unsafe { ffi::khttpd_file_count(file) } != 1 {
            // Another descriptor refers to the file.
            return 0;
        }
        // SAFETY: The caller guarantees that the file was opened; it is not released meanwhile.
        let (session, file) = unsafe { Self::opened(file) };
        errno(session.close(file))
    }

    /// # Safety
    ///
    /// As for [`FileOps::release`].
    unsafe extern "C" fn fsync(
        file: *mut bindings::file,
        _from: bindings::loff_t,
        _to: bindings::loff_t,
        _data: c_int,
    ) -> c_int {
        // SAFETY: The caller guarantees that the file was opened; it is not released meanwhile.
        let (session, file) = unsafe { Self::opened(file) };
        errno(session.sync(file))
    }
}

/// Converts a result to a return value of C.
pub(super) fn errno(result: Result) -> c_int {
    result.map_or_else(Error::to_errno, |()| 0)
}

/// Converts a result to the return value of `read_iter` or `write_iter`.
fn size(result: Result<usize>) -> isize {
    // CAST: No iterator is longer than `MAX_RW_COUNT`, and an errno is small.
    result.map_or_else(|e| e.to_errno() as isize, |size| size as isize)
}
