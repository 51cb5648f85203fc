// SPDX-License-Identifier: GPL-2.0-only

//! Responses.

use super::{
    head_buffer::{
        HeadBuffer,
        LINES_ROOM, //
    },
    multipart::Multipart,
    range::{
        ByteRange,
        Ranges, //
    },
    status::Status,
    target::PathBuffer, //
};

/// Memory for the responses of one burst at a time. It is too large for a stack or a connection.
pub struct Scratch {
    path: PathBuffer,
    lines: [u8; LINES_ROOM],
    parts: Multipart<Ranges>,
}

impl Scratch {
    /// Creates empty scratch memory.
    pub const fn new() -> Scratch {
        Scratch {
            path: PathBuffer::new(),
            lines: [0; LINES_ROOM],
            parts: Multipart::new(),
        }
    }

    /// Returns the room for a burst, all of it free.
    #[inline]
    pub fn room(&mut self) -> ResponseRoom<'_> {
        ResponseRoom {
            path: &mut self.path,
            lines: HeadBuffer::new(&mut self.lines, &mut self.parts),
        }
    }
}

impl Default for Scratch {
    fn default() -> Scratch {
        Scratch::new()
    }
}

/// Room for what is rendered for the responses of a burst, which live together.
pub struct ResponseRoom<'a> {
    pub(super) path: &'a mut PathBuffer,
    pub(super) lines: HeadBuffer<'a>,
}

impl ResponseRoom<'_> {
    /// Returns whether there is room for any response. Otherwise the burst must end.
    #[inline]
    pub fn suffices(&self) -> bool {
        self.lines.has_room()
    }
}

/// A response to a request.
#[derive(Clone, Copy, Debug)]
pub struct Response<'a, B> {
    /// Status.
    pub status: Status,
    /// Head, in slices to be sent one after the other. Some may be empty.
    pub head: [&'a [u8]; 3],
    /// Content after the head.
    pub body: Body<'a, B>,
    /// Disposition of the connection after the response.
    pub disposition: Disposition,
}

impl<B> Response<'_, B> {
    /// Returns the length of the head in bytes.
    #[inline]
    pub fn head_length(&self) -> usize {
        self.head
            .iter()
            .fold(0, |sum, slice| sum.saturating_add(slice.len()))
    }
}

/// The content of a response.
#[derive(Clone, Copy, Debug)]
pub enum Body<'a, B> {
    /// No content.
    Empty,
    /// A short text.
    Text(&'a [u8]),
    /// A range of a stored content, or all of it.
    Slice(B, ByteRange),
    /// Several ranges of a stored content.
    Multipart(B, &'a Multipart<Ranges>),
}

impl<B> Body<'_, B> {
    /// Returns the length in bytes.
    pub fn length(&self) -> u64 {
        match self {
            Body::Empty => 0,
            Body::Text(text) => u64::try_from(text.len()).unwrap_or(u64::MAX),
            Body::Slice(_, range) => range.length(),
            Body::Multipart(_, multipart) => multipart.length(),
        }
    }
}

/// The disposition of a connection after a response.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Disposition {
    /// The connection persists.
    KeepAlive,
    /// The connection is closed once everything is sent: the client sends nothing more.
    Close,
    /// The connection lingers: the server closes its sending side, discards for a bounded time what
    /// still arrives, and then closes the connection. Without this, a reset could destroy the
    /// response before the client has read it (RFC 9112 section 9.6).
    Linger,
}
