// SPDX-License-Identifier: GPL-2.0-only

//! The rest of a response that waits for space in the send buffer.

use super::{
    super::site_snapshot::SiteSnapshot,
    close_reason::CloseReason, //
};
use crate::{
    site::BodyId,
    sys::{
        errno::ENOBUFS,
        tcp::Pieces, //
    }, //
};
use core::ops::Range;
use kernel::{
    prelude::*,
    sync::Arc, //
};
use protocol::http::{
    ByteRange,
    Disposition,
    Multipart,
    PartHead,
    Ranges, //
};

/// The rest of a response that the send buffer has not taken at once.
pub(crate) struct PendingResponse {
    /// Rendered bytes, which come first.
    pub(super) head: KVec<u8>,
    /// A range of a stored body of the snapshot.
    pub(super) content: Option<(BodyId, Range<usize>)>,
    /// Further parts of a multipart body. In a box because it is large and rare.
    pub(super) parts: Option<KBox<PendingParts>>,
    /// The site that content and parts belong to, while there are any.
    pub(super) snapshot: Option<Arc<SiteSnapshot>>,
    /// The fate of the connection when the response is sent.
    pub(super) disposition: Disposition,
    /// The reason why the connection ends if this is the last response.
    pub(super) ending: CloseReason,
}

/// The parts of a multipart body that are still to be sent.
pub(super) struct PendingParts {
    body: BodyId,
    /// Exactly as large as the ranges need.
    multipart: Multipart<KVec<ByteRange>>,
    next: usize,
}

impl PendingParts {
    /// Returns all parts of `multipart`, a view of `body`.
    ///
    /// # Context
    ///
    /// Softirq or process context, must not sleep.
    ///
    /// # Errors
    ///
    /// `ENOBUFS` if memory is short.
    pub(super) fn new(body: BodyId, multipart: &Multipart<Ranges>) -> Result<KBox<Self>> {
        let multipart = multipart.try_copy(|ranges| {
            let mut copy = KVec::with_capacity(ranges.len(), GFP_ATOMIC)?;
            copy.extend_from_slice(ranges, GFP_ATOMIC).map(|()| copy)
        });
        let parts = Self {
            body,
            multipart: multipart.map_err(|_| ENOBUFS)?,
            next: 0,
        };
        KBox::new(parts, GFP_ATOMIC).map_err(|_| ENOBUFS)
    }
}

impl PendingResponse {
    /// Returns an empty rest.
    pub(super) const fn new() -> Self {
        Self {
            head: KVec::new(),
            content: None,
            parts: None,
            snapshot: None,
            disposition: Disposition::KeepAlive,
            ending: CloseReason::LastResponse,
        }
    }

    /// Returns whether the send buffer has all of the response.
    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.head.is_empty() && self.content.is_none() && self.parts.is_none()
    }

    /// Returns whether the send buffer has all of the response and the connection persists.
    #[inline]
    pub(super) fn is_done(&self) -> bool {
        self.is_empty() && self.disposition == Disposition::KeepAlive
    }

    /// Returns whether bytes or a FIN follow what is sent next.
    pub(super) fn is_followed(&self) -> bool {
        !self.is_done()
    }

    /// Returns whether the site that content and parts belong to is retired.
    pub(super) fn is_stale(&self) -> bool {
        let usage = self.snapshot.as_ref().and_then(|site| site.usage());
        usage.is_some_and(|usage| usage.is_retired())
    }

    /// Gives up responding: after a broken body no response could be understood.
    pub(super) fn abandon(&mut self) {
        self.disposition = Disposition::Linger;
        self.ending = CloseReason::BrokenBody;
    }

    /// Makes the next part of a multipart body the head and content to send.
    ///
    /// # Errors
    ///
    /// `ENOMEM`; nothing is lost then.
    pub(super) fn next_part(&mut self) -> Result {
        let (Some(parts), Some(snapshot)) = (&mut self.parts, &self.snapshot) else {
            return Err(EIO);
        };
        let media_type = snapshot.media_type(parts.body).ok_or(EIO)?;
        let mut head = PartHead::new();
        let range = parts.multipart.piece(parts.next, media_type, &mut head);
        self.head.extend_from_slice(&head, GFP_ATOMIC)?;
        match range {
            Some(range) => {
                self.content = Some((parts.body, indices(range)?));
                parts.next += 1;
            }
            // The closing delimiter.
            None => self.parts = None,
        }
        Ok(())
    }
}

/// Copies the bytes of `pieces` behind the first `sent`, at most some more than
/// [`BURST_MAX`](super::super::limits::BURST_MAX).
///
/// # Errors
///
/// `ENOBUFS` if memory is short.
pub(super) fn unsent(pieces: &Pieces<'_>, sent: usize) -> Result<KVec<u8>> {
    let len = pieces.len().saturating_sub(sent);
    let mut rest = KVec::with_capacity(len, GFP_ATOMIC).map_err(|_| ENOBUFS)?;
    for piece in pieces.unsent(sent) {
        rest.extend_from_slice(piece, GFP_ATOMIC)
            .map_err(|_| ENOBUFS)?;
    }
    Ok(rest)
}

/// Returns the indices of the bytes in `range`.
pub(super) fn indices(range: ByteRange) -> Result<Range<usize>> {
    let first = usize::try_from(range.first())?;
    let length = usize::try_from(range.length())?;
    Ok(first..first + length)
}
