// SPDX-License-Identifier: GPL-2.0-only

//! A location in the file system.
//!
//! C headers: [`include/linux/path.h`](srctree/include/linux/path.h),
//! [`include/linux/namei.h`](srctree/include/linux/namei.h)

use super::{
    visit::visit_name,
    OpenFile,
    Stat, //
};
use crate::sys::ffi;
use core::{
    mem::MaybeUninit,
    ptr::NonNull, //
};
use kernel::{
    bindings,
    error::{
        from_err_ptr,
        to_result, //
    },
    ffi::{
        c_int,
        c_void, //
    },
    prelude::*, //
};

/// A location in the file system, with a file of any type.
///
/// # Invariants
///
/// The path is valid, and its references are this object's.
pub(crate) struct FsPath(bindings::path);

impl FsPath {
    /// Returns the root of the calling task's paths.
    ///
    /// # Context
    ///
    /// Process context, may sleep. Not when a file is released: the task may have exited.
    pub(crate) fn root_of_current() -> Self {
        let mut path = MaybeUninit::uninit();
        // SAFETY: The task has not closed its files yet: callers run in a system call, but not in
        // the release of a file. The path is valid for writes.
        unsafe { ffi::khttpd_current_root(path.as_mut_ptr()) };
        // SAFETY: The function has written the path.
        // INVARIANT: The references came with it.
        Self(unsafe { path.assume_init() })
    }

    /// Finds a directory by its absolute name, in the view of a task with this root; follows links.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    ///
    /// # Errors
    ///
    /// Those of `open(2)`.
    pub(crate) fn directory(&self, name: &CStr) -> Result<Self> {
        Self::from_raw(|path| {
            // SAFETY: By the type invariant our path is valid; the name is NUL-terminated, and
            // `path` is valid for writes.
            unsafe { ffi::khttpd_path_directory(&raw const self.0, name.as_char_ptr(), path) }
        })
    }

    /// Finds `name`, relative to this directory, as if this were the root of the file system.
    /// Follows links if `follow` is set; else returns a link at the end itself, and refuses links
    /// further up. Stays on this mount if `same_mount` is set.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    ///
    /// # Errors
    ///
    /// Those of `open(2)`; `EXDEV` for another mount.
    pub(crate) fn look_up(&self, name: &CStr, follow: bool, same_mount: bool) -> Result<Self> {
        let (root, name) = (&raw const self.0, name.as_char_ptr());
        Self::from_raw(|found| {
            // SAFETY: By the type invariant our path is valid; the name is NUL-terminated, and
            // `found` is valid for writes.
            unsafe { ffi::khttpd_path_look_up(root, name, follow, same_mount, found) }
        })
    }

    /// Returns whether reads from its file system wait for no other process and no other host.
    pub(crate) fn is_local(&self) -> bool {
        // SAFETY: By the type invariant the path is valid.
        unsafe { ffi::khttpd_path_is_local(&raw const self.0) }
    }

    /// Returns the directory that contains it, below the mounts on top of it, unless that is `root`
    /// or there is none. Calls `visit` with its own name, if it has one.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    pub(crate) fn up<F: FnMut(&[u8]) -> bool>(mut self, root: &Self, mut visit: F) -> Option<Self> {
        // SAFETY: By the type invariants both paths are valid. The function exchanges the
        // references of ours together with the path. The context of `visit_name::<F>` is an `F`.
        let found = unsafe {
            ffi::khttpd_path_up(
                &raw const root.0,
                &raw mut self.0,
                visit_name::<F>,
                (&raw mut visit).cast::<c_void>(),
            )
        };
        found.then_some(self)
    }

    /// Returns the path that `find` writes when it returns `true`, else `ESRCH`.
    ///
    /// # Safety
    ///
    /// `find` returns `true` only when it has written a valid path, with references for the caller.
    pub(in crate::sys) unsafe fn found_by(
        find: impl FnOnce(*mut bindings::path) -> bool,
    ) -> Result<Self> {
        Self::from_raw(|path| if find(path) { 0 } else { ESRCH.to_errno() })
    }

    /// Returns the path for C.
    pub(in crate::sys) fn as_raw(&self) -> *const bindings::path {
        &raw const self.0
    }

    /// Returns the path that `find` writes when it returns 0.
    fn from_raw(find: impl FnOnce(*mut bindings::path) -> c_int) -> Result<Self> {
        let mut path = MaybeUninit::uninit();
        to_result(find(path.as_mut_ptr()))?;
        // SAFETY: `find` has succeeded, so that it has written the path.
        // INVARIANT: The references came with it.
        Ok(Self(unsafe { path.assume_init() }))
    }

    /// Tells whether both are on the same mount.
    pub(crate) fn shares_mount(&self, other: &Self) -> bool {
        self.0.mnt == other.0.mnt
    }

    /// Returns its attributes.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    ///
    /// # Errors
    ///
    /// Those of `stat(2)`.
    pub(crate) fn stat(&self) -> Result<Stat> {
        let mut stat = MaybeUninit::uninit();
        // SAFETY: By the type invariant the path is valid, and `stat` is valid for writes.
        to_result(unsafe { ffi::khttpd_path_stat(&raw const self.0, stat.as_mut_ptr()) })?;
        // SAFETY: The function has succeeded, so that it has written them.
        Ok(Stat::from_raw(unsafe { stat.assume_init() }))
    }

    /// Waits until writes have ended that began before `stat` was read.
    ///
    /// # Context
    ///
    /// Process context, may sleep. Any signal shortens the wait for the clock's tick, so the caller
    /// checks for signals afterwards; the wait for direct I/O is not interruptible.
    ///
    /// # Errors
    ///
    /// `EINTR` for a fatal signal.
    pub(crate) fn settle(&self, stat: &Stat) -> Result {
        // SAFETY: By the type invariant the path is valid; the attributes are initialised.
        to_result(unsafe { ffi::khttpd_path_settle(&raw const self.0, stat.as_raw()) })
    }

    /// Opens it for reading. It must be a regular file or a directory: opening another may have an
    /// effect on it.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    ///
    /// # Errors
    ///
    /// Those of `open(2)`, and `EINVAL` for another type.
    pub(crate) fn open(&self) -> Result<OpenFile> {
        // SAFETY: By the type invariant the path is valid.
        let file = from_err_ptr(unsafe { ffi::khttpd_file_open(&raw const self.0) })?;
        let file = NonNull::new(file).ok_or(EINVAL)?;
        // SAFETY: It was just opened, and the reference was not passed on.
        Ok(unsafe { OpenFile::from_raw(file) })
    }
}

// SAFETY: References to mounts and dentries belong to no thread.
unsafe impl Send for FsPath {}
// SAFETY: The methods only use functions that lock.
unsafe impl Sync for FsPath {}

impl PartialEq for FsPath {
    fn eq(&self, other: &Self) -> bool {
        self.0.mnt == other.0.mnt && self.0.dentry == other.0.dentry
    }
}

impl Clone for FsPath {
    fn clone(&self) -> Self {
        // SAFETY: By the type invariant the path is valid.
        unsafe { bindings::path_get(&raw const self.0) };
        // INVARIANT: The references were just taken.
        Self(bindings::path { ..self.0 })
    }
}

impl Drop for FsPath {
    /// Drops the references.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    fn drop(&mut self) {
        // SAFETY: By the type invariant the references are ours.
        unsafe { bindings::path_put(&raw const self.0) };
    }
}
