// SPDX-License-Identifier: GPL-2.0-only

//! A client: one connection with one request under way.

use std::io::{Error, ErrorKind, Result, Write};
use std::mem;
use std::net::{SocketAddr, TcpStream};
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

use httparse::{Response, Status, EMPTY_HEADER};
use rustix::buffer::spare_capacity;
use rustix::event::epoll::{self, EventData, EventFlags};
use rustix::io::Errno;
use rustix::net::{self, AddressFamily, SocketFlags, SocketType};

/// Least number of bytes that are read at once, more than a small response has.
const READ_SIZE: usize = 4096;

/// Maximal number of fields in a response.
const FIELDS: usize = 32;

/// A wait for a response, until its last byte.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wait {
    /// Set if the response is the connection's first: the wait begins with `connect()`. Any other
    /// wait begins when the request is sent.
    pub(crate) is_first: bool,
    pub(crate) duration: Duration,
}

/// A client.
pub(crate) struct Client {
    stream: TcpStream,
    /// Number for `epoll`.
    data: EventData,
    is_connected: bool,
    /// Set until the first response is complete.
    is_new: bool,
    /// Time at which the wait began.
    begin: Instant,
    /// The part of the response that has arrived.
    response: Vec<u8>,
}

impl Client {
    /// Begins to connect. `epoll` reports the client by its number.
    pub(crate) fn connect(address: SocketAddr, epoll: &OwnedFd, number: u32) -> Result<Self> {
        let family = match address {
            SocketAddr::V4(_) => AddressFamily::INET,
            SocketAddr::V6(_) => AddressFamily::INET6,
        };
        let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
        let socket = net::socket_with(family, SocketType::STREAM, flags, None)?;
        let begin = Instant::now();
        match net::connect(&socket, &address) {
            Ok(()) | Err(Errno::INPROGRESS) => {}
            Err(error) => return Err(error.into()),
        }
        let data = EventData::new_u64(number.into());
        epoll::add(epoll, &socket, data, EventFlags::OUT)?;
        Ok(Self {
            stream: socket.into(),
            data,
            is_connected: false,
            is_new: true,
            begin,
            response: Vec::new(),
        })
    }

    /// Sends the next request.
    pub(crate) fn send(&mut self, request: &[u8]) -> Result<()> {
        self.begin = Instant::now();
        self.stream.write_all(request)
    }

    /// Sends the first request when the client is connected, and receives a part of the response
    /// later. Returns the wait when the response is complete.
    pub(crate) fn on_ready(&mut self, epoll: &OwnedFd, request: &[u8]) -> Result<Option<Wait>> {
        if self.is_connected {
            return self.receive();
        }
        self.stream.write_all(request)?;
        self.is_connected = true;
        epoll::modify(epoll, &self.stream, self.data, EventFlags::IN)?;
        Ok(None)
    }

    fn receive(&mut self) -> Result<Option<Wait>> {
        self.response.reserve(READ_SIZE);
        if rustix::io::read(&self.stream, spare_capacity(&mut self.response))? == 0 {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        let duration = self.begin.elapsed();
        match length(&self.response)? {
            Some(length) if length == self.response.len() => {}
            Some(length) if length < self.response.len() => {
                return Err(Error::other("more than one response to a request"));
            }
            _ => return Ok(None),
        }
        self.response.clear();
        Ok(Some(Wait {
            is_first: mem::replace(&mut self.is_new, false),
            duration,
        }))
    }
}

/// Computes the length of a response in bytes, or returns [`None`] while its head is not complete.
fn length(response: &[u8]) -> Result<Option<usize>> {
    let mut fields = [EMPTY_HEADER; FIELDS];
    let mut head = Response::new(&mut fields);
    let unexpected = || Error::other(String::from_utf8_lossy(response));
    let Status::Complete(size) = head.parse(response).map_err(|_| unexpected())? else {
        return Ok(None);
    };
    let field = |name: &str| {
        let mut fields = head.headers.iter();
        let field = fields.find(|field| field.name.eq_ignore_ascii_case(name))?;
        std::str::from_utf8(field.value).ok()
    };
    match field("content-length").map(str::parse::<usize>) {
        Some(Ok(content)) if head.code == Some(200) => Ok(Some(size.saturating_add(content))),
        _ => Err(unexpected()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn length_includes_head_and_content() -> Result<()> {
        let head = b"HTTP/1.1 200 OK\r\ncontent-length: 612\r\n\r\n";
        assert_eq!(length(head)?, Some(head.len() + 612));
        assert_eq!(length(b"HTTP/1.1 200 OK\r\nContent-Length: 612\r\n")?, None);
        Ok(())
    }

    #[test]
    fn length_requires_success_and_content_length() {
        assert!(length(b"HTTP/1.1 404 Not Found\r\nContent-Length: 1\r\n\r\n").is_err());
        assert!(length(b"HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n").is_err());
        assert!(length(b"HTTP/1.1 200 OK\r\n\r\n").is_err());
        assert!(length(b"SSH-2.0-OpenSSH\r\n").is_err());
    }
}
