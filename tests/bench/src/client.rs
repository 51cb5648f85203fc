// SPDX-License-Identifier: GPL-2.0-only

//! A client: one connection at a time, and a closed loop of requests.

use std::io::{Error, Result};
use std::mem;
use std::net::{SocketAddr, TcpStream};
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

use rustix::event::epoll::{self, EventData, EventFlags};
use rustix::io::Errno;
use rustix::net::{self, AddressFamily, SocketFlags, SocketType};
use stream::Trust;

use crate::requests::Requests;
use crate::responses::Responses;
use crate::wire::Wire;

/// A wait for a response, until its last byte.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wait {
    /// Set if the response is the client's first.
    pub(crate) is_first: bool,
    /// Time of `connect()` if the connection is new, and else of sending the request.
    pub(crate) begin: Instant,
    pub(crate) duration: Duration,
}

/// A client.
pub(crate) struct Client {
    address: SocketAddr,
    /// Trust in the server's certificate, for TLS.
    trust: Option<Trust>,
    wire: Wire,
    /// Number for `epoll`.
    data: EventData,
    is_connected: bool,
    /// Set until the first response is complete.
    is_new: bool,
    /// Time at which the waits began.
    begin: Instant,
    responses: Responses,
    /// Number of requests without a complete response. The server drops them if it closes the
    /// connection.
    pending: u32,
}

impl Client {
    /// Begins to connect. `epoll` reports the client by its number.
    pub(crate) fn connect(
        address: SocketAddr,
        trust: Option<Trust>,
        epoll: &OwnedFd,
        number: u32,
    ) -> Result<Self> {
        let begin = Instant::now();
        let data = EventData::new_u64(number.into());
        Ok(Self {
            address,
            wire: Wire::new(connect(address, epoll, data)?, trust.as_ref())?,
            trust,
            data,
            is_connected: false,
            is_new: true,
            begin,
            responses: Responses::default(),
            pending: 0,
        })
    }

    /// Tells whether the client waits for its first response.
    pub(crate) fn is_new(&self) -> bool {
        self.is_new
    }

    /// Returns the wait so far of a client without any response.
    pub(crate) fn unserved(&self) -> Option<Wait> {
        self.is_new.then(|| Wait {
            is_first: true,
            begin: self.begin,
            duration: self.begin.elapsed(),
        })
    }

    /// Sends the next requests, or connects for them if the server closes the connection.
    pub(crate) fn go_on(&mut self, epoll: &OwnedFd, requests: &mut Requests) -> Result<()> {
        self.begin = Instant::now();
        if self.responses.is_at_end {
            let stream = connect(self.address, epoll, self.data)?;
            self.wire = Wire::new(stream, self.trust.as_ref())?;
            self.is_connected = false;
            self.responses = Responses::default();
            return Ok(());
        }
        self.send(requests)
    }

    /// Makes `epoll` ignore the client.
    pub(crate) fn stop(&self, epoll: &OwnedFd) -> Result<()> {
        Ok(epoll::delete(epoll, &self.wire.tcp)?)
    }

    /// Sends the first requests when the client is connected, and receives responses later. Adds
    /// their waits to `waits` and tells whether it was the last one.
    pub(crate) fn on_ready(
        &mut self,
        epoll: &OwnedFd,
        requests: &mut Requests,
        waits: &mut Vec<Wait>,
    ) -> Result<bool> {
        if self.is_connected {
            return self.receive(requests.status, waits);
        }
        self.send(requests)?;
        self.is_connected = true;
        epoll::modify(epoll, &self.wire.tcp, self.data, EventFlags::IN)?;
        Ok(false)
    }

    fn send(&mut self, requests: &mut Requests) -> Result<()> {
        self.pending = requests.depth;
        self.wire.send(requests.next())
    }

    fn receive(&mut self, status: u16, waits: &mut Vec<Wait>) -> Result<bool> {
        let count = self.responses.receive(&mut self.wire, status)?;
        let duration = self.begin.elapsed();
        let pending = self.pending.checked_sub(count);
        self.pending = pending.ok_or_else(|| Error::other("more responses than requests"))?;
        waits.extend((0..count).map(|_| Wait {
            is_first: mem::replace(&mut self.is_new, false),
            begin: self.begin,
            duration,
        }));
        Ok(self.pending == 0 || self.responses.is_at_end)
    }
}

fn connect(address: SocketAddr, epoll: &OwnedFd, data: EventData) -> Result<TcpStream> {
    let family = match address {
        SocketAddr::V4(_) => AddressFamily::INET,
        SocketAddr::V6(_) => AddressFamily::INET6,
    };
    let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
    let socket = net::socket_with(family, SocketType::STREAM, flags, None)?;
    match net::connect(&socket, &address) {
        Ok(()) | Err(Errno::INPROGRESS) => {}
        Err(error) => return Err(error.into()),
    }
    epoll::add(epoll, &socket, data, EventFlags::OUT)?;
    Ok(socket.into())
}
