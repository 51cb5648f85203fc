// SPDX-License-Identifier: GPL-2.0-only

//! Replies.

use super::{
    head_buffer::HeadBuffer,
    multipart::Multipart,
    range::ByteRange,
    status::Status,
    target::PathBuffer, //
};

/// Room for one reply at a time. It is large: it belongs neither on a stack nor to a connection.
pub struct Scratch {
    pub(super) path: PathBuffer,
    pub(super) lines: HeadBuffer,
}

impl Scratch {
    /// Empty room.
    pub const fn new() -> Scratch {
        Scratch {
            path: PathBuffer::new(),
            lines: HeadBuffer::new(),
        }
    }
}

impl Default for Scratch {
    fn default() -> Scratch {
        Scratch::new()
    }
}

/// What is sent in return for a request.
#[derive(Clone, Copy, Debug)]
pub struct Response<'a, B> {
    /// The status.
    pub status: Status,
    /// The head, in slices to be sent one after the other. Some may be empty.
    pub head: [&'a [u8]; 3],
    /// What follows the head.
    pub body: Body<'a, B>,
    /// What becomes of the connection.
    pub then: Disposition,
}

impl<B> Response<'_, B> {
    /// The length of the head in bytes.
    #[inline]
    pub fn head_length(&self) -> usize {
        self.head
            .iter()
            .fold(0, |sum, slice| sum.saturating_add(slice.len()))
    }
}

/// The content of a reply.
#[derive(Clone, Copy, Debug)]
pub enum Body<'a, B> {
    /// None.
    Empty,
    /// A short text.
    Text(&'a [u8]),
    /// A part of a stored content, or all of it.
    Slice(B, ByteRange),
    /// Several parts of a stored content.
    Multipart(B, &'a Multipart),
}

impl<B> Body<'_, B> {
    /// The length in bytes.
    pub fn length(&self) -> u64 {
        match self {
            Body::Empty => 0,
            Body::Text(text) => u64::try_from(text.len()).unwrap_or(u64::MAX),
            Body::Slice(_, range) => range.length(),
            Body::Multipart(_, multipart) => multipart.length(),
        }
    }
}

/// What becomes of the connection after a reply.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Disposition {
    /// It waits for the next request.
    KeepAlive,
    /// It is closed once everything is sent: nothing more can come that matters.
    Close,
    /// Its sending side is closed, what still comes is read and thrown away for a bounded time,
    /// then it is closed. Else a reset could destroy the reply before the client has read it (RFC
    /// 9112 section 9.6).
    Linger,
}
