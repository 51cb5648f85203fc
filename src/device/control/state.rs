// SPDX-License-Identifier: GPL-2.0-only

//! State of an open control node: what is read next, and what is not complete yet.

use super::{
    collection::Collection,
    writer::WriterIdentity, //
};
use crate::{
    device::errno_text,
    sys::text::Text, //
};
use core::mem;
use kernel::prelude::*;
use protocol::control::section::Sections;

/// State of an open control node, under its lock.
pub(super) struct ControlState {
    /// Text that is being read; without one, the next read renders the status.
    output: Option<Text>,
    /// Number of bytes of `output` that were read.
    consumed: usize,
    /// The line that has no line feed yet.
    unfinished: KVVec<u8>,
    /// The lines since `begin`.
    pub(super) collection: Collection,
    /// Writer of both.
    begun_by: Option<WriterIdentity>,
    /// Number of lines before the unfinished one.
    lines: u32,
    /// Whether the last write failed, so that the end of the unfinished line is not known.
    truncated: bool,
}

impl ControlState {
    /// Returns the state of a node that was just opened, whose reader gets `output` first.
    pub(super) fn new(output: Option<Text>) -> Self {
        Self {
            output,
            consumed: 0,
            unfinished: KVVec::new(),
            collection: Collection::Closed,
            begun_by: None,
            lines: 0,
            truncated: false,
        }
    }

    /// Returns the part of the output that was not read yet; `render` makes the output if there is
    /// none.
    ///
    /// # Errors
    ///
    /// That of `render`.
    pub(super) fn unread(&mut self, render: impl FnOnce() -> Result<Text>) -> Result<&[u8]> {
        let output = match &mut self.output {
            Some(output) => output,
            none => none.insert(render()?),
        };
        Ok(output.get(self.consumed..).unwrap_or_default())
    }

    /// Marks `count` more bytes of the output as read.
    pub(super) fn consume(&mut self, count: usize) {
        self.consumed = self.consumed.saturating_add(count);
    }

    /// Replaces the output by `text`, or if that is empty, by the status at the time of the next
    /// read.
    pub(super) fn set_output(&mut self, text: Text) {
        self.output = (!text.is_empty()).then_some(text);
        self.consumed = 0;
    }

    /// Returns the line that has no line feed yet.
    pub(super) fn unfinished(&self) -> &[u8] {
        &self.unfinished
    }

    /// Returns the number of lines before the unfinished one.
    pub(super) fn lines(&self) -> u32 {
        self.lines
    }

    /// Tells whether a line or a transaction is not complete yet.
    pub(super) fn is_begun(&self) -> bool {
        !self.unfinished.is_empty() || self.collection.is_open()
    }

    /// Checks that `writer` may continue what is not complete yet, if there is something, and leave
    /// `rest` unfinished.
    ///
    /// A task that completes commands carries them out. So it must not be given the beginning by a
    /// task with other rights, nor by one in another network namespace.
    ///
    /// # Errors
    ///
    /// The reason why not.
    pub(super) fn check_writer(
        &self,
        writer: &WriterIdentity,
        rest: &[u8],
    ) -> Result<(), &'static str> {
        let is_begun = self.is_begun();
        if !is_begun && rest.is_empty() {
            return Ok(());
        }
        if !writer.may_administer {
            return Err(errno_text::NEEDS_NET_ADMIN);
        }
        match &self.begun_by {
            Some(beginner) if is_begun => writer.check_continues(beginner),
            _ => Ok(()),
        }
    }

    /// Records whether the input of a write was read as a whole. If not, an open transaction fails.
    pub(super) fn set_truncated(&mut self, truncated: bool) {
        self.truncated = truncated;
        if truncated {
            self.collection.fail(Sections::after(self.lines, &[]));
        }
    }

    /// Counts `lines` that were complete, and keeps `unfinished`, with which `writer` has continued
    /// after them.
    pub(super) fn advance(&mut self, lines: u32, unfinished: KVVec<u8>, writer: WriterIdentity) {
        self.lines = self.lines.saturating_add(lines);
        self.unfinished = unfinished;
        self.begun_by = self.is_begun().then_some(writer);
    }

    /// Takes the unfinished line, which the end of the file completes, and the number of lines
    /// before it. A line whose end could not be written is dropped.
    pub(super) fn take_last_line(&mut self) -> Option<(u32, KVVec<u8>)> {
        let line = mem::take(&mut self.unfinished);
        (!self.truncated && !line.is_empty()).then_some((self.lines, line))
    }
}

#[kunit_tests(khttpd_control_state)]
mod tests {
    use super::*;
    use crate::sys::{
        log::UserLog,
        task_rights::TaskRights, //
    };

    /// An administrator in the network namespace with the cookie `net`.
    fn administrator(net: u64) -> WriterIdentity {
        WriterIdentity {
            may_administer: true,
            net,
            log: UserLog::LIMITED,
            rights: TaskRights::current(),
        }
    }

    fn text(bytes: &[u8]) -> Result<Text> {
        let mut text = Text::new();
        text.extend_from_slice(bytes, GFP_KERNEL)?;
        Ok(text)
    }

    /// The state after `lines` complete lines and `unfinished`, written by the [`administrator`] of the network
    /// namespace 1.
    fn after(lines: u32, unfinished: &[u8]) -> Result<ControlState> {
        let mut state = ControlState::new(None);
        let mut line = KVVec::new();
        line.extend_from_slice(unfinished, GFP_KERNEL)?;
        state.advance(lines, line, administrator(1));
        Ok(state)
    }

    #[test]
    fn output_is_read_in_pieces_and_then_ends() -> Result {
        let mut state = ControlState::new(Some(text(b"status")?));
        assert!(state.unread(|| Err(EINVAL))? == b"status");
        state.consume(2);
        assert!(state.unread(|| Err(EINVAL))? == b"atus");
        state.consume(4);
        assert!(state.unread(|| Err(EINVAL))?.is_empty());
        Ok(())
    }

    #[test]
    fn status_is_rendered_once_where_there_is_no_output() -> Result {
        let mut state = ControlState::new(None);
        assert!(state.unread(|| Err(ENOMEM)) == Err(ENOMEM));
        assert!(state.unread(|| text(b"status"))? == b"status");
        state.consume(1);
        assert!(state.unread(|| Err(EINVAL))? == b"tatus");
        Ok(())
    }

    #[test]
    fn new_output_is_read_from_its_beginning_and_an_empty_one_is_the_status() -> Result {
        let mut state = ControlState::new(Some(text(b"status")?));
        state.consume(6);
        state.set_output(text(b"output")?);
        assert!(state.unread(|| Err(EINVAL))? == b"output");
        state.consume(6);
        state.set_output(Text::new());
        assert!(state.unread(|| text(b"other status"))? == b"other status");
        Ok(())
    }

    #[test]
    fn last_line_is_taken_once_with_the_number_of_lines_before_it() -> Result {
        let mut state = after(3, b"stop")?;
        let unfinished = mem::take(&mut state.unfinished);
        state.advance(2, unfinished, administrator(1));
        assert!(state.unfinished() == b"stop" && state.lines() == 5);
        let (lines, line) = state.take_last_line().ok_or(EINVAL)?;
        assert!(lines == 5 && line[..] == b"stop"[..]);
        assert!(state.take_last_line().is_none() && state.unfinished().is_empty());
        Ok(())
    }

    #[test]
    fn last_line_whose_end_could_not_be_written_is_dropped() -> Result {
        let mut state = after(0, b"timeout idle 6")?;
        state.set_truncated(true);
        assert!(state.take_last_line().is_none() && state.unfinished().is_empty());
        Ok(())
    }

    #[test]
    fn unfinished_line_is_for_writers_with_rights_in_its_network_namespace() -> Result {
        let without_rights = WriterIdentity {
            may_administer: false,
            ..administrator(1)
        };
        let state = after(0, b"timeout idle 6")?;
        for rest in [&b""[..], b"timeout"] {
            assert!(state.check_writer(&administrator(1), rest).is_ok());
            assert!(state.check_writer(&administrator(2), rest).is_err());
            assert!(state.check_writer(&without_rights, rest).is_err());
        }
        let state = after(7, b"")?;
        assert!(state.check_writer(&without_rights, b"").is_ok());
        assert!(state.check_writer(&without_rights, b"timeout").is_err());
        assert!(state.check_writer(&administrator(2), b"timeout").is_ok());
        Ok(())
    }
}
