// SPDX-License-Identifier: GPL-2.0-only

//! Connections that come from processes, and go back to them.

use super::{
    conn::{
        AdoptedConnection,
        Returned,
        Timed, //
    },
    Server, //
};
use crate::sys::{
    device::PollCall,
    errno::ESHUTDOWN,
    tcp::SocketFile, //
};
use kernel::{
    fs::File,
    prelude::*, //
};

impl Server {
    /// Takes a connection over from a process. `early` are bytes that the process has read from it,
    /// and that come before those in the socket.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    ///
    /// # Errors
    ///
    /// `ESHUTDOWN` if the server is not started, `EBUSY` if no slot is free or the connection was
    /// adopted before, `ENOMEM`.
    pub(crate) fn adopt(&self, socket: SocketFile, early: KVec<u8>) -> Result {
        if !self.config.lock().started {
            return Err(ESHUTDOWN);
        }
        AdoptedConnection::adopt(&self.adopted, socket, early)
    }

    /// Adds a process that takes connections back, until [`Server::remove_reader`].
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    pub(crate) fn add_reader(&self) {
        self.adopted.returns().add_reader();
    }

    /// Removes a process that takes connections back.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    pub(crate) fn remove_reader(&self) {
        self.adopted
            .returns()
            .remove_reader(AdoptedConnection::kick);
    }

    /// Returns the first connection that goes back to a process, if that has room for `room` early
    /// bytes. With `wait` it waits for one; returns nothing when the server has ended.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    ///
    /// # Errors
    ///
    /// `EINVAL` if there is no room, `EAGAIN` without `wait`, `ERESTARTSYS` for a signal.
    pub(crate) fn take_back(&self, room: usize, wait: bool) -> Result<Option<Returned>> {
        AdoptedConnection::take_back(&self.adopted, room, wait)
    }

    /// Returns the events of the adopt node for `poll(2)`.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    pub(crate) fn poll_returns(&self, file: &File, poll: &PollCall<'_>) -> u32 {
        self.adopted.returns().poll(file, poll)
    }
}
