// SPDX-License-Identifier: GPL-2.0-only

//! The progress of a session.

use super::{
    process_address::ProcessAddress,
    response::Response, //
};

/// The next input of a connection, on which its timeout depends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SessionPhase {
    /// A request.
    Idle,
    /// The rest of a head.
    Head,
    /// The rest of a body, which is discarded.
    Body,
    /// None: the connection ends.
    Ended,
}

/// The destination of a request that a session can't respond to at once.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Deferral {
    /// A process, which takes the connection over.
    Process(ProcessAddress),
    /// A worker of the server, which renders the page of metrics that has this number.
    Metrics(u32),
}

/// A request that a session leaves to others.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct DeferredRequest {
    /// Destination.
    pub to: Deferral,
    /// Whether the request has a body, of which the client may send no more before the head is
    /// acknowledged (RFC 9293 section 3.7.4, Nagle's algorithm).
    pub has_body: bool,
}

/// The result of [`Session::receive`](super::session::Session::receive).
#[derive(Clone, Copy, Debug)]
pub struct Step<'a, B> {
    /// Number of bytes that the session consumed.
    pub consumed: usize,
    /// Response to send.
    pub response: Option<Response<'a, B>>,
    /// Whether the body of an earlier request is malformed, so that the next request cannot be
    /// found. Its response was sent before, so the connection ends without another, as after
    /// [`Disposition::Linger`](super::response::Disposition::Linger).
    pub broken: bool,
    /// The next request, if the session can't respond to it. Its head follows the consumed bytes.
    /// Nothing of it is consumed or counted, and the session stays before it: the caller hands the
    /// connection over, processes the request again with a site that has the page, or calls
    /// [`Session::refuse`](super::session::Session::refuse).
    pub deferred: Option<DeferredRequest>,
    /// Offset of the head that the response is to.
    pub(super) head_start: usize,
    /// Length of that head.
    pub(super) head_length: usize,
}

impl<B> Step<'_, B> {
    /// Creates a step without a response.
    pub(super) const fn silent(consumed: usize) -> Self {
        Step {
            consumed,
            response: None,
            broken: false,
            deferred: None,
            head_start: 0,
            head_length: 0,
        }
    }

    /// Creates a step before a request for others, whose head follows the consumed bytes.
    pub(super) fn deferred(request: DeferredRequest, consumed: usize) -> Self {
        Step {
            deferred: Some(request),
            ..Step::silent(consumed)
        }
    }

    /// Returns the head that the response is to, out of the bytes that the step was about. A head
    /// that was rejected may be malformed, and other bytes may follow it.
    #[inline]
    pub fn head<'b>(&self, bytes: &'b [u8]) -> &'b [u8] {
        let head = bytes.get(self.head_start..).unwrap_or_default();
        head.get(..self.head_length).unwrap_or(head)
    }
}
