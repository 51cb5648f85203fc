// SPDX-License-Identifier: GPL-2.0-only

//! The client's side of a relay, with kTLS or without.

use std::io::{self, ErrorKind, Write};
use std::net::{Shutdown, TcpStream};
use std::os::fd::{AsFd, BorrowedFd};

use super::{pipe, End};
use crate::sys::{Ktls, Received};

/// A client's connection.
#[derive(Debug)]
pub(super) struct Client {
    socket: TcpStream,
    is_tls: bool,
}

impl Client {
    pub(super) fn new(socket: TcpStream) -> io::Result<Self> {
        let is_tls = Ktls(socket.as_fd()).is_attached()?;
        Ok(Self { socket, is_tls })
    }

    /// Receives bytes.
    ///
    /// # Errors
    ///
    /// Those of the socket, and [`ErrorKind::InvalidData`] for a TLS record that ends the
    /// connection: an alert, or a message that only the TLS library could process.
    pub(super) fn receive(&self, room: &mut [u8]) -> io::Result<End> {
        if !self.is_tls {
            return pipe::read(&self.socket, room);
        }
        // A client may send empty records for ever; the next turn goes on.
        match Ktls(self.socket.as_fd()).receive(room)? {
            Received::Data(0) => Err(ErrorKind::WouldBlock.into()),
            Received::Data(count) => Ok(End::NotYet(count)),
            Received::CloseNotify | Received::End => Ok(End::Reached),
            Received::Other(_) => Err(ErrorKind::InvalidData.into()),
        }
    }

    /// Sends bytes; returns their number.
    pub(super) fn send(&self, bytes: &[u8]) -> io::Result<usize> {
        (&self.socket).write(bytes)
    }

    /// Ends the direction to the client.
    pub(super) fn end(&self) -> io::Result<()> {
        if self.is_tls {
            Ktls(self.socket.as_fd()).send_close_notify()?;
        }
        self.socket.shutdown(Shutdown::Write)
    }

    pub(super) fn into_socket(self) -> TcpStream {
        self.socket
    }
}

impl AsFd for Client {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}
