// SPDX-License-Identifier: GPL-2.0-only

//! The bytes of a client's connection: TCP, or TLS over it.

use std::io::{Error, ErrorKind, Read, Result, Write};
use std::net::TcpStream;

use rustix::buffer::spare_capacity;
use rustls::ClientConnection;
use stream::Trust;

/// Least number of bytes that are read at once, more than any small response has.
const READ_SIZE: usize = 1 << 16;

/// A connection that does not block.
pub(crate) struct Wire {
    pub(crate) tcp: TcpStream,
    tls: Option<ClientConnection>,
}

impl Wire {
    /// Takes a socket that connects, for TLS if there is a trust.
    pub(crate) fn new(tcp: TcpStream, trust: Option<&Trust>) -> Result<Self> {
        let tls = trust.map(Trust::connection).transpose()?;
        Ok(Self { tcp, tls })
    }

    /// Sends `bytes`, which fit into the socket's buffer. In TLS they follow the handshake.
    pub(crate) fn send(&mut self, bytes: &[u8]) -> Result<()> {
        let Some(tls) = &mut self.tls else {
            return self.tcp.write_all(bytes);
        };
        tls.writer().write_all(bytes)?;
        flush(tls, &mut self.tcp)
    }

    /// Reads once and appends to `bytes`. A handshake under way goes on, and appends nothing. An
    /// end is an error.
    pub(crate) fn receive(&mut self, bytes: &mut Vec<u8>) -> Result<()> {
        let Some(tls) = &mut self.tls else {
            bytes.reserve(READ_SIZE);
            return match rustix::io::read(&self.tcp, spare_capacity(bytes))? {
                0 => Err(ErrorKind::UnexpectedEof.into()),
                _ => Ok(()),
            };
        };
        if tls.read_tls(&mut self.tcp)? == 0 {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        tls.process_new_packets().map_err(Error::other)?;
        flush(tls, &mut self.tcp)?;
        match tls.reader().read_to_end(bytes) {
            Err(error) if error.kind() != ErrorKind::WouldBlock => Err(error),
            _ => Ok(()),
        }
    }
}

/// Sends what the connection has to send.
fn flush(tls: &mut ClientConnection, tcp: &mut TcpStream) -> Result<()> {
    while tls.wants_write() {
        tls.write_tls(tcp)?;
    }
    Ok(())
}
