// SPDX-License-Identifier: GPL-2.0-only

//! A reply on its way into the send buffer.

use super::{
    Connection,
    Edition,
    Server, //
};
use crate::{
    site::BodyId,
    sys::tcp::Guard, //
};
use core::{
    mem,
    ops::Range, //
};
use kernel::{
    prelude::*,
    sync::{
        Arc,
        ArcBorrow, //
    }, //
};
use protocol::http::{
    Body,
    ByteRange,
    Multipart,
    PartHead,
    Reply,
    Then, //
};

/// What is left of a reply when the send buffer has not taken all of it at once.
pub(crate) struct Outgoing {
    /// Rendered bytes; they come first.
    head: KVec<u8>,
    /// These bytes of a stored body of the edition.
    content: Option<(BodyId, Range<usize>)>,
    /// Further parts. In a box because it is large and rare.
    parts: Option<KBox<Parts>>,
    /// Where content and parts are, while there are any.
    edition: Option<Arc<Edition>>,
    then: Then,
}

/// The parts of a multipart body that come next.
struct Parts {
    body: BodyId,
    multipart: Multipart,
    next: usize,
}

impl Outgoing {
    /// Nothing to be sent.
    pub(crate) const fn new() -> Self {
        Self {
            head: KVec::new(),
            content: None,
            parts: None,
            edition: None,
            then: Then::KeepAlive,
        }
    }

    /// Whether all of the reply is in the send buffer.
    fn is_empty(&self) -> bool {
        self.head.is_empty() && self.content.is_none() && self.parts.is_none()
    }

    /// What is to be done when all of the reply is in the send buffer.
    pub(crate) fn then(&self) -> Then {
        self.then
    }

    /// There is no reply any more that could be understood.
    pub(crate) fn end(&mut self) {
        self.then = Then::Linger;
    }

    /// Sends the head of `reply`; the rest is for [`Outgoing::flush`].
    ///
    /// # Errors
    ///
    /// What the connection has met with, or `ENOMEM`.
    #[inline(never)]
    pub(crate) fn begin(
        guard: &mut Guard<'_, Connection>,
        server: &Server,
        edition: ArcBorrow<'_, Edition>,
        reply: Reply<'_, BodyId>,
    ) -> Result {
        let mut rest = Self {
            then: reply.then,
            ..Self::new()
        };
        let mut text: &[u8] = &[];
        match reply.body {
            Body::Empty => (),
            Body::Text(body) => text = body,
            Body::Slice(body, range) => rest.content = Some((body, indices(range)?)),
            Body::Multipart(body, multipart) => {
                let parts = Parts {
                    body,
                    multipart: *multipart,
                    next: 0,
                };
                rest.parts = Some(KBox::new(parts, GFP_ATOMIC)?);
            }
        }
        let [a, b, c, d] = reply.head;
        let pieces = [a, b, c, d, text];
        let sent = guard.send(&server.buffers, pieces, !rest.is_empty())?;
        server.counters.bytes.add(sent as u64);
        rest.head = behind(pieces, sent)?;
        if rest.content.is_some() || rest.parts.is_some() {
            rest.edition = Some(Arc::from(edition));
        }
        guard.outgoing = rest;
        Ok(())
    }

    /// Sends what is left, as far as there is space; `false` if something still is. Then
    /// [`Owner::event`](crate::sys::tcp::Owner::event) follows when there is space again.
    ///
    /// # Errors
    ///
    /// As for [`Outgoing::begin`].
    #[inline]
    pub(crate) fn flush(guard: &mut Guard<'_, Connection>, server: &Server) -> Result<bool> {
        if guard.outgoing.is_empty() {
            return Ok(true);
        }
        Self::flush_rest(guard, server)
    }

    // Not inlined here and below, so that its stack is not taken when a request is read.
    #[inline(never)]
    fn flush_rest(guard: &mut Guard<'_, Connection>, server: &Server) -> Result<bool> {
        let mut progress = false;
        while !guard.outgoing.is_empty() {
            let sent = if !guard.outgoing.head.is_empty() {
                Self::send_head(guard, server)?
            } else if guard.outgoing.content.is_some() {
                Self::send_content(guard, server)?
            } else {
                guard.outgoing.next_part()?;
                continue;
            };
            if sent == 0 {
                guard.blocked(progress);
                return Ok(false);
            }
            server.counters.bytes.add(sent as u64);
            progress = true;
        }
        guard.outgoing.edition = None;
        Ok(true)
    }

    fn send_head(guard: &mut Guard<'_, Connection>, server: &Server) -> Result<usize> {
        let head = mem::take(&mut guard.outgoing.head);
        let more = !guard.outgoing.is_empty();
        let sent = guard.send(&server.buffers, [&head], more)?;
        guard.outgoing.head = behind([&head], sent)?;
        Ok(sent)
    }

    fn send_content(guard: &mut Guard<'_, Connection>, server: &Server) -> Result<usize> {
        let Some((body, range)) = guard.outgoing.content.take() else {
            return Ok(0);
        };
        let edition = guard.outgoing.edition.clone().ok_or(EIO)?;
        let content = edition.body(body).ok_or(EIO)?;
        let more = guard.outgoing.parts.is_some();
        let sent = guard.splice(&server.buffers, content, range.clone(), more)?;
        let rest = range.start + sent..range.end;
        if !rest.is_empty() {
            guard.outgoing.content = Some((body, rest));
        }
        Ok(sent)
    }

    /// Makes the next part what is to be sent.
    fn next_part(&mut self) -> Result {
        let (Some(parts), Some(edition)) = (&mut self.parts, &self.edition) else {
            return Ok(());
        };
        let media_type = edition.media_type(parts.body).ok_or(EIO)?;
        let mut head = PartHead::new();
        let range = parts.multipart.piece(parts.next, media_type, &mut head);
        self.head.extend_from_slice(&head, GFP_ATOMIC)?;
        match range {
            Some(range) => {
                self.content = Some((parts.body, indices(range)?));
                parts.next += 1;
            }
            // The end; there is nothing behind it.
            None => self.parts = None,
        }
        Ok(())
    }
}

/// The bytes of `pieces` behind the first `sent`.
fn behind<const N: usize>(pieces: [&[u8]; N], sent: usize) -> Result<KVec<u8>> {
    let mut rest = KVec::new();
    let mut skip = sent;
    for piece in pieces {
        match piece.get(skip..) {
            Some(unsent) => {
                rest.extend_from_slice(unsent, GFP_ATOMIC)?;
                skip = 0;
            }
            None => skip -= piece.len(),
        }
    }
    Ok(rest)
}

fn indices(range: ByteRange) -> Result<Range<usize>> {
    let first = usize::try_from(range.first())?;
    let length = usize::try_from(range.length())?;
    Ok(first..first + length)
}
