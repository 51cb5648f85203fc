// SPDX-License-Identifier: GPL-2.0-only

//! The end of a connection: a socket that closes while bytes of the client are unread resets the
//! connection, and the client may lose what was sent to it last.

use std::io::{ErrorKind, Read};
use std::net::{Shutdown, TcpStream};
use std::os::fd::{AsFd, BorrowedFd};
use std::time::{Duration, Instant};

use crate::poller::Interest;
use crate::task::{Outcome, Task};

/// Time in which the client may end its direction.
const LIMIT: Duration = Duration::from_secs(2);
/// Bytes that are discarded at most.
const BYTES: usize = 1 << 18;

/// A connection whose direction to the client has ended.
#[derive(Debug)]
pub(crate) struct Linger {
    socket: TcpStream,
    bytes_left: usize,
    deadline: Instant,
}

impl Linger {
    /// Ends the direction to the client.
    pub(crate) fn begin(socket: TcpStream) -> Outcome {
        if socket.shutdown(Shutdown::Write).is_err() {
            return Outcome::End;
        }
        let deadline = Instant::now() + LIMIT;
        let bytes_left = BYTES;
        Self {
            socket,
            bytes_left,
            deadline,
        }
        .advance()
    }

    /// Discards what has come.
    pub(crate) fn advance(mut self) -> Outcome {
        let mut discarded = [0; 4096];
        while self.bytes_left > 0 {
            match self.socket.read(&mut discarded) {
                Ok(0) => break,
                Ok(count) => self.bytes_left = self.bytes_left.saturating_sub(count),
                Err(error) => match error.kind() {
                    ErrorKind::Interrupted => {}
                    ErrorKind::WouldBlock => return Outcome::Wait(Task::Linger(self)),
                    // With kTLS also for the client's close_notify.
                    _ => break,
                },
            }
        }
        Outcome::End
    }

    pub(crate) fn deadline(&self) -> Instant {
        self.deadline
    }

    pub(crate) fn side(&self) -> (BorrowedFd<'_>, Interest) {
        (self.socket.as_fd(), Interest::READ)
    }
}
