// SPDX-License-Identifier: GPL-2.0-only

//! The reader of the access log.

use super::{
    line_source::LineSource,
    log_feed::LogFeed, //
};
use crate::sys::{
    device::PollCall,
    interruptible_mutex::InterruptibleMutex,
    sched,
    text::Text, //
};
use kernel::{
    current,
    fs::File,
    iov::IovIterDest,
    new_mutex,
    prelude::*,
    sync::{
        atomic::{
            ordering::Relaxed,
            Atomic, //
        },
        Arc,
        Mutex, //
    }, //
};
use protocol::log::LINE_MAX;

/// The reader of the access log of a server, which need not exist any more.
#[pin_data]
pub(crate) struct LogReader {
    feed: Arc<LogFeed>,
    /// Held while lines are copied to a task, which may take as long as that task likes.
    #[pin]
    turn: InterruptibleMutex,
    /// Locked by the holder of `turn`.
    #[pin]
    lines: Mutex<LineBuffer>,
    /// Whether part of a line was read, and its rest was not.
    has_rest: Atomic<bool>,
}

impl LogReader {
    /// Becomes the reader of `feed`.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    ///
    /// # Errors
    ///
    /// `EBUSY` if it has a reader, `ENOMEM`.
    pub(super) fn new(feed: Arc<LogFeed>) -> Result<Pin<KBox<Self>>> {
        let lines = LineBuffer {
            line: Text::with_capacity(LINE_MAX, GFP_KERNEL_ACCOUNT)?,
            read: 0,
            source: LineSource::new(&feed)?,
        };
        KBox::pin_init(
            pin_init!(Self {
                feed,
                turn <- InterruptibleMutex::new(),
                lines <- new_mutex!(lines),
                has_rest: Atomic::new(false),
            }),
            GFP_KERNEL_ACCOUNT,
        )
    }

    /// Copies as many whole lines to `to` as find room, or part of one that is longer. With `wait` it
    /// waits for a line; returns 0 at the end.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    ///
    /// # Errors
    ///
    /// `EAGAIN` without `wait`, `EFAULT`, `ERESTARTSYS` for a signal.
    pub(crate) fn read(&self, to: &mut IovIterDest<'_>, wait: bool) -> Result<usize> {
        loop {
            // Before it looks for lines, so that it misses none of the last ones.
            let is_closed = self.feed.is_closed();
            let seen = self.feed.signal.changes();
            let copied = self.copy(to)?;
            if is_closed || to.is_empty() {
                return Ok(copied);
            }
            let has_lines = self.feed.has_lines_or_wait();
            if copied != 0 {
                if has_lines {
                    // A process that polls by edges takes a short read for the last one, and waits.
                    self.feed.signal.notify();
                }
                return Ok(copied);
            }
            if has_lines {
                continue;
            }
            if !wait {
                return Err(EAGAIN);
            }
            self.feed.signal.wait(seen)?;
        }
    }

    /// Returns the events of `poll(2)`.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    pub(crate) fn poll(&self, file: &File, poll: &PollCall<'_>) -> u32 {
        self.feed.signal.wait_by_poll(file, poll);
        if self.feed.is_closed() {
            PollCall::READABLE | PollCall::ENDED
        } else if self.has_rest.load(Relaxed) || self.feed.has_lines_or_wait() {
            PollCall::READABLE
        } else {
            0
        }
    }

    /// Copies what there is.
    fn copy(&self, to: &mut IovIterDest<'_>) -> Result<usize> {
        let _turn = self.turn.lock()?;
        let mut lines = self.lines.lock();
        let copied = lines.copy(to);
        self.has_rest.store(lines.read != 0, Relaxed);
        copied
    }
}

/// The line that is being read.
struct LineBuffer {
    source: LineSource,
    line: Text,
    /// The bytes of it that were read; the line is taken from the source with the first one.
    read: usize,
}

impl LineBuffer {
    /// Copies as many whole lines as find room, or else a part of one. A line that cannot be copied
    /// stays.
    fn copy(&mut self, to: &mut IovIterDest<'_>) -> Result<usize> {
        let mut copied = 0;
        while copied == 0 || !current!().signal_pending() {
            let rest = self.rest()?.len();
            if rest == 0 || to.is_empty() || copied != 0 && rest > to.len() {
                break;
            }
            match self.copy_part(to) {
                Ok(len) => copied += len,
                Err(_) if copied != 0 => break,
                Err(e) => return Err(e),
            }
            sched::cond_resched();
        }
        Ok(copied)
    }

    /// Returns the bytes of the present line that were not read, or the next line; empty if there is
    /// none.
    fn rest(&mut self) -> Result<&[u8]> {
        if self.read == 0 {
            self.source.render(&mut self.line)?;
        }
        Ok(self.line.get(self.read..).unwrap_or_default())
    }

    /// Copies as much of the rest of the line as finds room.
    fn copy_part(&mut self, to: &mut IovIterDest<'_>) -> Result<usize> {
        let rest = self.line.get(self.read..).unwrap_or_default();
        let part = rest.get(..to.len()).unwrap_or(rest);
        let len = part.len();
        if to.copy_to_iter(part) < len {
            return Err(EFAULT);
        }
        if self.read == 0 {
            self.source.take();
        }
        self.read += len;
        if self.read >= self.line.len() {
            self.read = 0;
        }
        Ok(len)
    }
}
