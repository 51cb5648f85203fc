// SPDX-License-Identifier: GPL-2.0-only

//! Declarations of the C functions for marks of fsnotify, the view of a task, and threads.

use kernel::{
    bindings,
    ffi::{
        c_char,
        c_int,
        c_void, //
    }, //
};

/// A function that is called with the context of a group of marks.
pub(in crate::sys) type MarkCallback = unsafe extern "C" fn(context: *mut c_void);

/// The function of a thread.
pub(in crate::sys) type ThreadFunction = unsafe extern "C" fn(context: *mut c_void) -> c_int;

/// The mount namespace and the root of a task: `struct khttpd_view`.
#[repr(C)]
pub(in crate::sys) struct RawView {
    /// The mount namespace.
    pub(in crate::sys) mounts: *mut c_void,
    mount: *const c_void,
    dentry: *const c_void,
    inode: u64,
    device: u32,
}

#[expect(
    improper_ctypes,
    reason = "structures that bindgen does not see, or that have no fields, are opaque to Rust"
)]
extern "C" {
    /// Sets the functions that are called for a change, and when a group is freed. Within the
    /// module's init, once.
    pub(in crate::sys) fn khttpd_marks_register(on_change: MarkCallback, on_release: MarkCallback);

    /// Waits until all groups are freed, and neither function is called any more. Process context,
    /// sleeps. No new group is made meanwhile.
    pub(in crate::sys) fn khttpd_marks_wait();

    /// Creates a group of marks with one reference, or returns an error pointer. `context` is used
    /// until the group is freed. Without `duplicates`, a second mark of an object is `EEXIST`. Process
    /// context, may sleep; the functions are set.
    pub(in crate::sys) fn khttpd_mark_group_new(
        context: *mut c_void,
        duplicates: bool,
    ) -> *mut c_void;

    /// Drops a reference; each mark has another one. Process context, may sleep.
    pub(in crate::sys) fn khttpd_mark_group_put(group: *mut c_void);

    /// Marks a directory, for changes of `name` in it or, if `name_len` is 0, of all that it
    /// contains. Returns the mark with a reference, or an error pointer. Process context, may sleep.
    pub(in crate::sys) fn khttpd_mark_directory(
        group: *mut c_void,
        path: *const bindings::path,
        name: *const c_char,
        name_len: usize,
    ) -> *mut c_void;

    /// Marks a mount namespace, which is valid meanwhile, for no event. Otherwise as
    /// [`khttpd_mark_directory`].
    pub(in crate::sys) fn khttpd_mark_mounts(
        group: *mut c_void,
        mounts: *mut c_void,
    ) -> *mut c_void;

    /// Detaches a mark and drops the caller's reference to it. Process context, may sleep.
    pub(in crate::sys) fn khttpd_mark_destroy(mark: *mut c_void);

    /// Writes where the paths of the calling task begin. Process context, may sleep; the task has
    /// not closed its files yet.
    pub(in crate::sys) fn khttpd_view_of_current(view: *mut RawView);

    /// Finds a task with this view and writes the root of its paths, with references for the
    /// caller; returns whether there is one. `mark` is a mark of the view's mount namespace. Process
    /// context.
    pub(in crate::sys) fn khttpd_view_find_root(
        view: *const RawView,
        mark: *mut c_void,
        root: *mut bindings::path,
    ) -> bool;

    /// Gives the calling task other credentials, which the caller keeps, and returns those of
    /// before. Process context.
    pub(in crate::sys) fn khttpd_override_creds(
        cred: *const bindings::cred,
    ) -> *const bindings::cred;

    /// Gives the calling task the credentials back that [`khttpd_override_creds`] has returned.
    pub(in crate::sys) fn khttpd_revert_creds(cred: *const bindings::cred);

    /// Starts a thread, and returns it with a reference, or an error pointer. `context` is valid
    /// until [`khttpd_kthread_stop_put`] returns. Process context, may sleep.
    pub(in crate::sys) fn khttpd_kthread_run(
        run: ThreadFunction,
        context: *mut c_void,
        name: *const c_char,
    ) -> *mut bindings::task_struct;

    /// Lets the calling thread of the kernel receive SIGKILL from the kernel.
    pub(in crate::sys) fn khttpd_kthread_allow_kill();

    /// Sends SIGKILL. Any context but hardirq; the caller has a reference.
    pub(in crate::sys) fn khttpd_kthread_kill(task: *mut bindings::task_struct);

    /// Drops the signals that are pending for the calling thread.
    pub(in crate::sys) fn khttpd_kthread_flush_signals();

    /// Waits until the thread has returned, and drops the reference. Process context, sleeps.
    pub(in crate::sys) fn khttpd_kthread_stop_put(task: *mut bindings::task_struct);
}
