// SPDX-License-Identifier: GPL-2.0-only

//! A program of a client.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, Stdio};

use machine::wire::{Exec, Size, Status};
use rustix::fs::{fcntl_getfl, fcntl_setfl, OFlags};
use rustix::process::{kill_process_group, pidfd_open, Pid, PidfdFlags, Signal};
use rustix::pty::{grantpt, openpt, ptsname, unlockpt, OpenptFlags};
use rustix::termios::{tcsetwinsize, Winsize};

/// A program and our ends of its streams. Dropping it kills its process group.
#[derive(Debug)]
pub(crate) struct Program {
    child: Child,
    /// Becomes readable when the program ends.
    pub(crate) end: OwnedFd,
    /// Our end of its input; [`None`] once closed.
    pub(crate) input: Option<OwnedFd>,
    /// Our end of its output; [`None`] once closed.
    pub(crate) output: Option<OwnedFd>,
    /// Our end of its errors; [`None`] once closed, and on a terminal.
    pub(crate) errors: Option<OwnedFd>,
    terminal: bool,
}

impl Program {
    /// Starts a program in root's home with a minimal environment.
    pub(crate) fn start(exec: &Exec) -> io::Result<Self> {
        let (name, arguments) = exec
            .arguments
            .split_first()
            .ok_or(io::Error::from(io::ErrorKind::InvalidInput))?;
        let mut command = match &exec.terminal {
            // setsid makes the terminal the controlling one, then executes the program.
            Some(_) => {
                let mut command = Command::new("setsid");
                command.arg("--ctty").arg(name);
                command
            }
            None => {
                let mut command = Command::new(name);
                command.process_group(0);
                command
            }
        };
        command
            .args(arguments)
            .env_clear()
            .env(
                "PATH",
                "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            )
            .envs([("HOME", "/root"), ("USER", "root"), ("LANG", "C.UTF-8")])
            .current_dir("/root");
        match &exec.terminal {
            Some(terminal) => {
                command.env("TERM", &terminal.name);
                Self::on_terminal(command, terminal.size)
            }
            None => Self::on_pipes(command),
        }
    }

    fn on_pipes(mut command: Command) -> io::Result<Self> {
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn()?;
        Ok(Self {
            end: end_of(&child)?,
            input: child
                .stdin
                .take()
                .map(|end| non_blocking(end.into()))
                .transpose()?,
            output: child
                .stdout
                .take()
                .map(|end| non_blocking(end.into()))
                .transpose()?,
            errors: child
                .stderr
                .take()
                .map(|end| non_blocking(end.into()))
                .transpose()?,
            child,
            terminal: false,
        })
    }

    fn on_terminal(mut command: Command, size: Size) -> io::Result<Self> {
        let ours = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC)?;
        grantpt(&ours)?;
        unlockpt(&ours)?;
        let name = ptsname(&ours, Vec::new())?;
        let theirs = File::options()
            .read(true)
            .write(true)
            .open(name.to_string_lossy().as_ref())?;
        set_size(&ours, size)?;
        command
            .stdin(theirs.try_clone()?)
            .stdout(theirs.try_clone()?)
            .stderr(theirs);
        let child = command.spawn()?;
        // Close the command's copies: while they are open, the terminal reports no end.
        drop(command);
        Ok(Self {
            end: end_of(&child)?,
            input: Some(non_blocking(ours.try_clone()?)?),
            output: Some(ours),
            errors: None,
            child,
            terminal: true,
        })
    }

    /// Closes the program's input. On a terminal the user types the end.
    pub(crate) fn end_input(&mut self) {
        if !self.terminal {
            self.input = None;
        }
    }

    /// Sets the size of the program's terminal.
    pub(crate) fn resize(&self, size: Size) -> io::Result<()> {
        match (&self.output, self.terminal) {
            (Some(ours), true) => set_size(ours, size),
            _ => Ok(()),
        }
    }

    /// Sends a signal to the program's process group.
    pub(crate) fn signal(&self, number: u8) {
        if let (Some(group), Some(signal)) = (self.group(), Signal::from_named_raw(number.into())) {
            // The group may have ended.
            let _ = kill_process_group(group, signal);
        }
    }

    /// Returns the exit status, if the program has ended.
    pub(crate) fn status(&mut self) -> io::Result<Option<Status>> {
        Ok(self.child.try_wait()?.map(|status| {
            let byte = |number: i32| u8::try_from(number).unwrap_or(u8::MAX);
            match (status.code(), status.signal()) {
                (Some(code), _) => Status::Exited(byte(code)),
                (None, signal) => Status::Killed(byte(signal.unwrap_or_default())),
            }
        }))
    }

    fn group(&self) -> Option<Pid> {
        Pid::from_raw(i32::try_from(self.child.id()).ok()?)
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        if let Ok(None) = self.child.try_wait() {
            // Closing a terminal also hangs up other processes on it.
            if let Some(group) = self.group() {
                let _ = kill_process_group(group, Signal::KILL);
            }
            let _ = self.child.wait();
        }
    }
}

fn set_size(terminal: &OwnedFd, size: Size) -> io::Result<()> {
    let size = Winsize {
        ws_row: size.rows,
        ws_col: size.columns,
        ws_xpixel: 0,
        ws_ypixel: 0,
    };
    Ok(tcsetwinsize(terminal, size)?)
}

fn end_of(child: &Child) -> io::Result<OwnedFd> {
    let id = i32::try_from(child.id()).map_err(io::Error::other)?;
    let pid = Pid::from_raw(id).ok_or(io::Error::from(io::ErrorKind::NotFound))?;
    Ok(pidfd_open(pid, PidfdFlags::empty())?)
}

fn non_blocking(end: OwnedFd) -> io::Result<OwnedFd> {
    let flags = fcntl_getfl(end.as_fd())?;
    fcntl_setfl(end.as_fd(), flags | OFlags::NONBLOCK)?;
    Ok(end)
}
