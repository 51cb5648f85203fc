// SPDX-License-Identifier: GPL-2.0-only

//! Giving a connection to a process.

use super::{
    super::{
        limits::DISCARD_MAX,
        stats::Count, //
    },
    close_reason::CloseReason,
    connection_table::TableEntry,
    timing::Timed,
    Connection, //
};
use crate::sys::{
    tcp::{
        Guard,
        HandOverError,
        Receiver, //
    },
    trace, //
};
use core::net::{
    IpAddr,
    Ipv4Addr,
    Ipv6Addr,
    SocketAddr, //
};
use kernel::{
    prelude::*,
    sync::Arc, //
};
use protocol::{
    http::ProcessAddress,
    log::LogRecord, //
};

impl Connection {
    /// Gives the connection to `process` after `requests`, or responds that the process can't have it.
    /// The phase is [`HandOver`](super::state::ConnPhase::HandOver), so that no other task closes the
    /// connection meanwhile. `record` is that of the request.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    pub(super) fn hand_over(
        self: &Arc<Self>,
        process: ProcessAddress,
        requests: u32,
        record: Option<KBox<LogRecord>>,
    ) {
        let to = SocketAddr::new(self.listen_address(process), process.port.get());
        let result = self.stream.hand_over(to, process.uid);
        let event = result.as_ref().map_or_else(count, |()| Count::HandedOver);
        self.core().counters.increment(event);
        let word = result.as_ref().map_or_else(word, |()| c"ok");
        trace::hand_over(self.stream.sock(), process.port.get(), word);
        match result {
            Ok(()) => {
                if let Some(record) = record {
                    self.core().log.hand_over(record);
                }
                self.trace_close(CloseReason::HandedOver, false, requests);
                self.leave();
            }
            Err(HandOverError::Lost) => Self::abort(self),
            Err(e) => self.refuse(e, record.is_some()),
        }
    }

    /// Returns the address at which the process listens: a loopback address of the client's family,
    /// unless another is given.
    fn listen_address(&self, process: ProcessAddress) -> IpAddr {
        match process.address {
            Some(address) if !address.is_unspecified() => address.to_canonical(),
            _ if self.stream.is_ipv4() => Ipv4Addr::LOCALHOST.into(),
            _ => Ipv6Addr::LOCALHOST.into(),
        }
    }

    /// Has the request that no process takes answered, or closes the connection that the TLS agent
    /// can't have. `has_record` tells whether the hand-over of the request would have got a line in the
    /// access log.
    fn refuse(self: &Arc<Self>, e: HandOverError, has_record: bool) {
        // The next poll sets it. The time for the head may be over, but the head is complete.
        self.timing.suspend();
        // If a process owns the socket, the worker tries once more to hand it over, without a record.
        if let Some(mut guard) = self.stream.try_lock() {
            if guard.is_for_agent() {
                return self.turn_away(&mut guard, e);
            }
            guard.resume(true);
        } else if has_record {
            self.core().log.count_lost(1);
        }
        self.kick();
    }

    /// Closes a connection that the TLS agent can't have.
    fn turn_away(self: &Arc<Self>, guard: &mut Guard<'_, Self>, e: HandOverError) {
        // A client that ends its connection is no failure of the agent.
        if !matches!(e, HandOverError::Closing) {
            self.core().counters.increment(Count::TlsRefused);
            self.core()
                .tls_agent
                .note_refusal(explanation(e), guard.bh());
        }
        // TCP would reset the connection if bytes were unread.
        guard.discard(DISCARD_MAX);
        let action = guard.close(CloseReason::NoTlsAgent);
        Self::carry_out(self.as_arc_borrow(), guard, action);
    }
}

/// Returns the event that a refused hand-over is counted as.
fn count(e: &HandOverError) -> Count {
    match e {
        HandOverError::NoListener => Count::NoListener,
        HandOverError::QueueFull => Count::QueueFull,
        HandOverError::KernelSocket => Count::KernelSocket,
        HandOverError::WrongFamily => Count::WrongFamily,
        HandOverError::WrongUser => Count::WrongUser,
        HandOverError::Closing | HandOverError::Lost => Count::HandOverClosing,
        HandOverError::NoMemory => Count::HandOverShort,
    }
}

/// Returns the word for a refused hand-over, for the tracepoint `khttpd_hand_over`.
fn word(e: &HandOverError) -> &'static CStr {
    match e {
        HandOverError::NoListener => c"no-listener",
        HandOverError::QueueFull => c"queue-full",
        HandOverError::KernelSocket => c"kernel-socket",
        HandOverError::WrongFamily => c"wrong-family",
        HandOverError::WrongUser => c"wrong-user",
        HandOverError::Closing => c"closing",
        HandOverError::NoMemory => c"memory",
        HandOverError::Lost => c"lost",
    }
}

/// Returns the explanation of a refused hand-over, for the kernel's log.
fn explanation(e: HandOverError) -> &'static str {
    match e {
        HandOverError::NoListener => "no process listens there",
        HandOverError::QueueFull => "its accept queue is full",
        HandOverError::KernelSocket => "a socket of the kernel listens there",
        HandOverError::WrongFamily => "it listens with a socket of the other family",
        HandOverError::WrongUser => "its socket belongs to another user",
        HandOverError::Closing => "the client ends the connection",
        HandOverError::NoMemory => "memory is short",
        HandOverError::Lost => "BPF has taken the connection",
    }
}
