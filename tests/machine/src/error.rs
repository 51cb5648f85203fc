// SPDX-License-Identifier: GPL-2.0-only

//! What can go wrong with a machine.

use std::path::{Path, PathBuf};
use std::time::Duration;
use std::{error, fmt, io};

use crate::{Output, Status};

/// An error that says what was being done, and shows the end of the guest's kernel log where that explains it.
#[derive(Debug)]
pub enum Error {
    /// Something of the host's system failed.
    Io {
        /// What was being done.
        doing: String,
        /// What the system said.
        source: io::Error,
    },
    /// What a machine is made of is not there, or is not usable.
    Setup(String),
    /// The machine did not come up, or has gone.
    Gone {
        /// What was being done.
        doing: String,
        /// What became of it.
        what: String,
        /// The last lines of its log.
        log: Vec<String>,
    },
    /// Something took longer than it may.
    Late {
        /// What was being done.
        doing: String,
        /// How long it was waited for.
        limit: Duration,
        /// The last lines of the guest's log.
        log: Vec<String>,
    },
    /// A command in the guest could not be started.
    Refused {
        /// The command.
        command: String,
        /// Why.
        why: String,
    },
    /// A command in the guest ended with a failure.
    Failed {
        /// The command.
        command: String,
        /// How it ended.
        status: Status,
        /// What it printed, standard error first.
        printed: String,
    },
}

impl Error {
    /// For `map_err`: an I/O error, and what was being done.
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
                return f.write_str("; the guest has printed nothing");
            }
            f.write_str("; the guest's last lines were:")?;
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
                write!(f, "{doing}: not done after {limit:?}")?;
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

/// The result of what is done with a machine.
pub type Result<T = (), E = Error> = std::result::Result<T, E>;
