// SPDX-License-Identifier: GPL-2.0-only

//! One direction of a relay: bytes that one side has sent and the other has not taken yet.

use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;

/// Bytes of a call that reads, and of a pipe at rest.
const ROOM: usize = 1 << 14;

/// What a source has.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum End {
    /// This many bytes, one at least.
    NotYet(usize),
    /// No byte any more.
    Reached,
}

/// One direction.
#[derive(Debug, Default)]
pub(super) struct Pipe {
    bytes: Vec<u8>,
    /// Number of bytes in front that the sink has taken.
    taken: usize,
    source_has_ended: bool,
    is_over: bool,
}

/// Reads from a socket.
pub(super) fn read(mut socket: &TcpStream, room: &mut [u8]) -> io::Result<End> {
    Ok(match socket.read(room)? {
        0 => End::Reached,
        count => End::NotYet(count),
    })
}

/// Writes to a socket; returns the number of bytes that it has taken.
pub(super) fn write(mut socket: &TcpStream, bytes: &[u8]) -> io::Result<usize> {
    socket.write(bytes)
}

impl Pipe {
    /// Returns a pipe that has bytes already.
    pub(super) fn with(bytes: Vec<u8>) -> Self {
        Self {
            bytes,
            ..Self::default()
        }
    }

    /// Returns a pipe that has these bytes and gets no more.
    pub(super) fn last(bytes: &[u8]) -> Self {
        Self {
            bytes: bytes.to_vec(),
            source_has_ended: true,
            ..Self::default()
        }
    }

    /// Returns whether all bytes were taken.
    pub(super) fn is_empty(&self) -> bool {
        self.taken == self.bytes.len()
    }

    /// Returns whether the sink knows of the end.
    pub(super) fn is_over(&self) -> bool {
        self.is_over
    }

    /// Returns whether it is worth to wait for the source.
    pub(super) fn wants_more(&self) -> bool {
        self.is_empty() && !self.source_has_ended
    }

    /// Returns whether it is worth to wait for the sink.
    pub(super) fn wants_out(&self) -> bool {
        !self.is_over && (!self.is_empty() || self.source_has_ended)
    }

    /// Takes bytes from the source if there are none. Returns whether it has changed.
    pub(super) fn fill(
        &mut self,
        read: impl FnOnce(&mut [u8]) -> io::Result<End>,
    ) -> io::Result<bool> {
        if !self.wants_more() {
            return Ok(false);
        }
        self.taken = 0;
        self.bytes.resize(ROOM, 0);
        let result = read(&mut self.bytes);
        let count = match result {
            Ok(End::NotYet(count)) => count,
            _ => 0,
        };
        self.bytes.truncate(count);
        if self.bytes.is_empty() {
            // An idle relay has no buffers.
            self.bytes = Vec::new();
        }
        match result {
            Err(error) => without_waiting(error).map(|()| false),
            Ok(end) => {
                self.source_has_ended = end == End::Reached;
                Ok(true)
            }
        }
    }

    /// Gives bytes, or the end, to the sink. Returns whether it has changed.
    pub(super) fn drain(
        &mut self,
        write: impl FnOnce(&[u8]) -> io::Result<usize>,
        end: impl FnOnce() -> io::Result<()>,
    ) -> io::Result<bool> {
        if !self.wants_out() {
            return Ok(false);
        }
        let result = match self.bytes.get(self.taken..) {
            Some(rest) if !rest.is_empty() => write(rest).map(|count| self.taken += count),
            _ => end().map(|()| self.is_over = true),
        };
        match result {
            Ok(()) => Ok(true),
            Err(error) => without_waiting(error).map(|()| false),
        }
    }

    /// Discards what comes, because the sink takes nothing any more.
    pub(super) fn give_up(&mut self) {
        *self = Self {
            source_has_ended: true,
            is_over: true,
            ..Self::default()
        };
    }
}

/// Passes errors on, but not those that say that a call would wait.
fn without_waiting(error: io::Error) -> io::Result<()> {
    match error.kind() {
        ErrorKind::WouldBlock | ErrorKind::Interrupted => Ok(()),
        _ => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_then_the_end_reach_the_sink_in_order() -> io::Result<()> {
        let mut pipe = Pipe::with(b"abc".to_vec());
        assert!(!pipe.wants_more() && pipe.wants_out());
        let not_yet = || unreachable!("the end comes last");
        assert!(pipe.drain(|bytes| Ok(bytes.len() - 1), not_yet)?);
        assert!(pipe.drain(
            |bytes| {
                assert_eq!(bytes, b"c");
                Ok(1)
            },
            not_yet
        )?);
        assert!(pipe.is_empty() && pipe.wants_more() && !pipe.wants_out());
        let would_wait = |_: &mut [u8]| Err(ErrorKind::WouldBlock.into());
        assert!(!pipe.fill(would_wait)?);
        assert!(pipe.fill(|_| Ok(End::Reached))?);
        assert!(!pipe.wants_more() && pipe.wants_out() && !pipe.is_over());
        assert!(pipe.drain(|_| unreachable!("no bytes"), || Ok(()))?);
        assert!(pipe.is_over() && !pipe.wants_out());
        Ok(())
    }

    #[test]
    fn source_is_not_read_before_the_sink_has_taken_all() -> io::Result<()> {
        let mut pipe = Pipe::default();
        assert!(pipe.fill(|room| {
            room[..2].copy_from_slice(b"xy");
            Ok(End::NotYet(2))
        })?);
        assert!(!pipe.fill(|_| unreachable!("it has bytes"))?);
        Ok(())
    }

    #[test]
    fn error_of_a_side_is_passed_on() {
        let mut pipe = Pipe::with(b"abc".to_vec());
        let reset = |_: &[u8]| Err(ErrorKind::ConnectionReset.into());
        assert!(pipe.drain(reset, || Ok(())).is_err());
    }
}
