// SPDX-License-Identifier: GPL-2.0-only

//! Errors of a machine.

use std::path::{Path, PathBuf};
use std::time::Duration;
use std::{error, fmt, io};

use crate::{Output, Status};

/// An error with the failed operation and, where it helps, the end of the guest's kernel log.
#[derive(Debug)]
pub enum Error {
    /// The host's system reported an error.
    Io {
        /// The operation.
        doing: String,
        /// The system's error.
        source: io::Error,
    },
    /// A part of the machine is missing or unusable.
    Setup(String),
    /// The machine did not start, or has ended.
    Gone {
        /// The operation.
        doing: String,
        /// The machine's fate.
        what: String,
        /// The last lines of its log.
        log: Vec<String>,
    },
    /// An operation exceeded its time limit.
    Late {
        /// The operation.
        doing: String,
        /// The time limit.
        limit: Duration,
        /// The last lines of the guest's log.
        log: Vec<String>,
    },
    /// A command in the guest did not start.
    Refused {
        /// The command.
        command: String,
        /// The reason.
        why: String,
    },
    /// A command in the guest failed.
    Failed {
        /// The command.
        command: String,
        /// The exit status.
        status: Status,
        /// The output, standard error first.
        printed: String,
    },
}

impl Error {
    /// Returns a function for `map_err` that adds the operation to an I/O error.
    pub fn io(doing: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let doing = doing.into();
        move |source| Self::Io { doing, source }
    }

    pub(crate) fn io_at<'a>(doing: &'a str, path: &'a Path) -> impl FnOnce(io::Error) -> Self + 'a {
        move |source| Self::Io {
            doing: format!("{doing} {}", path.display()),
            source,
        }
    }

    pub(crate) fn failed(command: &str, output: &Output) -> Self {
        Self::Failed {
            command: command.to_owned(),
            status: output.status,
            printed: format!("{}{}", output.stderr_text(), output.stdout_text()),
        }
    }

    pub(crate) fn missing(what: &str, path: PathBuf) -> Self {
        Self::Setup(format!("{what} is missing: {}", path.display()))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tail = |f: &mut fmt::Formatter<'_>, log: &[String]| {
            if log.is_empty() {
                return f.write_str("; the guest's log is empty");
            }
            f.write_str("; last lines of the guest's log:")?;
            log.iter().try_for_each(|line| write!(f, "\n    {line}"))
        };
        match self {
            Self::Io { doing, source } => write!(f, "{doing}: {source}"),
            Self::Setup(what) => f.write_str(what),
            Self::Gone { doing, what, log } => {
                write!(f, "{doing}: {what}")?;
                tail(f, log)
            }
            Self::Late { doing, limit, log } => {
                write!(f, "{doing}: timed out after {limit:?}")?;
                tail(f, log)
            }
            Self::Refused { command, why } => write!(f, "`{command}` in the guest: {why}"),
            Self::Failed {
                command,
                status,
                printed,
            } => write!(
                f,
                "`{command}` in the guest: {status}\n{}",
                printed.trim_end()
            ),
        }
    }
}

impl error::Error for Error {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        match self {
            Self::Io { source, .. } => Some(source),
            _ => None,
        }
    }
}

/// The result of an operation on a machine.
pub type Result<T = (), E = Error> = std::result::Result<T, E>;
