// SPDX-License-Identifier: GPL-2.0-only

//! Error of commands: a number for programs, a text for people.

use super::errno_text;
use crate::sys::{
    log::UserLog,
    text::{
        render,
        Text, //
    }, //
};
use kernel::{
    alloc::AllocError,
    fmt,
    prelude::*, //
};
use protocol::control::line;

/// The reason why commands are not carried out.
pub(super) struct CommandError {
    errno: Error,
    /// Text with a line feed at its end; empty if there was no memory for it.
    text: Text,
    /// Whether the text begins with the number of a line.
    names_line: bool,
}

impl CommandError {
    /// Creates an error whose text is `reason`.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    pub(super) fn new(errno: Error, reason: fmt::Arguments<'_>) -> Self {
        Self {
            errno,
            text: render(format_args!("{reason}\n")).unwrap_or_default(),
            names_line: false,
        }
    }

    /// Creates an error about a word: `line 2: "WORD": REASON`.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    pub(super) fn of_word(errno: Error, error: line::Error<'_>) -> Self {
        Self {
            names_line: true,
            ..Self::new(errno, format_args!("{error}"))
        }
    }

    /// Creates an error about a whole line: `line 2: "LINE": REASON`.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    pub(super) fn of_line(errno: Error, line: line::Line<'_>, reason: fmt::Arguments<'_>) -> Self {
        let (number, escaped) = (line.number(), line::Escaped(line.as_bytes()));
        Self {
            names_line: true,
            ..Self::new(
                errno,
                format_args!("line {number}: \"{escaped}\": {reason}"),
            )
        }
    }

    /// Returns the error number for the system call.
    ///
    /// `ERESTARTSYS` becomes `EINTR`: the call must not be restarted, because part of what was
    /// written is consumed.
    pub(super) fn errno(&self) -> Error {
        match self.errno {
            ERESTARTSYS => EINTR,
            errno => errno,
        }
    }

    /// Returns the text, which ends with a line feed.
    pub(super) fn text(&self) -> &[u8] {
        &self.text
    }

    /// Returns the text, which ends with a line feed, by value.
    pub(super) fn into_text(self) -> Text {
        self.text
    }

    /// Writes the text to the kernel's log.
    pub(super) fn log(&self, log: UserLog) {
        log.error(fmt!("{}", self.as_str()));
    }

    /// Writes the text to the kernel's log; a line is one of the module parameter `commands`.
    pub(super) fn log_at_load(&self, log: UserLog) {
        let parameter = if self.names_line { "commands=, " } else { "" };
        log.error(fmt!("{parameter}{}", self.as_str()));
    }

    /// Returns the text without its line feed.
    fn as_str(&self) -> &str {
        core::str::from_utf8(&self.text)
            .unwrap_or_default()
            .trim_end_matches('\n')
    }
}

impl From<line::Error<'_>> for CommandError {
    fn from(error: line::Error<'_>) -> Self {
        Self::of_word(EINVAL, error)
    }
}

/// An error that is not about one of the commands.
impl From<Error> for CommandError {
    fn from(errno: Error) -> Self {
        Self::new(errno, format_args!("{}", errno_text::of_any(errno)))
    }
}

impl From<AllocError> for CommandError {
    fn from(error: AllocError) -> Self {
        Error::from(error).into()
    }
}
