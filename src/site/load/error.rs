// SPDX-License-Identifier: GPL-2.0-only

//! The reason why a site cannot be loaded.

use super::{
    file_error::{
        errno_text,
        FileError, //
    },
    path_display::PathDisplay, //
};
use kernel::{
    alloc::AllocError,
    fmt,
    prelude::*,
    str::CString, //
};

/// The reason why a site cannot be loaded: an error number for programs, a message for
/// administrators.
pub(crate) struct LoadError {
    errno: Error,
    /// Message, unless memory for it was missing.
    message: Option<CString>,
}

impl LoadError {
    /// Creates an error with a message.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    pub(super) fn new(errno: Error, message: fmt::Arguments<'_>) -> Self {
        Self {
            errno,
            message: CString::try_from_fmt(message).ok(),
        }
    }

    /// Creates the error of the file at `path`, which may be empty, of a root.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    pub(super) fn at(root: &[u8], path: &[u8], error: FileError) -> Self {
        let (root, path) = (PathDisplay(root), PathDisplay(path));
        Self::new(error.errno(), format_args!("{root}{path}: {error}"))
    }

    /// Creates the error of a load on behalf of a task whose root can't be found.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    pub(crate) fn view(errno: Error) -> Self {
        Self::new(
            errno,
            format_args!(
                "no process is left in the mount namespace, with the root, of the one that has \
                 loaded the site; write reload from another"
            ),
        )
    }

    /// Creates the error of a root that leads to another file system than before.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    pub(crate) fn other_file_system() -> Self {
        Self::new(
            EXDEV,
            format_args!(
                "a root is on another file system than before, which may be unmounted; \
                 write reload to load it from there"
            ),
        )
    }

    /// Returns the error number.
    pub(crate) fn errno(&self) -> Error {
        self.errno
    }

    /// Returns whether the same load may succeed though no file changes.
    pub(crate) fn is_transient(&self) -> bool {
        matches!(self.errno, EAGAIN | EINTR | ENFILE | ENOMEM | ETXTBSY)
    }
}

impl From<FileError> for LoadError {
    fn from(error: FileError) -> Self {
        Self::new(error.errno(), format_args!("{error}"))
    }
}

impl From<Error> for LoadError {
    fn from(errno: Error) -> Self {
        FileError::Errno(errno).into()
    }
}

impl From<AllocError> for LoadError {
    fn from(error: AllocError) -> Self {
        Error::from(error).into()
    }
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let message = self.message.as_ref().map(|message| message.to_str());
        match message {
            Some(Ok(message)) => f.write_str(message),
            _ => f.write_str(errno_text(self.errno)),
        }
    }
}
