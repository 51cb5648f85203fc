// SPDX-License-Identifier: GPL-2.0-only

//! Signals as events.

use std::io::{self, ErrorKind, Read};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::time::Duration;

use rustix::event::{poll, PollFd, PollFlags, Timespec};
use rustix::io::Errno;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::low_level::pipe;

/// A request by signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Signal {
    /// End: SIGTERM or SIGINT.
    End,
    /// Read the configuration again: SIGHUP.
    Reload,
}

/// The signals that this process has got. From its creation on, they do not kill the process.
#[derive(Debug)]
pub(crate) struct Signals {
    end: UnixStream,
    reload: UnixStream,
}

impl Signals {
    pub(crate) fn new() -> io::Result<Self> {
        let (end, from_end) = UnixStream::pair()?;
        pipe::register(SIGTERM, from_end.try_clone()?)?;
        pipe::register(SIGINT, from_end)?;
        let (reload, from_reload) = UnixStream::pair()?;
        pipe::register(SIGHUP, from_reload)?;
        end.set_nonblocking(true)?;
        reload.set_nonblocking(true)?;
        Ok(Self { end, reload })
    }

    /// Waits for a signal. Several of one kind may be one.
    pub(crate) fn wait(&mut self, limit: Duration) -> io::Result<Option<Signal>> {
        let limit = Timespec {
            tv_sec: i64::try_from(limit.as_secs()).unwrap_or(i64::MAX),
            tv_nsec: limit.subsec_nanos().into(),
        };
        let (end, reload) = (self.end.as_fd(), self.reload.as_fd());
        let streams = &mut [
            PollFd::from_borrowed_fd(end, PollFlags::IN),
            PollFd::from_borrowed_fd(reload, PollFlags::IN),
        ];
        match poll(streams, Some(&limit)) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        if take(&self.end)? {
            return Ok(Some(Signal::End));
        }
        Ok(take(&self.reload)?.then_some(Signal::Reload))
    }
}

/// Takes what has come; returns whether anything has.
fn take(mut from: &UnixStream) -> io::Result<bool> {
    match from.read(&mut [0; 64]) {
        Ok(count) => Ok(count > 0),
        Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(false),
        Err(error) => Err(error),
    }
}
