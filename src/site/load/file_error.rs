// SPDX-License-Identifier: GPL-2.0-only

//! The reason why a file or a directory cannot become part of a site.

use crate::sys::errno::{
    ELOOP,
    ENAMETOOLONG,
    EOPNOTSUPP, //
};
use core::fmt;
use kernel::{
    alloc::AllocError,
    prelude::*, //
};

/// The reason why a file or a directory cannot become part of a site.
#[derive(Clone, Copy)]
pub(super) enum FileError {
    /// Error number of the kernel.
    Errno(Error),
    /// The file is written each time it is read.
    Changing,
    /// Something else than a regular file has the name of one that is needed.
    NotRegular,
    /// The file is mapped for writing, so that changes leave no trace.
    Mapped,
    /// Length of the file and limit, in bytes.
    FileBytes(u64, u64),
    /// Length of a file of rules and limit, in bytes.
    RulesBytes(u64, u64),
    /// Limit of the memory of the site, in bytes, which would be exceeded.
    SiteBytes(u64),
    /// Limit of the number of files and directories, which would be exceeded.
    Entries(u32),
    /// Limit of the length of a path, in bytes, which is exceeded.
    PathBytes(usize),
    /// Limit of the depth of directories, which is exceeded.
    Depth(usize),
    /// Another file has the same path.
    Duplicate,
    /// Rules make the head of the response 64 KiB long or longer.
    HeadBytes,
    /// The reason why the files can't be watched.
    Unwatchable(&'static str),
}

impl FileError {
    /// Returns whether a process uses the file in a way that prevents it from being read.
    pub(super) fn is_busy(self) -> bool {
        matches!(self.errno(), EAGAIN | ETXTBSY)
    }

    /// Returns the error number.
    pub(super) fn errno(self) -> Error {
        match self {
            // A load is not restarted after a signal: the caller decides.
            Self::Errno(ERESTARTSYS) => EINTR,
            Self::Errno(e) => e,
            Self::Changing => EAGAIN,
            Self::NotRegular => EINVAL,
            Self::Mapped => ETXTBSY,
            Self::FileBytes(..) | Self::RulesBytes(..) => EFBIG,
            Self::SiteBytes(_) | Self::Entries(_) => ENOSPC,
            Self::PathBytes(_) => ENAMETOOLONG,
            Self::Depth(_) => ELOOP,
            Self::Duplicate => EEXIST,
            Self::HeadBytes => EMSGSIZE,
            Self::Unwatchable(_) => EOPNOTSUPP,
        }
    }
}

impl From<Error> for FileError {
    fn from(errno: Error) -> Self {
        Self::Errno(errno)
    }
}

impl From<AllocError> for FileError {
    fn from(_: AllocError) -> Self {
        Self::Errno(ENOMEM)
    }
}

impl fmt::Display for FileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Errno(_) => f.write_str(errno_text(self.errno())),
            Self::Changing => {
                f.write_str("changes each time it is read; try again when nothing writes to it")
            }
            Self::NotRegular => f.write_str(
                "must be a regular file, or with follow-links yes a symbolic link to one",
            ),
            Self::Mapped => {
                f.write_str("mapped for writing by a process; try again when it is unmapped")
            }
            Self::FileBytes(size, max) => {
                write!(f, "has {size} bytes, more than max-file-bytes {max}")
            }
            Self::RulesBytes(size, max) => {
                write!(f, "has {size} bytes, more than the {max} allowed for rules")
            }
            Self::SiteBytes(max) => {
                write!(f, "the site takes more memory than max-site-bytes {max}")
            }
            Self::Entries(max) => {
                write!(f, "more files and directories than max-entries {max}")
            }
            Self::PathBytes(max) => write!(f, "path longer than {max} bytes"),
            Self::Depth(max) => write!(
                f,
                "more than {max} directories deep; look for a symbolic link that leads back"
            ),
            Self::Duplicate => f.write_str("another file has the same path"),
            Self::HeadBytes => {
                f.write_str("response head of 64 KiB or more; remove some field rules")
            }
            Self::Unwatchable(reason) => write!(f, "watch yes: {reason}"),
        }
    }
}

/// Returns the meaning of an error number of a file.
pub(super) fn errno_text(errno: Error) -> &'static str {
    match errno {
        EACCES | EPERM => "permission denied for the process that loads the site",
        ENOENT => "no such file or directory, or removed during the load",
        ENOTDIR => "not a directory",
        ELOOP => "loop of symbolic links, or a symbolic link replaced a directory",
        ENAMETOOLONG => "path too long",
        EXDEV => "on another mount, which watch yes does not admit",
        EINTR => "interrupted by a signal",
        ENOMEM => "not enough memory",
        EIO => "input/output error",
        EAGAIN => "a process holds a lease; try again later",
        _ => "read failed",
    }
}
