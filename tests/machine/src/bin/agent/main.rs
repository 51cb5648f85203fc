// SPDX-License-Identifier: GPL-2.0-only

//! The agent: runs programs in the guest on request of the host, over virtio-serial ports.
//!
//! As process 1 it starts a second instance of itself, reaps orphans, and powers the machine off
//! when that instance ends: a machine without an agent is useless.

#![forbid(unsafe_code)]
#![warn(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

mod program;
mod python;
mod session;

use std::env;
use std::ffi::OsString;
use std::fs::{self, File};
use std::io;
use std::path::Path;
use std::process::{Command, ExitCode};
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;
use std::time::{Duration, Instant};

use machine::wire::PORTS;

use rustix::event::{poll, PollFd, PollFlags, Timespec};
use rustix::fs::{open, Mode, OFlags};
use rustix::process::{wait, WaitOptions};
use rustix::system::{reboot, RebootCommand};

/// Interval for checking idle ports. The driver does not report when the host opens one.
const LOOK: Duration = Duration::from_millis(20);

/// The kernel's list of virtio-serial ports.
const PORTS_FOLDER: &str = "/sys/class/virtio-ports";

/// Time limit for the kernel to create the ports.
const PORTS_LIMIT: Duration = Duration::from_secs(300);

fn main() -> ExitCode {
    let words: Vec<OsString> = env::args_os().skip(1).collect();
    if let Some((applet, arguments)) = words.split_first() {
        return apply(applet, arguments);
    }
    let result = match std::process::id() {
        1 => watch(),
        _ => serve(),
    };
    if let Err(error) = result {
        complain(&format!("agent: {error}"));
    }
    if std::process::id() == 1 {
        if let Err(error) = reboot(RebootCommand::PowerOff) {
            complain(&format!("agent: powering off: {error}"));
        }
    }
    ExitCode::SUCCESS
}

/// Runs an applet, for a command of the host.
fn apply(name: &OsString, arguments: &[OsString]) -> ExitCode {
    let result = match name.to_str() {
        Some("python") => python::run(arguments),
        _ => Err(io::ErrorKind::InvalidInput.into()),
    };
    result.unwrap_or_else(|error| {
        eprintln!("agent {}: {error}", name.to_string_lossy());
        ExitCode::FAILURE
    })
}

/// Writes a line to the kernel log. Each write is one line.
fn complain(what: &str) {
    // No other place to report a failure.
    let _ = fs::write("/dev/kmsg", format!("<3>machine: {what}"));
}

/// Runs process 1.
fn watch() -> io::Result<()> {
    let server = Command::new("/proc/self/exe").spawn()?;
    loop {
        if let Some((pid, _)) = wait(WaitOptions::empty())? {
            if u32::try_from(pid.as_raw_nonzero().get()) == Ok(server.id()) {
                return Err(io::Error::other("the serving process ended"));
            }
        }
    }
}

/// Runs the serving process: each port that the host opens gets a thread and returns afterwards.
fn serve() -> io::Result<()> {
    let mut idle = wait_for_ports()?;
    let (done, returned): (Sender<File>, Receiver<File>) = mpsc::channel();
    loop {
        for port in take_connected(&mut idle)? {
            let done = done.clone();
            thread::spawn(move || {
                if let Err(error) = session::serve(&port) {
                    complain(&format!("agent: {error}"));
                }
                // The receiver lives as long as the process.
                let _ = done.send(port);
            });
        }
        if let Ok(port) = returned.recv_timeout(LOOK) {
            idle.push(port);
        }
        idle.extend(returned.try_iter());
    }
}

/// Opens the ports when all exist; a slow kernel may still be creating them.
fn wait_for_ports() -> io::Result<Vec<File>> {
    let deadline = Instant::now() + PORTS_LIMIT;
    loop {
        match open_ports() {
            Ok(ports) if ports.len() == PORTS => return Ok(ports),
            Ok(ports) if Instant::now() > deadline => {
                let count = ports.len();
                return Err(io::Error::other(format!(
                    "{count} ports instead of {PORTS}"
                )));
            }
            Err(error) if Instant::now() > deadline => return Err(error),
            _ => thread::sleep(LOOK),
        }
    }
}

fn open_ports() -> io::Result<Vec<File>> {
    let mut ports = Vec::new();
    for entry in fs::read_dir(PORTS_FOLDER)? {
        let entry = entry?;
        if fs::read_to_string(entry.path().join("name"))?.starts_with("khttpd.agent.") {
            let flags = OFlags::RDWR | OFlags::NONBLOCK | OFlags::CLOEXEC;
            let port = open(
                Path::new("/dev").join(entry.file_name()),
                flags,
                Mode::empty(),
            )?;
            ports.push(port.into());
        }
    }
    Ok(ports)
}

/// Takes ports out of `idle` that the host has opened: those without POLLHUP.
fn take_connected(idle: &mut Vec<File>) -> io::Result<Vec<File>> {
    let mut wanted: Vec<_> = idle
        .iter()
        .map(|port| PollFd::new(port, PollFlags::IN))
        .collect();
    let now = Timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    poll(&mut wanted, Some(&now))?;
    let mut connected = wanted
        .iter()
        .map(|fd| !fd.revents().contains(PollFlags::HUP))
        .collect::<Vec<_>>();
    let mut taken = Vec::new();
    for (at, is_connected) in connected.drain(..).enumerate().rev() {
        if is_connected {
            taken.push(idle.swap_remove(at));
        }
    }
    Ok(taken)
}
