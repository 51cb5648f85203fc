// SPDX-License-Identifier: GPL-2.0-only

//! What a task may do, and which files its paths lead to.
//!
//! C headers: [`include/linux/cred.h`](srctree/include/linux/cred.h),
//! [`include/linux/fs_struct.h`](srctree/include/linux/fs_struct.h)

use super::{
    ffi,
    fs::FsPath, //
};
use kernel::{
    cred::Credential,
    fs::File,
    sync::aref::ARef, //
};

/// The credentials of a task and the root of its paths, as they were at some time.
///
/// Equal rights open the same files by the same paths, and pass the same checks of capabilities.
/// Values are compared, since a task has a `struct cred` of its own after a fork: user and groups
/// for files, effective user, effective capabilities, user namespace, and the label of the security
/// module. A Landlock domain has no label, and is not compared.
pub(crate) struct TaskRights {
    credentials: ARef<Credential>,
    root: FsPath,
}

impl TaskRights {
    /// Returns the rights of the calling task.
    ///
    /// # Context
    ///
    /// Process context, may sleep. Not when a file is released: the task may have exited.
    pub(crate) fn current() -> Self {
        Self {
            credentials: current_credentials(),
            root: FsPath::root_of_current(),
        }
    }
}

/// Returns the credentials of the calling task.
///
/// # Context
///
/// Process context, may sleep.
pub(super) fn current_credentials() -> ARef<Credential> {
    // SAFETY: The function has no preconditions.
    let credentials = unsafe { ffi::khttpd_current_cred() };
    // SAFETY: Only the task itself replaces its credentials, which it keeps until then.
    unsafe { Credential::from_ptr(credentials) }.into()
}

/// Tells whether the opener of `file` may read the files that the calling task may read: it has the
/// same credentials, or `CAP_DAC_READ_SEARCH` in the task's user namespace.
///
/// An opener without that right can make a task with more rights write a text of its choice, for
/// example by giving the file to a setuid program as its standard error.
///
/// # Context
///
/// Process context, may sleep.
pub(crate) fn opener_may_read_files(file: &File) -> bool {
    // SAFETY: The file is valid.
    unsafe { ffi::khttpd_opener_may_read_files(file.as_ptr()) }
}

impl PartialEq for TaskRights {
    fn eq(&self, other: &Self) -> bool {
        let (ours, theirs) = (&self.credentials, &other.credentials);
        // SAFETY: References keep both, and what is compared never changes.
        let are_equal = unsafe { ffi::khttpd_cred_equal(ours.as_ptr(), theirs.as_ptr()) };
        are_equal && ours.get_secid() == theirs.get_secid() && self.root == other.root
    }
}
