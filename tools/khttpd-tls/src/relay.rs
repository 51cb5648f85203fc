// SPDX-License-Identifier: GPL-2.0-only

//! A connection that khttpd has returned, and the process that answers its requests.

use std::io::{self, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::os::fd::{AsFd, BorrowedFd};
use std::time::{Duration, Instant};

use rustix::io::Errno;
use rustix::net::{self, sockopt, AddressFamily, SocketFlags, SocketType};

use crate::linger::Linger;
use crate::log::Log;
use crate::poller::Interest;
use crate::sys::Returned;
use crate::task::{Outcome, Task};

mod address;
mod client;
mod pipe;
mod proxy_header;

use client::Client;
use pipe::{End, Pipe};

/// Time in which the client may end its direction when the process has ended.
const LINGER: Duration = Duration::from_secs(10);
/// Rounds of one turn, so that a relay does not keep a worker from the others.
const ROUNDS: usize = 16;

/// Response if the process does not accept the connection.
const UNAVAILABLE: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\n\
    Content-Length: 0\r\n\
    Retry-After: 5\r\n\
    Connection: close\r\n\
    \r\n";

/// A relayed connection.
#[derive(Debug)]
pub(crate) struct Relay {
    client: Client,
    process: TcpStream,
    /// Address of the process.
    to: SocketAddr,
    is_connected: bool,
    /// From the client to the process.
    up: Pipe,
    /// From the process to the client.
    down: Pipe,
    idle_limit: Duration,
    deadline: Instant,
}

impl Relay {
    /// Begins to connect to the process.
    pub(crate) fn begin(
        returned: Returned,
        idle_limit: Duration,
        with_header: bool,
        log: &Log,
    ) -> Outcome {
        let to = returned.to.clone();
        match Self::connect(returned, idle_limit, with_header) {
            Ok((relay, Ok(()))) => Outcome::Wait(Task::Relay(Box::new(relay))),
            Ok((relay, Err(error))) => Box::new(relay).refuse(&error.into(), log),
            Err(error) => {
                log.peer(format_args!("relay to {to}: {error}"));
                Outcome::End
            }
        }
    }

    /// Returns the relay, and whether the connection to the process is under way or refused.
    fn connect(
        returned: Returned,
        idle_limit: Duration,
        with_header: bool,
    ) -> io::Result<(Self, Result<(), Errno>)> {
        let socket = TcpStream::from(returned.connection);
        socket.set_nonblocking(true)?;
        let (peer, local) = (socket.peer_addr()?, socket.local_addr()?);
        let to = address::process_address(&returned.to, peer.ip()).ok_or(Errno::INVAL)?;
        let family = if to.is_ipv4() {
            AddressFamily::INET
        } else {
            AddressFamily::INET6
        };
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        let process = net::socket_with(family, SocketType::STREAM, flags, None)?;
        sockopt::set_tcp_nodelay(&process, true)?;
        let result = match net::connect(&process, &to) {
            Err(Errno::INPROGRESS) => Ok(()),
            result => result,
        };
        let mut first = Vec::new();
        if with_header {
            first.extend_from_slice(proxy_header::proxy_header(peer, local).as_bytes());
        }
        first.extend_from_slice(&returned.early);
        let relay = Self {
            client: Client::new(socket)?,
            process: process.into(),
            to,
            is_connected: false,
            up: Pipe::with(first),
            down: Pipe::default(),
            idle_limit,
            deadline: Instant::now() + idle_limit,
        };
        Ok((relay, result))
    }

    /// Moves what can be moved.
    pub(crate) fn advance(mut self: Box<Self>, log: &Log) -> Outcome {
        if !self.is_connected {
            match self.check_connection() {
                Ok(true) => self.is_connected = true,
                Ok(false) => return Outcome::Wait(Task::Relay(self)),
                Err(error) => return self.refuse(&error, log),
            }
        }
        match self.carry() {
            Ok(()) if self.is_over() => Linger::begin(self.client.into_socket()),
            Ok(()) => Outcome::Wait(Task::Relay(self)),
            // The other side sees that the connection has ended without its end.
            Err(_) => Outcome::End,
        }
    }

    /// Ends the connection because nothing has moved for too long, or the agent stops.
    pub(crate) fn expire(self) {
        if self.down.is_empty() && !self.down.is_over() {
            let _ = self.client.end();
        }
    }

    pub(crate) fn deadline(&self) -> Instant {
        self.deadline
    }

    /// Returns whether it goes on at the next tick, without an event.
    pub(crate) fn waits_for_tick(&self) -> bool {
        self.down.is_over() && self.client.owes_fin()
    }

    /// Returns the client and the process, and what they are waited for.
    pub(crate) fn sides(&self) -> [(BorrowedFd<'_>, Interest); 2] {
        let (client, process) = (self.client.as_fd(), self.process.as_fd());
        if !self.is_connected {
            return [(client, Interest::NONE), (process, Interest::WRITE)];
        }
        let (up, down) = (&self.up, &self.down);
        [
            (client, Interest::new(up.wants_more(), down.wants_out())),
            (process, Interest::new(down.wants_more(), up.wants_out())),
        ]
    }

    fn is_over(&self) -> bool {
        self.up.is_over() && self.down.is_over() && !self.client.owes_fin()
    }

    /// Returns whether the process's kernel has accepted the connection.
    fn check_connection(&self) -> io::Result<bool> {
        if let Err(error) = sockopt::socket_error(&self.process)? {
            return Err(error.into());
        }
        match self.process.peer_addr() {
            Ok(_) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::NotConnected => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Moves bytes in both directions until nothing moves or the turn is over.
    fn carry(&mut self) -> io::Result<()> {
        if self.waits_for_tick() {
            self.client.shut()?;
        }
        for _ in 0..ROUNDS {
            let mut moved = self.up.fill(|room| self.client.receive(room))?;
            moved |= self.send_up();
            moved |= self.down.fill(|room| pipe::read(&self.process, room))?;
            moved |= self
                .down
                .drain(|bytes| self.client.send(bytes), || self.client.end())?;
            if !moved {
                return Ok(());
            }
            let limit = if self.down.is_over() {
                LINGER.min(self.idle_limit)
            } else {
                self.idle_limit
            };
            self.deadline = Instant::now() + limit;
        }
        Ok(())
    }

    /// Moves bytes to the process. If it reads no more, its response may still come.
    fn send_up(&mut self) -> bool {
        let result = self.up.drain(
            |bytes| (&self.process).write(bytes),
            || self.process.shutdown(Shutdown::Write),
        );
        result.unwrap_or_else(|_| {
            self.up.give_up();
            true
        })
    }

    /// Tells the client that the process does not accept the connection.
    fn refuse(mut self: Box<Self>, error: &io::Error, log: &Log) -> Outcome {
        log.peer(format_args!("relay to {}: {error}", self.to));
        self.is_connected = true;
        self.up.give_up();
        self.down = Pipe::last(UNAVAILABLE);
        self.advance(log)
    }
}
