// SPDX-License-Identifier: GPL-2.0-only

//! A running command in the guest.

use std::borrow::Cow;
use std::io::{self, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::channel::Channel;
use crate::console::Console;
use crate::wire::{Exec, Frame, Status, PAYLOAD_MAX};
use crate::{Error, Result};

/// Output and exit status of a command.
#[derive(Clone, Debug)]
pub struct Output {
    /// Exit status.
    pub status: Status,
    /// Standard output.
    pub stdout: Vec<u8>,
    /// Standard error.
    pub stderr: Vec<u8>,
}

impl Output {
    /// Returns standard output as text.
    pub fn stdout_text(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.stdout)
    }

    /// Returns standard error as text.
    pub fn stderr_text(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.stderr)
    }
}

/// A running command in the guest. Dropping it kills the command.
#[derive(Debug)]
pub struct Process {
    command: String,
    stream: UnixStream,
    progress: Arc<Progress>,
    console: Console,
}

#[derive(Debug, Default)]
struct Progress {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    stdout: Vec<u8>,
    stderr: Vec<u8>,
    end: Option<End>,
}

#[derive(Clone, Debug)]
enum End {
    Ended(Status),
    Refused(String),
    Lost,
}

impl Process {
    pub(crate) fn start(
        channel: Channel,
        exec: Exec,
        command: &str,
        console: Console,
    ) -> Result<Self> {
        let doing = || format!("starting `{command}` in the guest");
        channel
            .send(&Frame::Exec(exec))
            .map_err(Error::io(doing()))?;
        let stream = channel.stream().try_clone().map_err(Error::io(doing()))?;
        let progress = Arc::new(Progress::default());
        let reader = Arc::clone(&progress);
        thread::Builder::new()
            .name("guest output".into())
            .spawn(move || reader.follow(channel))
            .map_err(Error::io(doing()))?;
        Ok(Self {
            command: command.to_owned(),
            stream,
            progress,
            console,
        })
    }

    /// Writes to the command's standard input.
    pub fn write_input(&self, bytes: &[u8]) -> Result {
        bytes
            .chunks(PAYLOAD_MAX)
            .try_for_each(|piece| self.send(&Frame::Input(piece.to_vec())))
    }

    /// Closes the command's standard input.
    pub fn end_input(&self) -> Result {
        self.send(&Frame::InputEnd)
    }

    /// Sends a signal, by number, to the command and its children.
    pub fn signal(&self, number: u8) -> Result {
        self.send(&Frame::Signal(number))
    }

    /// Tells whether the command is running.
    pub fn is_running(&self) -> bool {
        self.progress.lock().end.is_none()
    }

    /// Returns standard output so far.
    pub fn stdout_so_far(&self) -> Vec<u8> {
        self.progress.lock().stdout.clone()
    }

    /// Waits for the command's end, for `limit` at most.
    pub fn wait(self, limit: Duration) -> Result<Output> {
        let deadline = Instant::now() + limit;
        let mut state = self.progress.lock();
        while state.end.is_none() {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(Error::Late {
                    doing: format!("running `{}` in the guest", self.command),
                    limit,
                    log: self.console.tail(),
                });
            }
            state = match self.progress.changed.wait_timeout(state, left) {
                Ok((state, _)) => state,
                Err(poison) => poison.into_inner().0,
            };
        }
        match state.end.clone() {
            Some(End::Ended(status)) => Ok(Output {
                status,
                stdout: std::mem::take(&mut state.stdout),
                stderr: std::mem::take(&mut state.stderr),
            }),
            Some(End::Refused(why)) => Err(Error::Refused {
                command: self.command.clone(),
                why,
            }),
            Some(End::Lost) | None => Err(Error::Gone {
                doing: format!("running `{}` in the guest", self.command),
                what: "the machine has ended".into(),
                log: self.console.tail(),
            }),
        }
    }

    fn send(&self, frame: &Frame) -> Result {
        let mut bytes = Vec::new();
        frame.encode(&mut bytes);
        (&self.stream).write_all(&bytes).map_err(Error::io(format!(
            "talking to `{}` in the guest",
            self.command
        )))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // The agent kills the program of a disconnected client; the reader thread ends with the
        // stream.
        let _ = self.stream.shutdown(Shutdown::Both);
    }
}

impl Progress {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Collects the agent's frames until the command ends.
    fn follow(&self, mut channel: Channel) {
        loop {
            let frame = channel.receive();
            let mut state = self.lock();
            match end_or_take(frame, &mut state) {
                None => {}
                end => {
                    state.end = end;
                    self.changed.notify_all();
                    return;
                }
            }
        }
    }
}

fn end_or_take(frame: io::Result<Option<Frame>>, state: &mut State) -> Option<End> {
    match frame {
        Ok(Some(Frame::Output(bytes))) => state.stdout.extend(bytes),
        Ok(Some(Frame::ErrorOutput(bytes))) => state.stderr.extend(bytes),
        Ok(Some(Frame::Ended(status))) => return Some(End::Ended(status)),
        Ok(Some(Frame::Refused(why))) => return Some(End::Refused(why)),
        Ok(Some(_)) => {}
        Ok(None) | Err(_) => return Some(End::Lost),
    }
    None
}
