// SPDX-License-Identifier: GPL-2.0-only

//! The current time, and the last lines of a head.

use super::{
    date::{
        Timestamp,
        DATE_LENGTH, //
    },
    version::Version, //
};

/// The `Connection` field of a response (RFC 9112 section 9.3).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Persistence {
    /// No field: HTTP/1.1 persists by default.
    Implied,
    /// `keep-alive`: HTTP/1.0 persists only if both sides say so.
    Granted,
    /// `close`: the connection ends after this response.
    Ended,
}

impl Persistence {
    /// Returns the field with which the server tells whether the connection persists.
    #[inline]
    pub(super) const fn new(persists: bool, version: Version) -> Persistence {
        match (persists, version) {
            (false, _) => Persistence::Ended,
            (true, Version::Http10) => Persistence::Granted,
            (true, Version::Http11) => Persistence::Implied,
        }
    }
}

const CLOSE: &[u8; 19] = b"Connection: close\r\n";
const KEEP_ALIVE: &[u8; 24] = b"Connection: keep-alive\r\n";
const DATE: &[u8; 6] = b"Date: ";
const END: &[u8; 4] = b"\r\n\r\n";

/// Length of the line `Date` and of the end of the head.
const TAIL: usize = DATE.len() + DATE_LENGTH + END.len();

/// The current time and the last lines of a head, rendered once a second for all responses.
#[derive(Clone)]
pub struct Clock {
    now: Timestamp,
    close: [u8; CLOSE.len() + TAIL],
    keep_alive: [u8; KEEP_ALIVE.len() + TAIL],
}

impl Clock {
    /// Creates a clock that shows `seconds` since 1970.
    pub fn new(seconds: u64) -> Clock {
        let now = Timestamp(seconds);
        let date = now.render();
        Clock {
            now,
            close: join(CLOSE, &date),
            keep_alive: join(KEEP_ALIVE, &date),
        }
    }

    /// Returns the time that the clock shows.
    #[inline]
    pub const fn now(&self) -> Timestamp {
        self.now
    }

    /// Returns the last lines of a head: `Connection`, if any, `Date` (RFC 9110 section 6.6.1), and
    /// the empty line.
    #[inline]
    pub(super) fn tail(&self, persistence: Persistence) -> &[u8] {
        match persistence {
            Persistence::Implied => self
                .close
                .last_chunk::<TAIL>()
                .map_or(&[], <[u8; TAIL]>::as_slice),
            Persistence::Granted => &self.keep_alive,
            Persistence::Ended => &self.close,
        }
    }
}

/// Joins the lines at the end of a head.
fn join<const N: usize>(connection: &[u8], date: &[u8]) -> [u8; N] {
    let mut lines = [0; N];
    let parts = connection.iter().chain(DATE).chain(date).chain(END);
    lines
        .iter_mut()
        .zip(parts)
        .for_each(|(to, from)| *to = *from);
    lines
}

#[cfg(test)]
mod tests {
    use super::{Clock, Persistence};

    #[test]
    fn rfc9110_6_6_1_date_ends_every_head() {
        let clock = Clock::new(784_111_777);
        assert_eq!(
            clock.tail(Persistence::Implied),
            b"Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n\r\n"
        );
        assert_eq!(
            clock.tail(Persistence::Ended),
            b"Connection: close\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n\r\n"
        );
        assert_eq!(
            clock.tail(Persistence::Granted),
            b"Connection: keep-alive\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n\r\n"
        );
    }
}
