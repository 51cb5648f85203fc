// SPDX-License-Identifier: GPL-2.0-only

//! Reasons why a handshake does not succeed.

use std::fmt;
use std::io;

use crate::record_reader::NoRecord;

/// The reason why a handshake does not go on.
#[derive(Debug)]
pub(super) enum Failure {
    /// There is no record.
    NoRecord(NoRecord),
    /// The client has sent more than any handshake needs.
    TooLong,
    /// The client has violated the protocol, has sent an alert, or has nothing in common with us.
    Tls(rustls::Error),
    /// The socket failed.
    Socket(io::Error),
}

impl Failure {
    /// Returns whether it is ordinary: a client that connects and goes away, as browsers and load
    /// balancers do.
    pub(super) fn is_silent(&self) -> bool {
        matches!(self, Self::NoRecord(NoRecord::End { silent: true }))
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoRecord(NoRecord::Pending) => f.write_str("unfinished"),
            Self::NoRecord(NoRecord::End { .. }) => f.write_str("ended by the client"),
            Self::NoRecord(NoRecord::PlainHttp) => f.write_str("HTTP without TLS"),
            Self::NoRecord(NoRecord::TooLong) => f.write_str("record too long"),
            Self::NoRecord(NoRecord::Failed(kind)) => write!(f, "{kind}"),
            Self::TooLong => f.write_str("too many bytes"),
            Self::Tls(error) => write!(f, "{error}"),
            Self::Socket(error) => write!(f, "{error}"),
        }
    }
}

impl From<NoRecord> for Failure {
    fn from(reason: NoRecord) -> Self {
        Self::NoRecord(reason)
    }
}

impl From<rustls::Error> for Failure {
    fn from(error: rustls::Error) -> Self {
        Self::Tls(error)
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Socket(error)
    }
}
