// SPDX-License-Identifier: GPL-2.0-only

//! The host's end of an agent port.

use std::fs::File;
use std::io::{self, ErrorKind, Read, Write};
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use rustix::fs::FlockOperation;

use crate::folder::lock;
use crate::wire::{Decoder, Frame, PORTS};
use crate::Result;

/// Time limit for the agent's greeting; the port is then tried again.
const ANSWER: Duration = Duration::from_secs(5);

/// Returns the name of a port's socket in the machine's folder.
pub(crate) fn socket_name(port: usize) -> String {
    format!("agent.{port}")
}

/// A connection to the agent on a port that no other client uses.
#[derive(Debug)]
pub(crate) struct Channel {
    stream: UnixStream,
    decoder: Decoder,
    _lock: File,
}

impl Channel {
    /// Opens a free port of the machine in `folder`. Stops with the error of `alive`, which is
    /// called repeatedly.
    pub(crate) fn open(folder: &Path, alive: impl Fn() -> Result) -> Result<Self> {
        loop {
            for port in 0..PORTS {
                alive()?;
                let lock_path = folder.join(format!("{}.lock", socket_name(port)));
                let Ok(lock) = lock(&lock_path, FlockOperation::NonBlockingLockExclusive) else {
                    continue;
                };
                let Ok(stream) = connect(folder, &socket_name(port)) else {
                    continue;
                };
                let mut channel = Self {
                    stream,
                    decoder: Decoder::default(),
                    _lock: lock,
                };
                if channel.greet(&alive)? {
                    return Ok(channel);
                }
            }
            // All ports are in use, or QEMU or the guest is still starting.
            alive()?;
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Sends a hello and waits for its echo. Earlier bytes belong to an earlier client.
    fn greet(&mut self, alive: &impl Fn() -> Result) -> Result<bool> {
        let number = greeting();
        if self.send(&Frame::Hello(number)).is_err() {
            return Ok(false);
        }
        // The agent does not run before the guest has started.
        let deadline = Instant::now() + ANSWER;
        while Instant::now() < deadline {
            alive()?;
            self.decoder.skip_to_hello();
            match self.decoder.frame() {
                Ok(Some(Frame::Hello(echo))) if echo == number => return Ok(true),
                Ok(Some(_)) => continue,
                Ok(None) => {}
                Err(_) => return Ok(false),
            }
            match self.read(Some(Duration::from_millis(100))) {
                Ok(true) => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Ok(false) | Err(_) => return Ok(false),
            }
        }
        Ok(false)
    }

    /// Sends a frame.
    pub(crate) fn send(&self, frame: &Frame) -> io::Result<()> {
        let mut bytes = Vec::new();
        frame.encode(&mut bytes);
        (&self.stream).write_all(&bytes)
    }

    /// Waits for the next frame; [`None`] at the end of the stream.
    pub(crate) fn receive(&mut self) -> io::Result<Option<Frame>> {
        loop {
            if let Some(frame) = self.decoder.frame().map_err(io::Error::other)? {
                return Ok(Some(frame));
            }
            if !self.read(None)? {
                return Ok(None);
            }
        }
    }

    /// Reads available bytes, or waits for some; false at the end of the stream.
    fn read(&mut self, limit: Option<Duration>) -> io::Result<bool> {
        self.stream.set_read_timeout(limit)?;
        let mut bytes = [0; 64 * 1024];
        match self.stream.read(&mut bytes) {
            Ok(count) => {
                self.decoder.push(bytes.get(..count).unwrap_or_default());
                Ok(count != 0)
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => Ok(true),
            Err(error) => Err(error),
        }
    }

    /// Returns the stream, for sending from another thread and for polling.
    pub(crate) fn stream(&self) -> &UnixStream {
        &self.stream
    }
}

/// Connects to a socket by a short path: an address has room for 107 bytes.
fn connect(folder: &Path, name: &str) -> io::Result<UnixStream> {
    let folder = File::open(folder)?;
    UnixStream::connect(format!("/proc/self/fd/{}/{name}", folder.as_raw_fd()))
}

/// Returns a number that no earlier client of a port has used.
fn greeting() -> u64 {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let time = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    (u64::from(time.subsec_nanos()) << 32)
        ^ (u64::from(std::process::id()) << 8)
        ^ time.as_secs()
        ^ count
}
