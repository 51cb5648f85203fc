// SPDX-License-Identifier: GPL-2.0-only

//! The view that a task has of files, for threads that read them on its behalf later.
//!
//! C headers: [`include/linux/cred.h`](srctree/include/linux/cred.h),
//! [`include/linux/fs_struct.h`](srctree/include/linux/fs_struct.h)

use super::{
    ffi,
    fs::FsPath,
    fsnotify::{
        Changes,
        Mark,
        MarkGroup, //
    },
    memory_group::MemoryGroup,
    task_rights::current_credentials, //
};
use core::mem::MaybeUninit;
use kernel::{
    cred::Credential,
    prelude::*,
    sync::{
        aref::ARef,
        Arc, //
    }, //
};

/// The credentials, the memory control group, the mount namespace and the root of a task.
///
/// It refers to no mount, so that it keeps no file system from being unmounted and no mount
/// namespace alive. Hence the root can only be found while a task has it.
pub(crate) struct TaskView {
    credentials: ARef<Credential>,
    memory: MemoryGroup,
    raw: ffi::RawView,
    /// Mark of the mount namespace.
    mark: Mark,
    _marks: MarkGroup,
}

// SAFETY: The pointers of the view are only compared.
unsafe impl Send for TaskView {}
// SAFETY: As above.
unsafe impl Sync for TaskView {}

impl TaskView {
    /// Returns the view of the calling task.
    ///
    /// # Context
    ///
    /// Process context, may sleep. Not when a file is released: the task may have exited.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(crate) fn current(changes: Arc<Changes>) -> Result<Self> {
        let marks = MarkGroup::new(changes, false)?;
        let mut raw = MaybeUninit::uninit();
        // SAFETY: The task has not closed its files yet: callers run in a system call, but not in
        // the release of a file. The view is valid for writes.
        unsafe { ffi::khttpd_view_of_current(raw.as_mut_ptr()) };
        // SAFETY: The function has written the view.
        let raw: ffi::RawView = unsafe { raw.assume_init() };
        // SAFETY: The namespace is that of the calling task, which keeps it.
        let mark = unsafe { marks.mark_mounts(raw.mounts) }?;
        Ok(Self {
            credentials: current_credentials(),
            memory: MemoryGroup::current(),
            raw,
            mark,
            _marks: marks,
        })
    }

    /// Finds the root of the task's paths.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    ///
    /// # Errors
    ///
    /// `ESRCH` if no task has this root in the same mount namespace any more.
    pub(crate) fn root(&self) -> Result<FsPath> {
        let find = |path| {
            // SAFETY: View and mark are valid, and the path is valid for writes.
            unsafe { ffi::khttpd_view_find_root(&raw const self.raw, self.mark.as_raw(), path) }
        };
        // SAFETY: The function writes the path, with references, when it returns `true`.
        unsafe { FsPath::found_by(find) }
    }

    /// Calls `f` with the credentials of the task. Memory is charged to its control group.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    pub(crate) fn assume<R>(&self, f: impl FnOnce() -> R) -> R {
        // SAFETY: `self` keeps the credentials until they are given back.
        let own = unsafe { ffi::khttpd_override_creds(self.credentials.as_ptr()) };
        let result = self.memory.charge(f);
        // SAFETY: They are those of before.
        unsafe { ffi::khttpd_revert_creds(own) };
        result
    }
}
