// SPDX-License-Identifier: GPL-2.0-only

//! Marks of fsnotify on directories.
//!
//! A mark holds the inode of its directory in memory, but no mount: a file system with marks can be
//! unmounted, which takes the marks away.
//!
//! C header: [`include/linux/fsnotify_backend.h`](srctree/include/linux/fsnotify_backend.h)

mod changes;

pub(crate) use self::changes::{
    ChangeTimes,
    Changes, //
};

use super::{
    ffi,
    fs::FsPath,
    sched, //
};
use core::ptr::NonNull;
use kernel::{
    error::from_err_ptr,
    ffi::c_void,
    prelude::*,
    sync::Arc, //
};

/// The registration of the functions that fsnotify calls. When it is dropped, it waits until none
/// is called any more.
pub(crate) struct MarkRegistration(());

impl MarkRegistration {
    /// Registers the functions. The module's init calls this once, before there is a [`MarkGroup`].
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    pub(crate) fn new() -> Self {
        // SAFETY: The module's init calls this. Both functions use the context of a group, which is
        // the `Changes` that `MarkGroup::new` has passed.
        unsafe { ffi::khttpd_marks_register(MarkGroup::on_change, MarkGroup::on_release) };
        Self(())
    }
}

impl Drop for MarkRegistration {
    /// Waits until fsnotify has freed all groups, which must have been dropped.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    fn drop(&mut self) {
        // SAFETY: The module ends, so that no group is made any more.
        unsafe { ffi::khttpd_marks_wait() };
    }
}

/// A mark.
///
/// # Invariants
///
/// The pointer is a valid mark, of which this object has a reference.
pub(super) struct Mark(NonNull<c_void>);

// SAFETY: A mark belongs to no thread: any may detach it, and drop a reference.
unsafe impl Send for Mark {}
// SAFETY: fsnotify locks what may change of a mark.
unsafe impl Sync for Mark {}

impl Mark {
    /// Returns the mark for C.
    pub(super) fn as_raw(&self) -> *mut c_void {
        self.0.as_ptr()
    }
}

impl Drop for Mark {
    /// Detaches the mark.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    fn drop(&mut self) {
        // SAFETY: By the type invariant the mark is valid, and the reference is ours.
        unsafe { ffi::khttpd_mark_destroy(self.as_raw()) };
    }
}

/// Marks whose changes are recorded in the same [`Changes`].
///
/// # Invariants
///
/// The pointer is a valid group, of which this object has a reference.
pub(crate) struct MarkGroup {
    raw: NonNull<c_void>,
    marks: KVVec<Mark>,
}

// SAFETY: A group belongs to no thread: any may add a mark, and drop a reference.
unsafe impl Send for MarkGroup {}
// SAFETY: fsnotify locks what may change of a group.
unsafe impl Sync for MarkGroup {}

impl MarkGroup {
    /// Creates a group without marks. It and its marks are charged to the calling task. With
    /// `duplicates`, a directory may have several marks, each of which slows the next one down.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(crate) fn new(changes: Arc<Changes>, duplicates: bool) -> Result<Self> {
        let context = Arc::into_raw(changes);
        let raw = context.cast_mut().cast();
        // SAFETY: The context is valid until the group is freed, when `on_release` takes it back.
        let raw = from_err_ptr(unsafe { ffi::khttpd_mark_group_new(raw, duplicates) })
            .inspect_err(|_| {
                // SAFETY: It comes from `into_raw`, and C has not kept it.
                drop(unsafe { Arc::from_raw(context) });
            })?;
        let raw = NonNull::new(raw).ok_or(ENOMEM)?;
        // INVARIANT: The group was just created, and the reference is ours.
        Ok(Self {
            raw,
            marks: KVVec::new(),
        })
    }

    /// Marks a directory: each change of it and of what it contains is recorded from now on, but
    /// not of what its directories contain. Returns whether it had no mark of this group.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(crate) fn add_directory(&mut self, directory: &FsPath) -> Result<bool> {
        match self.add_name(directory, b"") {
            Err(EEXIST) => Ok(false),
            added => added.map(|()| true),
        }
    }

    /// Marks a directory, so that it is recorded when `name` in it comes to mean another file.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM`, `EEXIST` if it has a mark and may have no other one.
    pub(crate) fn add_name(&mut self, directory: &FsPath, name: &[u8]) -> Result {
        self.marks.reserve(1, GFP_KERNEL_ACCOUNT)?;
        let (path, name, len) = (directory.as_raw(), name.as_ptr().cast(), name.len());
        // SAFETY: By the type invariants group and path are valid; the name is valid for reads.
        let mark = unsafe { ffi::khttpd_mark_directory(self.raw.as_ptr(), path, name, len) };
        // SAFETY: It was just returned.
        let mark = unsafe { Self::own(mark) }?;
        Ok(self.marks.push(mark, GFP_KERNEL_ACCOUNT)?)
    }

    /// Marks a mount namespace, so that the mark shows whether it still exists.
    ///
    /// # Safety
    ///
    /// `mounts` is a valid mount namespace meanwhile.
    pub(super) unsafe fn mark_mounts(&self, mounts: *mut c_void) -> Result<Mark> {
        // SAFETY: By the type invariant the group is valid; the caller guarantees the namespace.
        let mark = unsafe { ffi::khttpd_mark_mounts(self.raw.as_ptr(), mounts) };
        // SAFETY: It was just returned.
        unsafe { Self::own(mark) }
    }

    /// # Safety
    ///
    /// `mark` is an error pointer, or a mark with a reference for the caller.
    unsafe fn own(mark: *mut c_void) -> Result<Mark> {
        let mark = NonNull::new(from_err_ptr(mark)?).ok_or(ENOMEM)?;
        // INVARIANT: The caller guarantees that the reference is ours.
        Ok(Mark(mark))
    }

    /// Returns the number of marks.
    pub(crate) fn len(&self) -> usize {
        self.marks.len()
    }

    /// Records a change.
    ///
    /// # Safety
    ///
    /// `context` comes from [`MarkGroup::new`], and was not released.
    unsafe extern "C" fn on_change(context: *mut c_void) {
        // SAFETY: The group has a reference to it.
        let changes = unsafe { &*context.cast_const().cast::<Changes>() };
        changes.record();
    }

    /// Takes the context of a group back.
    ///
    /// # Safety
    ///
    /// As [`MarkGroup::on_change`], and `context` is not used any more.
    unsafe extern "C" fn on_release(context: *mut c_void) {
        // SAFETY: It comes from `into_raw`, and the reference was the group's.
        drop(unsafe { Arc::from_raw(context.cast_const().cast::<Changes>()) });
    }
}

impl Drop for MarkGroup {
    /// Detaches the marks. A change that is under way may still be recorded.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    fn drop(&mut self) {
        sched::drop_all(&mut self.marks);
        // SAFETY: By the type invariant the group is valid, and the reference is ours.
        unsafe { ffi::khttpd_mark_group_put(self.raw.as_ptr()) };
    }
}
