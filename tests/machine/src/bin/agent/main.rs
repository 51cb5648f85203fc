// SPDX-License-Identifier: GPL-2.0-only

//! The agent: runs in the guest what the host asks for over virtio-serial ports.
//!
//! As process 1 it starts itself once more, reaps whatever is orphaned, and powers the machine off when that second
//! process ends: a machine without an agent is of no use.

#![forbid(unsafe_code)]
#![warn(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

mod program;
mod session;

use std::fs::{self, File};
use std::io;
use std::path::Path;
use std::process::Command;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;
use std::time::{Duration, Instant};

use machine::wire::PORTS;

use rustix::event::{poll, PollFd, PollFlags, Timespec};
use rustix::fs::{open, Mode, OFlags};
use rustix::process::{wait, WaitOptions};
use rustix::system::{reboot, RebootCommand};

/// How often the ports nobody uses are looked at. A driver does not tell when the host opens one.
const LOOK: Duration = Duration::from_millis(20);

/// Where the kernel lists virtio-serial ports.
const PORTS_FOLDER: &str = "/sys/class/virtio-ports";

/// How long the kernel may take to make the ports.
const PORTS_LIMIT: Duration = Duration::from_secs(30);

fn main() {
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
}

/// Puts a line into the kernel log. Each write is a line, so there must be but one.
fn complain(what: &str) {
    // There is nobody else to tell if that fails.
    let _ = fs::write("/dev/kmsg", format!("<3>machine: {what}"));
}

/// The life of process 1.
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

/// The life of the serving process: ports that the host has opened go to a thread each and come back when it is done.
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
                // The receiver lasts as long as the process.
                let _ = done.send(port);
            });
        }
        if let Ok(port) = returned.recv_timeout(LOOK) {
            idle.push(port);
        }
        idle.extend(returned.try_iter());
    }
}

/// Opens the ports when all of them are there: a slow kernel is still making them.
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

/// Takes the ports out of `idle` that the host has opened: those of which poll does not say that they are hung up.
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
