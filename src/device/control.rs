// SPDX-License-Identifier: GPL-2.0-only

//! `/dev/khttpd`: commands are written, the state and the output of commands are read.

mod state;
mod writer;

use self::{
    state::ControlState,
    writer::WriterIdentity, //
};
use super::{
    command_error::CommandError,
    transaction::Transaction, //
};
use crate::{
    server::PerNet,
    sys::{
        device::FileSession,
        interruptible_mutex::InterruptibleMutex,
        log,
        net::Net, //
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
use protocol::control::line::split_complete_lines;

/// Maximum number of bytes that are carried out together.
const COMMANDS_MAX: usize = 131_072;

/// An open file of the control node.
///
/// Lock order: `writers`, then `state`, within which a read that renders the status takes the locks
/// of a server. A write holds `state` only to look at it or to change it.
#[pin_data(PinnedDrop)]
pub(crate) struct ControlFile {
    servers: Arc<PerNet>,
    /// Held during a write, so that writes to the same open file are carried out one by one.
    #[pin]
    writers: InterruptibleMutex,
    #[pin]
    state: Mutex<ControlState>,
}

/// The input of a write, behind the unfinished line of the write before.
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
                writers <- InterruptibleMutex::new(),
                state <- new_mutex!(ControlState::new(output)),
            }),
            GFP_KERNEL,
        )
    }

    fn read(&self, _file: &File, to: &mut IovIterDest<'_>) -> Result<usize> {
        let mut state = self.state.lock();
        let unread = state.unread(|| status(&self.servers))?;
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
        match self.carry_out(file, &writer, before, &lines) {
            Ok(output) => {
                let mut state = self.state.lock();
                state.advance(count, rest, writer.net);
                if let Some(output) = output {
                    state.set_output(output);
                }
                Ok(length)
            }
            Err(error) => {
                self.state.lock().advance(count, KVVec::new(), writer.net);
                Err(self.report(&writer, error))
            }
        }
    }

    /// Carries out the line that has no line feed.
    fn close(&self, file: &File) -> Result {
        let writer = WriterIdentity::current(file);
        let checked = self.check_writer(&writer, &[]);
        let last_line = self.state.lock().take_last_line();
        checked?;
        let Some((before, line)) = last_line else {
            return Ok(());
        };
        self.carry_out(file, &writer, before, &line)
            .map(drop)
            .map_err(|error| self.report(&writer, error))
    }
}

impl ControlFile {
    /// Copies what is written behind the unfinished line, which stays in the state.
    fn copy_input(&self, writer: &WriterIdentity, from: &mut IovIterSource<'_>) -> Result<Input> {
        let length = from.len();
        let mut lines = KVVec::new();
        lines.extend_from_slice(self.state.lock().unfinished(), GFP_KERNEL)?;
        if lines.len().saturating_add(length) > COMMANDS_MAX {
            let error = CommandError::new(
                E2BIG,
                fmt!("too many commands; the maximum is {COMMANDS_MAX} bytes at once"),
            );
            return Err(self.report(writer, error));
        }
        if from.copy_from_iter_vec(&mut lines, GFP_KERNEL)? != length {
            return Err(EFAULT);
        }
        let (complete, beginning) = split_complete_lines(&lines);
        let end = complete.len();
        let mut rest = KVVec::new();
        rest.extend_from_slice(beginning, GFP_KERNEL)?;
        lines.truncate(end);
        Ok(Input { lines, rest })
    }

    /// Checks that `writer` may continue the unfinished line and leave `rest` unfinished.
    fn check_writer(&self, writer: &WriterIdentity, rest: &[u8]) -> Result {
        let checked = self.state.lock().check_writer(writer, rest);
        checked.map_err(|reason| {
            let error = CommandError::new(EPERM, fmt!("unfinished line: {reason}"));
            self.report(writer, error)
        })
    }

    /// Carries out the commands of `text`, which follows `before` other lines, and returns the
    /// output of them; none if the text is empty.
    fn carry_out(
        &self,
        file: &File,
        writer: &WriterIdentity,
        before: u32,
        text: &[u8],
    ) -> Result<Option<KVec<u8>>, CommandError> {
        if text.is_empty() {
            return Ok(None);
        }
        let transaction = Transaction::written(file, before, text)?;
        transaction
            .carry_out(&self.servers, writer.may_administer)
            .map(Some)
    }

    /// Makes `error` what is read next from this file, and its number that of the system call. An
    /// error of an administrator also goes to the log and to the status.
    fn report(&self, writer: &WriterIdentity, error: CommandError) -> Error {
        let errno = error.errno();
        if writer.may_administer {
            self.publish(&error);
        }
        self.state.lock().set_output(error.into_text());
        errno
    }

    fn publish(&self, error: &CommandError) {
        if log::admits() {
            error.log();
        }
        let remembered = Net::with_current(|net| self.servers.of(net))
            .and_then(|server| server.remember_refusal(error.text()));
        if remembered.is_err() && log::admits() {
            pr_warn!("status does not show the last error: not enough memory\n");
        }
    }
}

#[pinned_drop]
impl PinnedDrop for ControlFile {
    fn drop(self: Pin<&mut Self>) {
        if !self.state.lock().unfinished().is_empty() {
            pr_err!("command without line feed dropped: two tasks closed its file at once\n");
        }
    }
}

/// Renders the status of the server of the calling task's network namespace.
fn status(servers: &PerNet) -> Result<KVec<u8>> {
    Net::with_current(|net| servers.status(net))
}
