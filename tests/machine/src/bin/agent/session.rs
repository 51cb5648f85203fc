// SPDX-License-Identifier: GPL-2.0-only

//! A client on a port, from its hello to its disconnection.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::thread;
use std::time::{Duration, Instant};

use machine::wire::{Decoder, Frame, Status};
use rustix::event::{poll, PollFd, PollFlags, Timespec};
use rustix::io::{read, write, Errno};

use crate::program::Program;

/// Limit of bytes pending for the host or for the program; above it, nothing is read for them.
const WAITING_MAX: usize = 256 * 1024;

/// Size of a read, less than a frame's payload.
const PIECE: usize = 32 * 1024;

/// Time limit for output after a program's end: background processes may keep the streams open for
/// ever.
const LAST_OUTPUT: Duration = Duration::from_millis(100);

/// Maximum delay of the port's connection state.
const LATE_NEWS: Duration = Duration::from_millis(200);

/// Serves the client of a port until it disconnects.
///
/// Bytes that it leaves unread stay in the port: the next session skips them.
pub(crate) fn serve(port: &File) -> io::Result<()> {
    Session::default().run(port)
}

/// Tells whether the client has really gone. The connection state of a port travels separately from
/// its bytes and may be late: the disconnection of the previous client may be seen while the next
/// one is served, just before its connection.
fn is_gone(port: &File) -> io::Result<bool> {
    thread::sleep(LATE_NEWS);
    let mut fds = [PollFd::new(port, PollFlags::empty())];
    poll(&mut fds, Some(&Timespec::default()))?;
    Ok(fds.iter().any(|fd| fd.revents().contains(PollFlags::HUP)))
}

/// A stream to poll.
#[derive(Clone, Copy, Debug)]
enum Stream {
    Port,
    Input,
    Output,
    Errors,
    End,
}

#[derive(Debug, Default)]
struct Session {
    greeted: bool,
    decoder: Decoder,
    program: Option<Program>,
    /// Exit status of the program, and deadline for its last output.
    ended: Option<(Status, Instant)>,
    /// Bytes for the host.
    outgoing: Vec<u8>,
    /// Bytes for the program.
    incoming: Vec<u8>,
    input_ended: bool,
}

impl Session {
    fn run(&mut self, port: &File) -> io::Result<()> {
        loop {
            let ready = self.wait(port)?;
            let printed = ready
                .iter()
                .any(|(stream, _)| matches!(stream, Stream::Output | Stream::Errors));
            for (stream, flags) in ready {
                match stream {
                    Stream::Port if flags.contains(PollFlags::HUP) => {
                        if is_gone(port)? {
                            return Ok(());
                        }
                    }
                    Stream::Port => self.on_port(port, flags)?,
                    Stream::Input => self.feed(),
                    Stream::Output => self.take_output(),
                    Stream::Errors => self.take_errors(),
                    Stream::End => self.on_end()?,
                }
            }
            self.tell_end(!printed && self.outgoing.len() < WAITING_MAX);
        }
    }

    /// Waits for ready streams.
    fn wait(&self, port: &File) -> io::Result<Vec<(Stream, PollFlags)>> {
        let mut wanted: Vec<(Stream, BorrowedFd<'_>, PollFlags)> = Vec::new();
        let mut on_port = PollFlags::empty();
        on_port.set(PollFlags::IN, self.incoming.len() < WAITING_MAX);
        on_port.set(PollFlags::OUT, !self.outgoing.is_empty());
        wanted.push((Stream::Port, port.as_fd(), on_port));
        if let Some(program) = &self.program {
            let input = program.input.as_ref().filter(|_| !self.incoming.is_empty());
            wanted.extend(input.map(|fd| (Stream::Input, fd.as_fd(), PollFlags::OUT)));
            let takes = self.outgoing.len() < WAITING_MAX;
            let output = program.output.as_ref().filter(|_| takes);
            wanted.extend(output.map(|fd| (Stream::Output, fd.as_fd(), PollFlags::IN)));
            let errors = program.errors.as_ref().filter(|_| takes);
            wanted.extend(errors.map(|fd| (Stream::Errors, fd.as_fd(), PollFlags::IN)));
            if self.ended.is_none() {
                wanted.push((Stream::End, program.end.as_fd(), PollFlags::IN));
            }
        }
        let left = self
            .ended
            .map(|(_, until)| until.saturating_duration_since(Instant::now()));
        let left = left.map(|left| Timespec {
            tv_sec: 0,
            tv_nsec: left.subsec_nanos().into(),
        });
        let mut fds: Vec<_> = wanted
            .iter()
            .map(|(_, fd, flags)| PollFd::from_borrowed_fd(*fd, *flags))
            .collect();
        match poll(&mut fds, left.as_ref()) {
            Ok(_) => {}
            Err(Errno::INTR) => return Ok(Vec::new()),
            Err(error) => return Err(error.into()),
        }
        let ready = wanted
            .iter()
            .zip(&fds)
            .map(|((stream, ..), fd)| (*stream, fd.revents()));
        Ok(ready.filter(|(_, flags)| !flags.is_empty()).collect())
    }

    fn on_port(&mut self, port: &File, flags: PollFlags) -> io::Result<()> {
        if flags.contains(PollFlags::OUT) {
            let written = unless_blocked(write(port, &self.outgoing))?;
            self.outgoing.drain(..written.unwrap_or(0));
        }
        if !flags.contains(PollFlags::IN) {
            return Ok(());
        }
        let mut bytes = [0; PIECE];
        let count = unless_blocked(read(port, &mut bytes))?.unwrap_or(0);
        self.decoder.push(bytes.get(..count).unwrap_or_default());
        loop {
            if !self.greeted {
                self.decoder.skip_to_hello();
            }
            match self.decoder.frame().map_err(io::Error::other)? {
                Some(frame) => self.on_frame(frame),
                None => return Ok(()),
            }
        }
    }

    fn on_frame(&mut self, frame: Frame) {
        if let Frame::Hello(number) = frame {
            // A new client, even if the previous disconnection was not seen.
            *self = Self {
                greeted: true,
                decoder: std::mem::take(&mut self.decoder),
                ..Self::default()
            };
            return Frame::Hello(number).encode(&mut self.outgoing);
        }
        match (frame, &mut self.program) {
            (Frame::Exec(exec), None) => match Program::start(&exec) {
                Ok(program) => self.program = Some(program),
                Err(error) => {
                    let name = exec.arguments.first().map_or("", String::as_str);
                    Frame::Refused(format!("{name}: {error}")).encode(&mut self.outgoing);
                }
            },
            (Frame::Input(bytes), Some(_)) => self.incoming.extend(bytes),
            (Frame::InputEnd, Some(_)) => {
                self.input_ended = true;
                self.feed();
            }
            (Frame::Resize(size), Some(program)) => {
                // The terminal may be closed.
                let _ = program.resize(size);
            }
            (Frame::Signal(number), Some(program)) => program.signal(number),
            // Sent before the client knew of the program's end.
            _ => {}
        }
    }

    /// Writes pending input to the program.
    fn feed(&mut self) {
        let Some(program) = &mut self.program else {
            return;
        };
        if let Some(input) = &program.input {
            if !self.incoming.is_empty() {
                match unless_blocked(write(input, &self.incoming)) {
                    Ok(written) => drop(self.incoming.drain(..written.unwrap_or(0))),
                    // The program has closed its input.
                    Err(_) => program.input = None,
                }
            }
        }
        if program.input.is_none() {
            self.incoming.clear();
        }
        if self.input_ended && self.incoming.is_empty() {
            program.end_input();
        }
    }

    fn take_output(&mut self) {
        if let Some(program) = &mut self.program {
            take(&mut program.output, Frame::Output, &mut self.outgoing);
        }
    }

    fn take_errors(&mut self) {
        if let Some(program) = &mut self.program {
            take(&mut program.errors, Frame::ErrorOutput, &mut self.outgoing);
        }
    }

    fn on_end(&mut self) -> io::Result<()> {
        if let Some(program) = &mut self.program {
            let until = Instant::now() + LAST_OUTPUT;
            self.ended = program.status()?.map(|status| (status, until));
        }
        Ok(())
    }

    /// Sends the program's end once all of its output is queued. `drained` tells whether its
    /// streams had nothing to read at the last poll. Without that, an agent that gets no CPU for
    /// [`LAST_OUTPUT`] would lose output.
    fn tell_end(&mut self, drained: bool) {
        let (Some(program), Some((status, until))) = (&self.program, self.ended) else {
            return;
        };
        let silent = program.output.is_none() && program.errors.is_none();
        if silent || (drained && Instant::now() >= until) {
            Frame::Ended(status).encode(&mut self.outgoing);
            self.program = None;
            self.ended = None;
        }
    }
}

/// Reads from a stream and queues the bytes for the host. Closes the stream at its end.
fn take(stream: &mut Option<OwnedFd>, frame: fn(Vec<u8>) -> Frame, outgoing: &mut Vec<u8>) {
    let mut bytes = vec![0; PIECE];
    let Some(fd) = stream else { return };
    match unless_blocked(read(fd, &mut bytes)) {
        Ok(None) => {}
        // A terminal that no process has open returns EIO.
        Ok(Some(0)) | Err(_) => *stream = None,
        Ok(Some(count)) => {
            bytes.truncate(count);
            frame(bytes).encode(outgoing);
        }
    }
}

fn unless_blocked(result: rustix::io::Result<usize>) -> io::Result<Option<usize>> {
    match result {
        Ok(count) => Ok(Some(count)),
        Err(Errno::AGAIN | Errno::INTR) => Ok(None),
        Err(error) => Err(error.into()),
    }
}
