// SPDX-License-Identifier: GPL-2.0-only

//! `/dev/khttpd`: commands are written, the state and the output of commands are read.

mod collection;
mod state;
mod writer;

use self::{
    collection::Collected,
    state::ControlState,
    writer::WriterIdentity, //
};
use super::{
    command_error::CommandError,
    errno_text,
    transaction::Transaction, //
};
use crate::{
    server::PerNet,
    sys::{
        device::FileSession,
        interruptible_mutex::InterruptibleMutex,
        log::UserLog,
        net::Net,
        text::{
            Text,
            TEXT_MAX, //
        }, //
    }, //
};
use kernel::{
    fs::{
        file::flags,
        File, //
    },
    iov::{
        IovIterDest,
        IovIterSource, //
    },
    new_mutex,
    prelude::*,
    sync::{
        Arc,
        Mutex, //
    }, //
};
use protocol::control::{
    line::split_complete_lines,
    section::{
        Section,
        Sections, //
    }, //
};

/// Maximum number of bytes of commands outside `begin` and `commit` that are carried out together,
/// and of an unfinished line.
const WRITE_MAX: usize = 131_072;

/// An open file of the control node.
///
/// Lock order: `writers`, then `state`, within which a read that renders the status takes the locks
/// of a server. A write holds `state` only to look at it or to change it.
#[pin_data(PinnedDrop)]
pub(crate) struct ControlFile {
    servers: Arc<PerNet>,
    /// Cookie of the network namespace in which it was opened.
    opened_in: u64,
    /// Held during a write, so that writes to the same open file are carried out one by one.
    #[pin]
    writers: InterruptibleMutex,
    #[pin]
    state: Mutex<ControlState>,
}

/// The input of a write, behind the unfinished line of the write before. Its memory is charged to
/// the control group of the writer.
struct Input {
    /// Complete lines.
    lines: KVVec<u8>,
    /// The beginning of another line.
    rest: KVVec<u8>,
}

#[vtable]
impl FileSession for ControlFile {
    type Subject = PerNet;

    fn open(servers: &Arc<PerNet>, file: &File) -> Result<Pin<KBox<Self>>> {
        let output = if file.flags() & flags::O_ACCMODE == flags::O_WRONLY {
            None
        } else {
            Some(status(servers)?)
        };
        KBox::pin_init(
            pin_init!(Self {
                servers: servers.clone(),
                opened_in: Net::with_current(Net::cookie),
                writers <- InterruptibleMutex::new(),
                state <- new_mutex!(ControlState::new(output)),
            }),
            GFP_KERNEL_ACCOUNT,
        )
    }

    fn read(&self, _file: &File, to: &mut IovIterDest<'_>) -> Result<usize> {
        let mut state = self.state.lock();
        let unread = state.unread(|| self.status())?;
        let copied = to.copy_to_iter(unread);
        if copied == 0 && !unread.is_empty() && !to.is_empty() {
            return Err(EFAULT);
        }
        state.consume(copied);
        Ok(copied)
    }

    fn write(&self, file: &File, from: &mut IovIterSource<'_>) -> Result<usize> {
        let _guard = self.writers.lock()?;
        let length = from.len();
        let writer = WriterIdentity::current(file);
        self.check_writer(&writer, &[])?;
        let input = self.copy_input(&writer, from);
        self.state.lock().set_truncated(input.is_err());
        let Input { lines, rest } = input?;
        self.check_writer(&writer, &rest)?;
        let count = u32::try_from(lines.iter().filter(|byte| **byte == b'\n').count())?;
        let before = self.state.lock().lines();
        match self.process(file, &writer, before, &lines) {
            Ok(output) => {
                let mut state = self.state.lock();
                state.advance(count, rest, writer);
                if let Some(output) = output {
                    state.set_output(output);
                }
                Ok(length)
            }
            Err(error) => {
                let errno = self.report(&writer, error);
                self.state.lock().advance(count, KVVec::new(), writer);
                Err(errno)
            }
        }
    }

    /// Processes the line that has no line feed, and drops a transaction without `commit`.
    fn close(&self, file: &File) -> Result {
        let writer = WriterIdentity::current(file);
        let checked = self.check_writer(&writer, &[]);
        let last_line = self.state.lock().take_last_line();
        let processed = match last_line {
            Some((before, line)) if checked.is_ok() => {
                self.process(file, &writer, before, &line).map(drop)
            }
            _ => Ok(()),
        };
        let closed = self.state.lock().collection.close();
        checked?;
        processed
            .and(closed)
            .map_err(|error| self.report(&writer, error))
    }
}

impl ControlFile {
    /// Renders the status for a task in the network namespace in which the file was opened: a
    /// reader in another one does not see its server by a file that it could not open itself.
    fn status(&self) -> Result<Text> {
        if Net::with_current(Net::cookie) != self.opened_in {
            return Err(EPERM);
        }
        status(&self.servers)
    }

    /// Copies what is written behind the unfinished line, which stays in the state.
    fn copy_input(&self, writer: &WriterIdentity, from: &mut IovIterSource<'_>) -> Result<Input> {
        let length = from.len();
        let mut lines = KVVec::new();
        lines.extend_from_slice(self.state.lock().unfinished(), GFP_KERNEL_ACCOUNT)?;
        check_length(lines.len().saturating_add(length), TEXT_MAX)
            .map_err(|error| self.report(writer, error))?;
        if from.copy_from_iter_vec(&mut lines, GFP_KERNEL_ACCOUNT)? != length {
            return Err(EFAULT);
        }
        let (complete, beginning) = split_complete_lines(&lines);
        let outside = if self.state.lock().collection.is_open() || has_begin(complete) {
            beginning.len()
        } else {
            lines.len()
        };
        check_length(outside, WRITE_MAX).map_err(|error| self.report(writer, error))?;
        let end = complete.len();
        let mut rest = KVVec::new();
        rest.extend_from_slice(beginning, GFP_KERNEL_ACCOUNT)?;
        lines.truncate(end);
        Ok(Input { lines, rest })
    }

    /// Checks that `writer` may continue what is not complete yet and leave `rest` unfinished.
    fn check_writer(&self, writer: &WriterIdentity, rest: &[u8]) -> Result {
        let checked = self.state.lock().check_writer(writer, rest);
        checked.map_err(|reason| {
            let error = CommandError::new(EPERM, fmt!("unfinished commands: {reason}"));
            self.report(writer, error)
        })
    }

    /// Carries out or collects the lines of `text`, which follows `before` other lines, and returns
    /// the output of the last commands that were carried out.
    fn process(
        &self,
        file: &File,
        writer: &WriterIdentity,
        before: u32,
        text: &[u8],
    ) -> Result<Option<Text>, CommandError> {
        let sections = Sections::after(before, text);
        let mut last = None;
        for section in sections.clone() {
            let output = self
                .process_section(file, writer, section)
                .inspect_err(|_| self.state.lock().collection.fail(sections.clone()))?;
            last = output.or(last);
        }
        Ok(last)
    }

    /// Processes a section of a text and returns the output of its commands, if they are carried
    /// out.
    fn process_section(
        &self,
        file: &File,
        writer: &WriterIdentity,
        section: Section<'_>,
    ) -> Result<Option<Text>, CommandError> {
        match section {
            Section::Begin(line) if !writer.may_administer => Err(CommandError::of_line(
                EPERM,
                line,
                fmt!("{}", errno_text::NEEDS_NET_ADMIN),
            )),
            Section::Begin(line) => {
                self.state.lock().collection.begin(line)?;
                Ok(None)
            }
            Section::Commit(line) => {
                let Collected { begin, text } = self.state.lock().collection.commit(line)?;
                self.carry_out(file, writer, begin, &text).map(Some)
            }
            Section::Commands { before, text } => {
                if self.state.lock().collection.collect(before, text)? {
                    return Ok(None);
                }
                check_length(text.len(), WRITE_MAX)?;
                self.carry_out(file, writer, before, text).map(Some)
            }
        }
    }

    /// Carries out the commands of `text`, which follows `before` other lines, and returns their
    /// output.
    fn carry_out(
        &self,
        file: &File,
        writer: &WriterIdentity,
        before: u32,
        text: &[u8],
    ) -> Result<Text, CommandError> {
        Transaction::written(file, before, text)?.carry_out(&self.servers, writer.may_administer)
    }

    /// Makes `error` what is read next from this file, and its number that of the system call. An
    /// error of an administrator also goes to the log and to the status.
    fn report(&self, writer: &WriterIdentity, error: CommandError) -> Error {
        let errno = error.errno();
        if writer.may_administer {
            self.publish(writer.log, &error);
        }
        self.state.lock().set_output(error.into_text());
        errno
    }

    fn publish(&self, log: UserLog, error: &CommandError) {
        error.log(log);
        let remembered = Net::with_current(|net| self.servers.of(net))
            .and_then(|server| server.remember_refusal(error.text()));
        if remembered.is_err() {
            log.error(fmt!(
                "status does not show the last error: not enough memory"
            ));
        }
    }
}

#[pinned_drop]
impl PinnedDrop for ControlFile {
    fn drop(self: Pin<&mut Self>) {
        if self.state.lock().is_begun() {
            UserLog::LIMITED.error(fmt!(
                "unfinished commands dropped: no task was the last to close their file"
            ));
        }
    }
}

/// Checks the length of commands that are written together.
fn check_length(length: usize, max: usize) -> Result<(), CommandError> {
    if length <= max {
        return Ok(());
    }
    Err(CommandError::new(
        E2BIG,
        fmt!("too many commands; the maximum is {max} bytes at once"),
    ))
}

/// Tells whether a line of `text` is `begin`.
fn has_begin(text: &[u8]) -> bool {
    Sections::after(0, text).any(|section| matches!(section, Section::Begin(_)))
}

/// Renders the status of the server of the calling task's network namespace.
fn status(servers: &PerNet) -> Result<Text> {
    Net::with_current(|net| servers.status(net))
}
