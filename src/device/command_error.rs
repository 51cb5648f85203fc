// SPDX-License-Identifier: GPL-2.0-only

//! Why commands are not carried out.

use crate::sys::text::render;
use kernel::{
    fmt,
    prelude::*, //
};
use protocol::control::line;

/// Why commands are not carried out: an error number for programs, a line for people.
pub(super) struct CommandError {
    errno: Error,
    /// Empty where there is no memory for it.
    line: KVec<u8>,
}

impl CommandError {
    /// A command_error that says `line`. Process context, may sleep.
    pub(super) fn new(errno: Error, line: fmt::Arguments<'_>) -> Self {
        Self {
            errno,
            line: render(line).unwrap_or_default(),
        }
    }

    /// An error of a word.
    pub(super) fn of_word(errno: Error, word: line::Error<'_>) -> Self {
        Self::new(errno, format_args!("{word}\n"))
    }

    /// An error of a line, for a reason that is not known beforehand.
    pub(super) fn of_line(errno: Error, line: line::Line<'_>, reason: fmt::Arguments<'_>) -> Self {
        let (number, shown) = (line.number(), line::Escaped(line.as_bytes()));
        Self::new(
            errno,
            format_args!("line {number}: \"{shown}\": {reason}\n"),
        )
    }

    /// The error number. What a signal has interrupted is not begun again: its first half is gone.
    pub(super) fn errno(&self) -> Error {
        match self.errno {
            ERESTARTSYS => EINTR,
            errno => errno,
        }
    }

    /// What is said to people, with a line feed at its end.
    pub(super) fn line(&self) -> &[u8] {
        &self.line
    }

    /// Tells it to the log; `place` says where commands stood that were not written to the node.
    pub(super) fn log(&self, place: &str) {
        let line = core::str::from_utf8(&self.line).unwrap_or_default();
        pr_err!("{place}{line}");
    }

    /// As [`CommandError::line`], and nothing is left.
    pub(super) fn into_line(self) -> KVec<u8> {
        self.line
    }
}

impl From<line::Error<'_>> for CommandError {
    fn from(error: line::Error<'_>) -> Self {
        Self::of_word(EINVAL, error)
    }
}
