// SPDX-License-Identifier: GPL-2.0-only

//! The responses that leave by one call.

use super::{
    super::{
        limits::{
            BUDGET_PARTS,
            BURST_MAX,
            COPY_MAX,
            REQUEST_BUDGET, //
        },
        site_snapshot::SiteSnapshot, //
    },
    pending_response::indices, //
};
use crate::{
    site::BodyId,
    sys::tcp::{
        PieceRoom,
        Pieces, //
    }, //
};
use kernel::prelude::*;
use protocol::http::{
    Body,
    Clock,
    Resources,
    Response,
    ResponseRoom,
    Session,
    Step, //
};

/// The pieces of a response: three of its head, and a body that is copied.
const RESPONSE_PIECES: usize = 4;

/// Room for the pieces of all responses of a poll.
// CAST: Wider than 32 bits.
pub(super) type BurstRoom = PieceRoom<{ REQUEST_BUDGET as usize * RESPONSE_PIECES }>;

/// The responses to some requests, gathered to leave by one call.
pub(super) struct Burst<'a> {
    clock: &'a Clock,
    room: ResponseRoom<'a>,
    pieces: Pieces<'a>,
    /// The body of the last response, if it is not copied.
    tail: Body<'a, BodyId>,
}

impl<'a> Burst<'a> {
    /// Creates an empty burst.
    #[inline]
    pub(super) fn new(clock: &'a Clock, room: ResponseRoom<'a>, pieces: Pieces<'a>) -> Self {
        Self {
            clock,
            room,
            pieces,
            tail: Body::Empty,
        }
    }

    /// Returns whether the burst must be sent before another request is processed.
    #[inline]
    pub(super) fn is_full(&self) -> bool {
        self.pieces.len() >= BURST_MAX || !matches!(self.tail, Body::Empty) || !self.room.suffices()
    }

    /// Returns the number of requests that the parts of the last response cost as much as.
    #[inline]
    pub(super) fn part_cost(&self) -> u32 {
        match self.tail {
            Body::Multipart(_, multipart) => {
                u32::try_from(multipart.pieces() / BUDGET_PARTS).unwrap_or(u32::MAX)
            }
            _ => 0,
        }
    }

    /// Lets `session` process `bytes`. The response lives as long as the burst.
    #[inline]
    pub(super) fn process<S: Resources<Body = BodyId>>(
        &mut self,
        session: &mut Session,
        bytes: &[u8],
        site: &'a S,
    ) -> Step<'a, BodyId> {
        session.receive(bytes, site, self.clock, &mut self.room)
    }

    /// Lets `session` expire. The response lives as long as the burst.
    pub(super) fn expire(&mut self, session: &mut Session) -> Option<Response<'a, BodyId>> {
        session.expire(self.clock, &mut self.room)
    }

    /// Appends a response, whose body is one of `snapshot`.
    ///
    /// # Errors
    ///
    /// `ENOBUFS` if there is no room for its pieces.
    #[inline]
    pub(super) fn push(
        &mut self,
        response: &Response<'a, BodyId>,
        snapshot: &'a SiteSnapshot,
    ) -> Result {
        let text = match response.body {
            Body::Text(text) => text,
            Body::Slice(body, range) => {
                let content = snapshot.body(body).ok_or(EIO)?;
                let bytes = content.slice(&indices(range)?);
                bytes
                    .filter(|bytes| bytes.len() <= COPY_MAX)
                    .unwrap_or_else(|| {
                        self.tail = response.body;
                        &[]
                    })
            }
            Body::Multipart(..) => {
                self.tail = response.body;
                &[]
            }
            Body::Empty => &[],
        };
        let [a, b, c] = response.head;
        self.pieces.extend([a, b, c, text])
    }

    /// Returns the heads, and the bodies that are copied.
    #[inline]
    pub(super) fn pieces(&self) -> &Pieces<'a> {
        &self.pieces
    }

    /// Returns the body behind the pieces.
    #[inline]
    pub(super) fn tail(&self) -> &Body<'a, BodyId> {
        &self.tail
    }
}
