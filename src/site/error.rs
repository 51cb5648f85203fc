// SPDX-License-Identifier: GPL-2.0-only

//! Why a site can't be loaded.

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

    /// The error number.
    pub(crate) fn errno(&self) -> Error {
        self.errno
    }
}

impl From<Error> for LoadError {
    fn from(errno: Error) -> Self {
        Self {
            errno,
            message: None,
        }
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
            _ if self.errno == ENOMEM => f.write_str("not enough memory"),
            _ => write!(f, "{:?}", self.errno),
        }
    }
}
