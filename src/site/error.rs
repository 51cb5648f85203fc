// SPDX-License-Identifier: GPL-2.0-only

//! Why a site can't be loaded.

use super::shown::{
    Shown,
    Value, //
};
use kernel::{
    alloc::AllocError,
    fmt,
    prelude::*,
    str::CString, //
};

/// Why a site can't be loaded: an error number for programs, a sentence for people.
pub(crate) struct LoadError {
    errno: Error,
    /// Nothing where there was no memory for it.
    message: Option<CString>,
}

impl LoadError {
    /// An error that says `message`. Process context, may sleep.
    pub(super) fn new(errno: Error, message: fmt::Arguments<'_>) -> Self {
        Self {
            errno,
            message: CString::try_from_fmt(message).ok(),
        }
    }

    /// What is the trouble with the file `name` of `tree`. Process context, may sleep.
    pub(super) fn at(tree: &[u8], name: &[u8], trouble: FileError) -> Self {
        let errno = trouble.errno();
        Self::new(
            errno,
            fmt!("{}{}: {trouble}", Value(Shown(tree)), Value(Shown(name))),
        )
    }

    /// The error number.
    pub(crate) fn errno(&self) -> Error {
        self.errno
    }
}

impl From<Error> for LoadError {
    fn from(errno: Error) -> Self {
        Self::new(errno, fmt!("{}", FileError::Errno(errno)))
    }
}

impl From<AllocError> for LoadError {
    fn from(error: AllocError) -> Self {
        Error::from(error).into()
    }
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.message.as_ref().map(|message| message.to_str()) {
            Some(Ok(message)) => f.write_str(message),
            _ => fmt::Display::fmt(&FileError::Errno(self.errno), f),
        }
    }
}

/// What is wrong with a file.
#[derive(Clone, Copy)]
pub(super) enum FileError {
    /// What the kernel says.
    Errno(Error),
    /// It is written while it is read.
    Changing,
    /// It is there, but not as a regular file.
    NoFile,
    /// It can be written without notice.
    Mapped,
    /// It has so many bytes, and may have so many.
    FileBytes(u64, u64),
    /// It has so many bytes of rules, and may have so many.
    RulesBytes(u64, u64),
    /// The site would take more memory than so much.
    SiteBytes(u64),
    /// There are more files and directories than so many.
    Entries(u32),
    /// Its path is longer than so many bytes.
    Path(usize),
    /// It is below more than so many directories.
    Depth(usize),
    /// There is another with this path.
    Twice,
    /// Rules make a head of more than 64 KiB.
    Head,
}

impl FileError {
    /// The error number.
    pub(super) fn errno(self) -> Error {
        match self {
            // A signal came; to begin anew is for whoever called.
            Self::Errno(e) if e == ERESTARTSYS => EINTR,
            Self::Errno(e) => e,
            Self::Changing => EAGAIN,
            Self::NoFile => EINVAL,
            Self::Mapped => ETXTBSY,
            Self::FileBytes(..) | Self::RulesBytes(..) => EFBIG,
            Self::SiteBytes(_) | Self::Entries(_) => ENOSPC,
            Self::Path(_) => ENAMETOOLONG,
            Self::Depth(_) => ELOOP,
            Self::Twice => EEXIST,
            Self::Head => EMSGSIZE,
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
            Self::Errno(_) => f.write_str(reason(self.errno())),
            Self::Changing => {
                f.write_str("it is written all the time; try again when it is at rest")
            }
            Self::NoFile => {
                f.write_str("must be a regular file, or a link to one if follow-links is yes")
            }
            Self::Mapped => f.write_str("somebody has it mapped for writing"),
            Self::FileBytes(size, max) => {
                write!(f, "has {size} bytes, more than max-file-bytes {max}")
            }
            Self::RulesBytes(size, max) => {
                write!(f, "has {size} bytes, and rules may have {max}")
            }
            Self::SiteBytes(max) => {
                write!(
                    f,
                    "with it the site takes more memory than max-site-bytes {max}"
                )
            }
            Self::Entries(max) => {
                write!(
                    f,
                    "there are more files and directories than max-entries {max}"
                )
            }
            Self::Path(max) => write!(f, "its path is longer than {max} bytes"),
            Self::Depth(max) => write!(
                f,
                "it is below more than {max} directories; does a link lead back?"
            ),
            Self::Twice => f.write_str("there are two with this path"),
            Self::Head => f.write_str("the fields that rules give it are longer than 64 KiB"),
        }
    }
}

/// What an error number means here.
fn reason(errno: Error) -> &'static str {
    match errno {
        EACCES | EPERM => "may not be read",
        ENOENT => "is not there, or not any more",
        ENOTDIR => "is not a directory",
        ELOOP => "links lead in a circle, or one came where a directory was",
        ENAMETOOLONG => "its path is too long",
        EINTR => "interrupted by a signal",
        ENOMEM => "not enough memory",
        EIO => "input/output error",
        EAGAIN => "somebody has a lease on it",
        _ => "cannot be read",
    }
}
