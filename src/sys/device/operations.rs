// SPDX-License-Identifier: GPL-2.0-only

//! From the kernel's file operations to sessions.

use super::{
    CharDevices,
    FileSession, //
    Poll,
};
use crate::sys::ffi;
use core::{
    marker::PhantomData,
    pin::Pin, //
};
use kernel::{
    bindings,
    container_of,
    ffi::{
        c_int,
        c_void, //
    },
    fs::File,
    iov::{
        IovIterDest,
        IovIterSource, //
    },
    module::this_module,
    prelude::*,
    sync::Arc,
    types::{
        ForeignOwnable,
        Opaque, //
    }, //
};

/// The file operations of a `cdev` with two nodes: which one is opened says whose the operations of
/// the file are.
pub(super) struct OpenOps<A, B>(PhantomData<(A, B)>);

impl<A: FileSession, B: FileSession<Subject = A::Subject>> OpenOps<A, B> {
    pub(super) const TABLE: &'static bindings::file_operations = &bindings::file_operations {
        owner: this_module::<crate::LocalModule>().as_ptr(),
        open: Some(Self::open),
        ..pin_init::zeroed()
    };

    /// # Safety
    ///
    /// To be called by the kernel for a node of `CharDevices<A, B>`.
    unsafe extern "C" fn open(inode: *mut bindings::inode, file: *mut bindings::file) -> c_int {
        // SAFETY: The inode is being opened.
        let cdev = unsafe { ffi::khttpd_inode_cdev(inode) };
        #[expect(
            clippy::multiple_unsafe_ops_per_block,
            reason = "the macro takes a pointer to the field and moves it in one"
        )]
        // SAFETY: By the invariants of `CharDevices` this is the field of one.
        let nodes = unsafe { container_of!(Opaque::cast_from(cdev), CharDevices<A, B>, cdev) };
        // SAFETY: Whoever opens the file keeps the module, whose init has nothing left that fails,
        // and with it the nodes. Their subject was set before and is not changed.
        let subject = unsafe { &(*nodes).subject };
        // SAFETY: The inode is that of a node.
        let opened = match unsafe { ffi::khttpd_inode_minor(inode) } {
            // SAFETY: As the kernel promises, both are valid, and the file is being opened.
            0 => unsafe { FileOps::<A>::open(subject, inode, file) },
            // SAFETY: As above.
            _ => unsafe { FileOps::<B>::open(subject, inode, file) },
        };
        errno(opened)
    }
}

/// The file operations of sessions.
struct FileOps<S>(PhantomData<S>);

impl<S: FileSession> FileOps<S> {
    const TABLE: &'static bindings::file_operations = &bindings::file_operations {
        // That of the operations that the file had before: it has its reference already.
        owner: this_module::<crate::LocalModule>().as_ptr(),
        read_iter: Some(Self::read_iter),
        write_iter: Some(Self::write_iter),
        poll: if S::HAS_POLL { Some(Self::poll) } else { None },
        flush: Some(Self::flush),
        fsync: if S::HAS_SYNC { Some(Self::fsync) } else { None },
        release: Some(Self::release),
        ..pin_init::zeroed()
    };

    /// The session of a file, and the file.
    ///
    /// # Safety
    ///
    /// The file was opened by [`FileOps::open`] and is not released before `'a` ends.
    unsafe fn opened<'a>(file: *mut bindings::file) -> (Pin<&'a S>, &'a File) {
        // SAFETY: As the caller promises, the file is valid, and nobody changes its private data.
        let session = unsafe { (*file).private_data };
        // SAFETY: It comes from `into_foreign` in `open`, and is not taken back before `release`.
        let session = unsafe { <Pin<KBox<S>> as ForeignOwnable>::borrow(session) };
        // SAFETY: As the caller promises; and there is no active `fdget_pos` of this thread, since
        // `open` has made it a file without position.
        let file = unsafe { File::from_raw_file(file) };
        (session, file)
    }

    /// Makes `file` one of a new session.
    ///
    /// # Safety
    ///
    /// Both are valid, and the file is one of this module's that is being opened.
    unsafe fn open(
        subject: &Arc<S::Subject>,
        inode: *mut bindings::inode,
        file: *mut bindings::file,
    ) -> Result {
        // SAFETY: Both are valid; this makes a file without position of it, and does not fail.
        unsafe { bindings::stream_open(inode, file) };
        // SAFETY: The file is valid, and just became one without position.
        let session = S::open(subject, unsafe { File::from_raw_file(file) })?;
        // SAFETY: The private data is this function's to set.
        unsafe { (*file).private_data = session.into_foreign() };
        // SAFETY: The file is being opened, so that nobody else looks for its operations.
        unsafe { (*file).f_op = Self::TABLE };
        Ok(())
    }

    /// # Safety
    ///
    /// To be called by the kernel for files that [`FileOps::open`] has opened. The same holds
    /// for the others.
    unsafe extern "C" fn release(_inode: *mut bindings::inode, file: *mut bindings::file) -> c_int {
        // SAFETY: The file is valid, and this is the last use of it.
        let session = unsafe { (*file).private_data };
        // SAFETY: It comes from `into_foreign` in `open`, and is taken back this once.
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
        // SAFETY: The request is valid and about an open file.
        let file = unsafe { (*kiocb).ki_filp };
        // SAFETY: Opened it was, since this is called, and it stays for the time of the call.
        let (session, file) = unsafe { Self::opened(file) };
        // SAFETY: The iterator is valid and one to write to.
        size(session.read(file, unsafe { IovIterDest::from_raw(to) }))
    }

    /// # Safety
    ///
    /// As for [`FileOps::release`].
    unsafe extern "C" fn write_iter(
        kiocb: *mut bindings::kiocb,
        from: *mut bindings::iov_iter,
    ) -> isize {
        // SAFETY: The request is valid and about an open file.
        let file = unsafe { (*kiocb).ki_filp };
        // SAFETY: Opened it was, since this is called, and it stays for the time of the call.
        let (session, file) = unsafe { Self::opened(file) };
        // SAFETY: The iterator is valid and one to read from.
        size(session.write(file, unsafe { IovIterSource::from_raw(from) }))
    }

    /// # Safety
    ///
    /// As for [`FileOps::release`].
    unsafe extern "C" fn poll(
        file: *mut bindings::file,
        table: *mut bindings::poll_table,
    ) -> bindings::__poll_t {
        // SAFETY: Opened it was, since this is called, and it stays for the time of the call.
        let (session, file) = unsafe { Self::opened(file) };
        let poll = Poll {
            raw: table,
            _lifetime: PhantomData,
        };
        session.poll(file, &poll)
    }

    /// # Safety
    ///
    /// As for [`FileOps::release`].
    unsafe extern "C" fn flush(file: *mut bindings::file, _id: *mut c_void) -> c_int {
        // SAFETY: The file is valid.
        if !unsafe { ffi::khttpd_file_is_last(file) } {
            return 0;
        }
        // SAFETY: Opened it was, since this is called, and it stays for the time of the call.
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
        // SAFETY: Opened it was, since this is called, and it stays for the time of the call.
        let (session, file) = unsafe { Self::opened(file) };
        errno(session.sync(file))
    }
}

fn errno(result: Result) -> c_int {
    result.map_or_else(Error::to_errno, |()| 0)
}

/// What `read(2)` or `write(2)` returns.
fn size(result: Result<usize>) -> isize {
    // CAST: No iterator is longer than `MAX_RW_COUNT`, and an errno is small.
    result.map_or_else(|e| e.to_errno() as isize, |size| size as isize)
}
