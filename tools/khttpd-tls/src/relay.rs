// SPDX-License-Identifier: GPL-2.0-only

//! A connection that khttpd has returned, and the process that answers its requests.

use std::io::{self, ErrorKind};
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
    /// The connection to the process, unless it was refused.
    process: Option<TcpStream>,
    /// Address of the process, for the log.
    to: String,
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
        let (mut relay, address) = match Self::new(returned, idle_limit, with_header) {
            Ok(relay) => relay,
            // The client has gone already.
            Err(error) => {
                log.peer(format_args!("relay to {to}: {error}"));
                return Outcome::End;
            }
        };
        match connect(address) {
            Ok(process) => {
                relay.process = Some(process);
                Outcome::Wait(Task::Relay(relay))
            }
            Err(error) => relay.refuse(&error.into(), log),
        }
    }

    /// Returns a relay that has no process yet, and the address of the process.
    fn new(
        returned: Returned,
        idle_limit: Duration,
        with_header: bool,
    ) -> io::Result<(Box<Self>, Option<SocketAddr>)> {
        let socket = TcpStream::from(returned.connection);
        socket.set_nonblocking(true)?;
        let (peer, local) = (socket.peer_addr()?, socket.local_addr()?);
        let address = address::process_address(&returned.to, peer.ip());
        let mut first = Vec::new();
        if with_header {
            first.extend_from_slice(proxy_header::proxy_header(peer, local).as_bytes());
        }
        first.extend_from_slice(&returned.early);
        let relay = Self {
            client: Client::new(socket)?,
            process: None,
            to: address.map_or(returned.to, |address| address.to_string()),
            is_connected: false,
            up: Pipe::with(first),
            down: Pipe::default(),
            idle_limit,
            deadline: Instant::now() + idle_limit,
        };
        Ok((Box::new(relay), address))
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
    pub(crate) fn sides(&self) -> [Option<(BorrowedFd<'_>, Interest)>; 2] {
        let (up, down) = (&self.up, &self.down);
        let (of_client, of_process) = if self.is_connected {
            (
                Interest::new(up.wants_more(), down.wants_out()),
                Interest::new(down.wants_more(), up.wants_out()),
            )
        } else {
            (Interest::NONE, Interest::WRITE)
        };
        let process = self.process.as_ref();
        [
            Some((self.client.as_fd(), of_client)),
            process.map(|process| (process.as_fd(), of_process)),
        ]
    }

    fn is_over(&self) -> bool {
        self.up.is_over() && self.down.is_over() && !self.client.owes_fin()
    }

    /// Returns whether the process's kernel has accepted the connection.
    fn check_connection(&self) -> io::Result<bool> {
        let process = self.process.as_ref().ok_or(ErrorKind::NotConnected)?;
        if let Err(error) = sockopt::socket_error(process)? {
            return Err(error.into());
        }
        match process.peer_addr() {
            Ok(_) => Ok(true),
            Err(error) if error.kind() == ErrorKind::NotConnected => Ok(false),
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
            if let Some(process) = &self.process {
                moved |= send_up(&mut self.up, process);
                moved |= self.down.fill(|room| pipe::read(process, room))?;
            }
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

    /// Tells the client that the process does not accept the connection.
    fn refuse(mut self: Box<Self>, error: &io::Error, log: &Log) -> Outcome {
        log.peer(format_args!("relay to {}: {error}", self.to));
        self.is_connected = true;
        self.process = None;
        self.up.give_up();
        self.down = Pipe::last(UNAVAILABLE);
        self.advance(log)
    }
}

/// Begins to connect to the process, if its address could be read.
fn connect(to: Option<SocketAddr>) -> Result<TcpStream, Errno> {
    let to = to.ok_or(Errno::INVAL)?;
    let family = if to.is_ipv4() {
        AddressFamily::INET
    } else {
        AddressFamily::INET6
    };
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let process = net::socket_with(family, SocketType::STREAM, flags, None)?;
    sockopt::set_tcp_nodelay(&process, true)?;
    match net::connect(&process, &to) {
        Ok(()) | Err(Errno::INPROGRESS) => Ok(process.into()),
        Err(error) => Err(error),
    }
}

/// Moves bytes to the process. If it reads no more, its response may still come.
fn send_up(up: &mut Pipe, process: &TcpStream) -> bool {
    let result = up.drain(
        |bytes| pipe::write(process, bytes),
        || process.shutdown(Shutdown::Write),
    );
    result.unwrap_or_else(|_| {
        up.give_up();
        true
    })
}
