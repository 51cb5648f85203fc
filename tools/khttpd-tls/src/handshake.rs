// SPDX-License-Identifier: GPL-2.0-only

//! A handshake with a client.

use std::io::{self, ErrorKind, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls::{ServerConfig, ServerConnection};

use crate::handover::Handover;
use crate::linger::Linger;
use crate::log::Log;
use crate::poller::Interest;
use crate::record_reader::{NoRecord, RecordReader};
use crate::sys::{Keys, Ktls};
use crate::task::{Outcome, Task};

mod failure;

use failure::Failure;

/// Bytes of a client's side of a handshake, in which its certificates may be.
const BYTES_MAX: usize = 1 << 17;

/// Response to a request in plain text.
const USE_HTTPS: &[u8] = b"HTTP/1.1 400 Bad Request\r\n\
    Content-Type: text/plain\r\n\
    Content-Length: 58\r\n\
    Connection: close\r\n\
    \r\n\
    This port speaks HTTPS: use https:// instead of http://.\r\n";

/// A handshake.
#[derive(Debug)]
pub(crate) struct Handshake {
    socket: TcpStream,
    peer: SocketAddr,
    tls: ServerConnection,
    reader: RecordReader,
    bytes: usize,
    deadline: Instant,
}

impl Handshake {
    /// Begins a handshake on a connection, which never waits.
    pub(crate) fn begin(
        socket: TcpStream,
        peer: SocketAddr,
        settings: Arc<ServerConfig>,
        limit: Duration,
    ) -> io::Result<Self> {
        // The kernel refuses this later, if the client has ended its direction behind its request.
        Ktls(socket.as_fd()).attach()?;
        Ok(Self {
            socket,
            peer,
            tls: ServerConnection::new(settings).map_err(io::Error::other)?,
            reader: RecordReader::default(),
            bytes: 0,
            deadline: Instant::now() + limit,
        })
    }

    /// Goes on with what has come.
    pub(crate) fn advance(mut self: Box<Self>, log: &Log) -> Outcome {
        match self.shake() {
            Ok(()) => {}
            Err(Failure::NoRecord(NoRecord::Pending)) => {
                return Outcome::Wait(Task::Handshake(self));
            }
            Err(failure) => return self.fail(&failure, log),
        }
        let (peer, deadline) = (self.peer, self.deadline);
        match self.finish() {
            Ok(socket) => Outcome::Give(Handover::new(socket, deadline)),
            Err(error) => {
                log.peer(format_args!("{peer}: kTLS: {error}"));
                Outcome::End
            }
        }
    }

    /// Closes the connection because the client was too slow.
    pub(crate) fn expire(self, log: &Log) {
        // Browsers open connections in advance.
        if self.bytes > 0 || self.reader.has_begun() {
            log.peer(format_args!("{}: handshake: timed out", self.peer));
        }
    }

    pub(crate) fn deadline(&self) -> Instant {
        self.deadline
    }

    pub(crate) fn side(&self) -> (BorrowedFd<'_>, Interest) {
        let interest = if self.tls.wants_write() {
            Interest::WRITE
        } else {
            Interest::READ
        };
        (self.socket.as_fd(), interest)
    }

    /// Exchanges records until the handshake is complete and all is sent, session tickets too.
    fn shake(&mut self) -> Result<(), Failure> {
        loop {
            self.send()?;
            if !self.tls.is_handshaking() {
                return Ok(());
            }
            let record = self.reader.read(&self.socket)?;
            self.bytes += record.len();
            if self.bytes > BYTES_MAX {
                return Err(Failure::TooLong);
            }
            let mut rest = record.as_slice();
            while !rest.is_empty() {
                self.tls.read_tls(&mut rest)?;
                self.tls.process_new_packets()?;
            }
        }
    }

    /// Sends what rustls has to send.
    fn send(&mut self) -> Result<(), Failure> {
        while self.tls.wants_write() {
            match self.tls.write_tls(&mut &self.socket) {
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    return Err(NoRecord::Pending.into());
                }
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// Gives the keys to the kernel.
    fn finish(self: Box<Self>) -> io::Result<TcpStream> {
        let Self { socket, tls, .. } = *self;
        let version = tls.protocol_version();
        let secrets = tls.dangerous_extract_secrets().map_err(io::Error::other)?;
        let keys = version.and_then(|version| Keys::new(version, &secrets));
        let keys = keys.ok_or(ErrorKind::Unsupported)?;
        Ktls(socket.as_fd()).set_keys(&keys)?;
        Ok(socket)
    }

    /// Tells the client and the log why there is no connection.
    fn fail(mut self: Box<Self>, failure: &Failure, log: &Log) -> Outcome {
        if !failure.is_silent() {
            log.peer(format_args!("{}: handshake: {failure}", self.peer));
        }
        match failure {
            // The response fits into an empty send buffer.
            Failure::NoRecord(NoRecord::PlainHttp) => {
                let _ = (&self.socket).write_all(USE_HTTPS);
                Linger::begin(self.socket)
            }
            // rustls has made an alert.
            Failure::Tls(_) => {
                let _ = self.send();
                Linger::begin(self.socket)
            }
            _ => Outcome::End,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn response_to_plain_text_has_the_length_that_it_announces() {
        let text = String::from_utf8_lossy(USE_HTTPS);
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        let length = format!("Content-Length: {}", body.len());
        assert!(head.contains(&length), "{length}");
    }
}
