// SPDX-License-Identifier: GPL-2.0-only

//! The client's side of a relay, with kTLS or without.

use std::io::{self, ErrorKind};
use std::net::{Shutdown, TcpStream};
use std::os::fd::{AsFd, BorrowedFd};

use rustix::event::{self, PollFd, PollFlags, Timespec};

use super::{pipe, End};
use crate::sys::{self, Ktls, Received};

/// A client's connection.
#[derive(Debug)]
pub(super) struct Client {
    socket: TcpStream,
    is_tls: bool,
    /// Whether [`Self::end`] does not end TCP's direction to the client.
    owes_fin: bool,
}

impl Client {
    pub(super) fn new(socket: TcpStream) -> io::Result<Self> {
        let is_tls = Ktls(socket.as_fd()).is_attached()?;
        Ok(Self {
            socket,
            is_tls,
            owes_fin: is_tls,
        })
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
        pipe::write(&self.socket, bytes)
    }

    /// Ends the direction to the client: with TLS, by `close_notify` alone. kTLS takes records for
    /// which TCP has no room, and a FIN would overtake them; [`Self::shut`] follows.
    ///
    /// # Errors
    ///
    /// Those of the socket, and [`ErrorKind::WouldBlock`] while TCP has no room.
    pub(super) fn end(&self) -> io::Result<()> {
        if !self.is_tls {
            return self.socket.shutdown(Shutdown::Write);
        }
        let mut polled = [PollFd::new(&self.socket, PollFlags::OUT)];
        if event::poll(&mut polled, Some(&Timespec::default()))? == 0 {
            return Err(ErrorKind::WouldBlock.into());
        }
        Ktls(self.socket.as_fd()).send_close_notify()
    }

    /// Ends TCP's direction to the client, after [`Self::end`], once the client has all. No event
    /// tells when that is.
    pub(super) fn shut(&mut self) -> io::Result<()> {
        if self.owes_fin && sys::unacknowledged(self.socket.as_fd())? == 0 {
            self.owes_fin = false;
            return self.socket.shutdown(Shutdown::Write);
        }
        Ok(())
    }

    /// Returns whether TCP's direction to the client has not ended with [`Self::end`].
    pub(super) fn owes_fin(&self) -> bool {
        self.owes_fin
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
