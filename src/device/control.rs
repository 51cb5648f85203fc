// SPDX-License-Identifier: GPL-2.0-only

//! `/dev/khttpd`: what the server is told, what it is set to and what it has done.

use super::{
    command_error::CommandError,
    transaction::{
        Transaction,
        NEEDS_RIGHT, //
    }, //
};
use crate::{
    server::{
        InterruptibleMutex, //
        PerNet,
    },
    sys::{
        device::FileSession,
        log,
        net::Net, //
    }, //
};
use core::mem;
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

/// The most bytes of commands that are carried out together.
const COMMANDS_MAX: usize = 131_072;

/// An open file of the control node.
#[pin_data(PinnedDrop)]
pub(crate) struct ControlFile {
    servers: Arc<PerNet>,
    /// Where those wait who write to the same open file.
    #[pin]
    writers: InterruptibleMutex,
    #[pin]
    dialogue: Mutex<ControlState>,
}

/// Who writes, or closes what was written to.
struct WriterIdentity {
    /// Whether it may do anything in its network namespace.
    may_administer: bool,
    /// The cookie of that.
    net: u64,
}

impl WriterIdentity {
    /// The calling task, which uses `file`.
    fn of(file: &File) -> Self {
        Net::with_current(|net| Self {
            may_administer: net.may_administer(file),
            net: net.cookie(),
        })
    }
}

/// What was said on both sides.
struct ControlState {
    /// What is read next: the state when the file was opened, or the answer to what was written;
    /// nothing if that is the state once more.
    shown: Option<KVec<u8>>,
    /// How much of it was read.
    read: usize,
    /// A line that is not complete yet.
    unfinished: KVVec<u8>,
    /// The cookie of the network namespace where it was begun.
    begun_in: u64,
    /// How many lines were written before it.
    lines: u32,
    /// The last write has failed: nobody knows where the unfinished line ends.
    broken: bool,
}

#[vtable]
impl FileSession for ControlFile {
    type Subject = PerNet;

    fn open(servers: &Arc<PerNet>, file: &File) -> Result<Pin<KBox<Self>>> {
        let shown = match file.flags() & flags::O_ACCMODE {
            flags::O_WRONLY => None,
            _ => Some(state(servers)?),
        };
        KBox::pin_init(
            pin_init!(Self {
                servers: servers.clone(),
                writers <- InterruptibleMutex::new(),
                dialogue <- new_mutex!(ControlState {
                    shown,
                    read: 0,
                    unfinished: KVVec::new(),
                    begun_in: 0,
                    lines: 0,
                    broken: false,
                }),
            }),
            GFP_KERNEL,
        )
    }

    fn read(&self, _file: &File, to: &mut IovIterDest<'_>) -> Result<usize> {
        let mut dialogue = self.dialogue.lock();
        let shown = match dialogue.shown.take() {
            Some(shown) => shown,
            None => state(&self.servers)?,
        };
        let rest = shown.get(dialogue.read..).unwrap_or_default();
        let copied = to.copy_to_iter(rest);
        let faulty = copied == 0 && !rest.is_empty() && !to.is_empty();
        dialogue.read += copied;
        dialogue.shown = Some(shown);
        match faulty {
            true => Err(EFAULT),
            false => Ok(copied),
        }
    }

    fn write(&self, file: &File, from: &mut IovIterSource<'_>) -> Result<usize> {
        let _pass = self.writers.enter()?;
        let length = from.len();
        let writer = WriterIdentity::of(file);
        self.check_unfinished(&writer, &[])?;
        let before = self.dialogue.lock().lines;
        let taken = self.take(&writer, from);
        self.dialogue.lock().broken = taken.is_err();
        let (lines, unfinished) = taken?;
        self.check_unfinished(&writer, &unfinished)?;
        let count = u32::try_from(lines.iter().filter(|byte| **byte == b'\n').count())?;
        let answer = match lines.is_empty() {
            true => Ok(None),
            false => self.carry_out(file, &writer, &lines, before).map(Some),
        };
        let mut dialogue = self.dialogue.lock();
        dialogue.lines = before.saturating_add(count);
        match answer {
            Ok(answer) => {
                dialogue.unfinished = unfinished;
                dialogue.begun_in = writer.net;
                if let Some(answer) = answer {
                    dialogue.answer(answer);
                }
                Ok(length)
            }
            Err(command_error) => {
                dialogue.unfinished = KVVec::new();
                drop(dialogue);
                Err(self.refuse(&writer, command_error))
            }
        }
    }

    /// A line is complete when the file is closed, too.
    fn close(&self, file: &File) -> Result {
        let writer = WriterIdentity::of(file);
        let checked = self.check_unfinished(&writer, &[]);
        let (text, before) = self.dialogue.lock().take_unfinished();
        checked?;
        if text.is_empty() {
            return Ok(());
        }
        let done = self.carry_out(file, &writer, &text, before);
        done.map(drop)
            .map_err(|command_error| self.refuse(&writer, command_error))
    }
}

impl ControlFile {
    /// The unfinished line and what is written behind it: lines that are complete, and another that
    /// is not. With an error nothing has changed.
    fn take(
        &self,
        writer: &WriterIdentity,
        from: &mut IovIterSource<'_>,
    ) -> Result<(KVVec<u8>, KVVec<u8>)> {
        let length = from.len();
        let mut text = KVVec::new();
        text.extend_from_slice(&self.dialogue.lock().unfinished, GFP_KERNEL)?;
        if text.len().saturating_add(length) > COMMANDS_MAX {
            let command_error = CommandError::new(
                E2BIG,
                fmt!("more than {COMMANDS_MAX} bytes of commands at once\n"),
            );
            return Err(self.refuse(writer, command_error));
        }
        if from.copy_from_iter_vec(&mut text, GFP_KERNEL)? != length {
            return Err(EFAULT);
        }
        let (lines, rest) = split_complete_lines(&text);
        let end = lines.len();
        let mut unfinished = KVVec::new();
        unfinished.extend_from_slice(rest, GFP_KERNEL)?;
        text.truncate(end);
        Ok((text, unfinished))
    }

    /// Whether the writer may leave `rest` unfinished, and go on with what was. Who carries it out
    /// in the end would lend its rights to one who has none, and its namespace to one of another.
    fn check_unfinished(&self, writer: &WriterIdentity, rest: &[u8]) -> Result {
        let (begun, begun_in) = {
            let dialogue = self.dialogue.lock();
            (!dialogue.unfinished.is_empty(), dialogue.begun_in)
        };
        let why = match begun {
            false if rest.is_empty() => return Ok(()),
            _ if !writer.may_administer => NEEDS_RIGHT,
            true if begun_in != writer.net => "was begun in another network namespace",
            _ => return Ok(()),
        };
        Err(self.refuse(
            writer,
            CommandError::new(EPERM, fmt!("an unfinished line: {why}\n")),
        ))
    }

    fn carry_out(
        &self,
        file: &File,
        writer: &WriterIdentity,
        text: &[u8],
        before: u32,
    ) -> Result<KVec<u8>, CommandError> {
        let transaction = Transaction {
            servers: &self.servers,
            file: Some(file),
            logs: writer.may_administer,
            listen: None,
            root: None,
            text,
            before,
        };
        transaction.carry_out()
    }

    /// Tells why, to the next who reads this file and, if it was said to an administrator, to the
    /// log and to all who read the state.
    fn refuse(&self, writer: &WriterIdentity, command_error: CommandError) -> Error {
        let errno = command_error.errno();
        if writer.may_administer {
            self.publish(&command_error);
        }
        self.dialogue.lock().answer(command_error.into_line());
        errno
    }

    fn publish(&self, command_error: &CommandError) {
        if log::admits() {
            command_error.log("");
        }
        let remembered = Net::with_current(|net| self.servers.of(net))
            .and_then(|server| server.remember_refusal(command_error.line()));
        if remembered.is_err() && log::admits() {
            pr_warn!("not enough memory to remember this\n");
        }
    }
}

#[pinned_drop]
impl PinnedDrop for ControlFile {
    fn drop(self: Pin<&mut Self>) {
        if !self.dialogue.lock().unfinished.is_empty() {
            pr_err!("a command without a line feed is lost: two tasks closed its file at once\n");
        }
    }
}

impl ControlState {
    /// The unfinished line, which is not kept, and how many came before it; nothing of one whose
    /// end could not be written.
    fn take_unfinished(&mut self) -> (KVVec<u8>, u32) {
        let text = mem::take(&mut self.unfinished);
        match self.broken {
            true => (KVVec::new(), self.lines),
            false => (text, self.lines),
        }
    }

    /// Shows `answer` next, or if that is empty, the state.
    fn answer(&mut self, answer: KVec<u8>) {
        self.shown = (!answer.is_empty()).then_some(answer);
        self.read = 0;
    }
}

/// What the server of the calling task's network namespace is set to and has done.
fn state(servers: &PerNet) -> Result<KVec<u8>> {
    Net::with_current(|net| servers.of(net))?.status()
}
