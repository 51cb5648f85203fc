// SPDX-License-Identifier: GPL-2.0-only

//! Interactive and scripted commands in a running machine.

use std::io::{self, ErrorKind, IsTerminal, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use rustix::event::{poll, PollFd, PollFlags};
use rustix::termios::{tcgetattr, tcgetwinsize, tcsetattr, OptionalActions, Termios};
use signal_hook::consts::{SIGHUP, SIGTERM, SIGWINCH};
use signal_hook::low_level::pipe;

use crate::channel::Channel;
use crate::console::Console;
use crate::wire::{Exec, Frame, Size, Status, Terminal};
use crate::{Error, Result};

/// Time limit for the agent's greeting.
const LIMIT: Duration = Duration::from_secs(10);

const DOING: &str = "talking to the machine";

/// Runs `command` in the machine of this folder on our standard streams and returns its exit
/// status. Without a command it runs a shell, on a terminal in the guest if our streams are one.
///
/// The thread that reads standard input is not joined: the caller ends the process.
pub fn run(folder: &Path, command: Option<&str>) -> Result<Status> {
    let console = Console::new(folder.join("console.log"));
    let interactive = command.is_none() && io::stdin().is_terminal() && io::stdout().is_terminal();
    let deadline = Instant::now() + LIMIT;
    let channel = Channel::open(folder, || {
        if Instant::now() < deadline {
            return Ok(());
        }
        let log = console.tail();
        let doing = DOING.into();
        Err(Error::Late {
            doing,
            limit: LIMIT,
            log,
        })
    })?;
    let arguments: &[&str] = match command {
        Some(command) => &["/bin/sh", "-c", command],
        None if interactive => &["/bin/bash", "-i"],
        None => &["/bin/sh"],
    };
    let terminal = if interactive {
        Some(own_terminal().map_err(Error::io("querying the terminal"))?)
    } else {
        None
    };
    let exec = Exec {
        arguments: arguments.iter().map(|word| (*word).to_owned()).collect(),
        terminal,
    };
    channel.send(&Frame::Exec(exec)).map_err(Error::io(DOING))?;

    let raw = if interactive {
        Some(RawMode::enter().map_err(Error::io("setting the terminal to raw mode"))?)
    } else {
        None
    };
    let sender = channel.stream().try_clone().map_err(Error::io(DOING))?;
    let signals = if interactive {
        Some(own_signals().map_err(Error::io("waiting for signals"))?)
    } else {
        None
    };
    thread::spawn(move || {
        // Input after the command's end is not needed.
        let _ = send_input(&sender, signals);
    });
    let end = print_output(channel);
    drop(raw);
    match end.map_err(Error::io(DOING))? {
        Some(Ok(status)) => Ok(status),
        Some(Err(why)) => {
            let command = arguments.join(" ");
            Err(Error::Refused { command, why })
        }
        None => {
            let (doing, what) = (DOING.into(), "the machine has ended".into());
            let log = console.tail();
            Err(Error::Gone { doing, what, log })
        }
    }
}

fn own_size() -> io::Result<Size> {
    let size = tcgetwinsize(io::stdout())?;
    Ok(Size {
        rows: size.ws_row,
        columns: size.ws_col,
    })
}

fn own_terminal() -> io::Result<Terminal> {
    Ok(Terminal {
        size: own_size()?,
        name: std::env::var("TERM").unwrap_or_else(|_| "dumb".into()),
    })
}

/// Our terminal in raw mode. Dropping it restores the mode.
struct RawMode {
    before: Termios,
}

impl RawMode {
    fn enter() -> io::Result<Self> {
        let before = tcgetattr(io::stdin())?;
        let mut raw = before.clone();
        raw.make_raw();
        tcsetattr(io::stdin(), OptionalActions::Now, &raw)?;
        Ok(Self { before })
    }
}

impl Drop for RawMode {
    fn drop(&mut self) {
        // The terminal may be gone.
        let _ = tcsetattr(io::stdin(), OptionalActions::Now, &self.before);
    }
}

/// Streams that become readable when the window changes (first) or on SIGTERM or SIGHUP (second).
type Signals = (UnixStream, UnixStream);

fn own_signals() -> io::Result<Signals> {
    let (window, from_window) = UnixStream::pair()?;
    pipe::register(SIGWINCH, from_window)?;
    let (end, from_end) = UnixStream::pair()?;
    pipe::register(SIGTERM, from_end.try_clone()?)?;
    pipe::register(SIGHUP, from_end)?;
    Ok((window, end))
}

/// Forwards standard input and window changes.
fn send_input(to: &UnixStream, signals: Option<Signals>) -> io::Result<()> {
    let stdin = io::stdin();
    let mut input_ended = false;
    loop {
        let mut wanted = Vec::new();
        if let Some((window, end)) = &signals {
            wanted.push(PollFd::new(window, PollFlags::IN));
            wanted.push(PollFd::new(end, PollFlags::IN));
        }
        if !input_ended {
            wanted.push(PollFd::new(&stdin, PollFlags::IN));
        }
        if wanted.is_empty() {
            return Ok(());
        }
        match poll(&mut wanted, None) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        let ready: Vec<bool> = wanted.iter().map(|fd| !fd.revents().is_empty()).collect();
        let (of_signals, of_input) = ready.split_at(if signals.is_some() { 2 } else { 0 });
        if let (Some((window, _)), [changed, ended]) = (&signals, of_signals) {
            if *ended {
                return to.shutdown(Shutdown::Both);
            }
            if *changed {
                let _ = rustix::io::read(window, &mut [0; 64])?;
                send(to, &Frame::Resize(own_size()?))?;
            }
        }
        if of_input.contains(&true) {
            let mut bytes = [0; 16 * 1024];
            // Bypass the buffer of std's stdin, which poll does not see.
            let count = rustix::io::read(&stdin, &mut bytes)?;
            input_ended = count == 0;
            send(
                to,
                &match bytes.get(..count) {
                    Some(bytes) if count > 0 => Frame::Input(bytes.to_vec()),
                    _ => Frame::InputEnd,
                },
            )?;
        }
    }
}

fn send(mut to: &UnixStream, frame: &Frame) -> io::Result<()> {
    let mut bytes = Vec::new();
    frame.encode(&mut bytes);
    to.write_all(&bytes)
}

/// Prints the program's output until it ends. Returns [`None`] if the machine ends first.
fn print_output(mut channel: Channel) -> io::Result<Option<Result<Status, String>>> {
    let (mut out, mut error_out) = (io::stdout().lock(), io::stderr().lock());
    loop {
        let printed = match channel.receive()? {
            Some(Frame::Output(bytes)) => out.write_all(&bytes).and_then(|()| out.flush()),
            Some(Frame::ErrorOutput(bytes)) => error_out.write_all(&bytes),
            Some(Frame::Ended(status)) => return Ok(Some(Ok(status))),
            Some(Frame::Refused(why)) => return Ok(Some(Err(why))),
            Some(_) => Ok(()),
            None => return Ok(None),
        };
        match printed {
            // The reader has gone, as in `make shell CMD=... | head`: end like the program would
            // here.
            Err(error) if error.kind() == ErrorKind::BrokenPipe => {
                return Ok(Some(Ok(Status::Killed(13))))
            }
            printed => printed?,
        }
    }
}
