// SPDX-License-Identifier: GPL-2.0-only

//! Why a connection ends, for the tracepoint `khttpd_close`.

use kernel::prelude::*;

/// The reason why a connection ends.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum CloseReason {
    /// The client has sent FIN.
    ClientClosed,
    /// The client has reset the connection, or TCP has given it up.
    ClientReset,
    /// No request has begun in time.
    IdleTimeout,
    /// A head was not complete in time.
    HeadTimeout,
    /// A body was not complete in time.
    BodyTimeout,
    /// The client has not taken a response in time.
    SendTimeout,
    /// The response was the last: by a wish of the client, after an error, or at a limit.
    LastResponse,
    /// A body was malformed, so that the next request cannot be found.
    BrokenBody,
    /// A response could not be finished.
    SendFailed,
    /// A response belonged to a site that was retired.
    OldSite,
    /// Memory was short.
    Memory,
    /// The server drains, and the connection was idle.
    Draining,
    /// The server or the network namespace has ended, or has waited long enough.
    Stopped,
    /// An adopted connection has reached its age, or no task uses its namespace any more.
    Expired,
    /// Another user of the socket has made something else of it.
    Taken,
    /// A process has the connection.
    HandedOver,
    /// The client has given up by an alert of TLS.
    TlsAlert,
    /// A record of TLS was malformed, not authentic, or one that must not come.
    TlsRecord,
    /// The TLS agent could not have the connection.
    NoTlsAgent,
}

impl CloseReason {
    /// Returns the word for the reason.
    pub(super) const fn word(self) -> &'static CStr {
        match self {
            Self::ClientClosed => c"client-closed",
            Self::ClientReset => c"client-reset",
            Self::IdleTimeout => c"idle-timeout",
            Self::HeadTimeout => c"head-timeout",
            Self::BodyTimeout => c"body-timeout",
            Self::SendTimeout => c"send-timeout",
            Self::LastResponse => c"last-response",
            Self::BrokenBody => c"broken-body",
            Self::SendFailed => c"send-failed",
            Self::OldSite => c"old-site",
            Self::Memory => c"memory",
            Self::Draining => c"draining",
            Self::Stopped => c"stopped",
            Self::Expired => c"expired",
            Self::Taken => c"taken",
            Self::HandedOver => c"handed-over",
            Self::TlsAlert => c"tls-alert",
            Self::TlsRecord => c"tls-record",
            Self::NoTlsAgent => c"no-tls-agent",
        }
    }
}
