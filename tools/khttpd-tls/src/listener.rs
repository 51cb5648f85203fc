// SPDX-License-Identifier: GPL-2.0-only

//! A listener, to whose accept queue khttpd moves connections.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::os::fd::{AsFd, BorrowedFd};

use rustix::io::Errno;
use rustix::net::{self, sockopt, AddressFamily, SocketFlags, SocketType};

use crate::config::ListenAddress;

/// A listening socket that all workers share.
#[derive(Debug)]
pub(crate) struct Listener {
    address: SocketAddr,
    socket: TcpListener,
}

impl Listener {
    /// Listens at an address. Returns [`None`] if the machine does not have it and need not.
    pub(crate) fn bind(at: ListenAddress, backlog: i32) -> io::Result<Option<Self>> {
        match Self::bind_socket(at.address, backlog) {
            Ok(socket) => Ok(Some(Self {
                address: at.address,
                socket,
            })),
            Err(Errno::AFNOSUPPORT | Errno::ADDRNOTAVAIL) if at.optional => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    fn bind_socket(address: SocketAddr, backlog: i32) -> Result<TcpListener, Errno> {
        let family = if address.is_ipv4() {
            AddressFamily::INET
        } else {
            AddressFamily::INET6
        };
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        let socket = net::socket_with(family, SocketType::STREAM, flags, None)?;
        // A new process can listen while connections of the last one are in TIME_WAIT.
        sockopt::set_socket_reuseaddr(&socket, true)?;
        if address.is_ipv6() {
            sockopt::set_ipv6_v6only(&socket, true)?;
        }
        net::bind(&socket, &address)?;
        net::listen(&socket, backlog)?;
        Ok(socket.into())
    }

    /// Returns the address that it was bound to.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Returns its socket, which never waits.
    pub(crate) fn socket(&self) -> &TcpListener {
        &self.socket
    }
}

impl AsFd for Listener {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}
