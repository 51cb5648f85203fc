// SPDX-License-Identifier: GPL-2.0-only

//! A reply on its way into the send buffer.

use super::{
    counters::Count,
    exchange::Serving,
    settings::COPY_MAX,
    Connection,
    Edition, //
};
use crate::{
    site::BodyId,
    sys::tcp::Sender, //
};
use core::{
    mem,
    ops::Range, //
};
use kernel::{
    prelude::*,
    sync::Arc, //
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
    #[inline]
    fn is_empty(&self) -> bool {
        self.head.is_empty() && self.content.is_none() && self.parts.is_none()
    }

    /// Whether all of the reply is in the send buffer, and the connection persists.
    #[inline]
    pub(crate) fn is_done(&self) -> bool {
        self.is_empty() && self.then == Then::KeepAlive
    }

    /// What is to be done when all of the reply is in the send buffer.
    pub(crate) fn then(&self) -> Then {
        self.then
    }

    /// There is no reply any more that could be understood.
    pub(crate) fn end(&mut self) {
        self.then = Then::Linger;
    }

    /// Begins to send `reply`; what does not find space is for [`Outgoing::flush`]. `more`:
    /// something will be sent behind it at once.
    ///
    /// # Errors
    ///
    /// What the connection has met with, or `ENOMEM`.
    #[inline(never)]
    pub(crate) fn begin(
        sender: &mut Sender<'_, Connection>,
        serving: &Serving<'_>,
        reply: &Reply<'_, BodyId>,
        more: bool,
    ) -> Result {
        sender.outgoing.then = reply.then;
        match reply.body {
            Body::Empty => Self::begin_short(sender, serving, reply, &[], more),
            Body::Text(text) => Self::begin_short(sender, serving, reply, text, more),
            Body::Slice(body, range) => {
                let range = indices(range)?;
                let content = serving.edition.body(body).ok_or(EIO)?;
                match content.slice(&range) {
                    Some(bytes) if bytes.len() <= COPY_MAX => {
                        Self::begin_short(sender, serving, reply, bytes, more)
                    }
                    _ => Self::begin_long(sender, serving, reply, Some((body, range)), None),
                }
            }
            Body::Multipart(body, multipart) => {
                let parts = Parts {
                    body,
                    multipart: *multipart,
                    next: 0,
                };
                let parts = KBox::new(parts, GFP_ATOMIC)?;
                Self::begin_long(sender, serving, reply, None, Some(parts))
            }
        }
    }

    /// Sends a reply whose body is copied, with one call where there is space.
    #[inline]
    fn begin_short(
        sender: &mut Sender<'_, Connection>,
        serving: &Serving<'_>,
        reply: &Reply<'_, BodyId>,
        body: &[u8],
        more: bool,
    ) -> Result {
        let [a, b, c, d] = reply.head;
        let pieces = [a, b, c, d, body];
        let sent = sender.send(&serving.server.buffers, pieces, more)?;
        serving.tally.add(Count::Bytes, sent as u64);
        if sent < reply.head_length() + body.len() {
            sender.outgoing.head = behind(pieces, sent)?;
        }
        Ok(())
    }

    /// Sends the head of a reply whose body is spliced, and of that what there is space for.
    fn begin_long(
        sender: &mut Sender<'_, Connection>,
        serving: &Serving<'_>,
        reply: &Reply<'_, BodyId>,
        content: Option<(BodyId, Range<usize>)>,
        parts: Option<KBox<Parts>>,
    ) -> Result {
        let sent = sender.send(&serving.server.buffers, reply.head, true)?;
        serving.tally.add(Count::Bytes, sent as u64);
        sender.outgoing.head = behind(reply.head, sent)?;
        sender.outgoing.content = content;
        sender.outgoing.parts = parts;
        sender.outgoing.edition = Some(Arc::from(serving.edition));
        Ok(())
    }

    /// Sends what is left, as far as there is space; `false` if something still is. Then
    /// [`Owner::event`](crate::sys::tcp::Owner::event) follows when there is space again.
    ///
    /// # Errors
    ///
    /// As for [`Outgoing::begin`].
    #[inline]
    pub(crate) fn flush(
        sender: &mut Sender<'_, Connection>,
        serving: &Serving<'_>,
    ) -> Result<bool> {
        if sender.outgoing.is_empty() {
            return Ok(true);
        }
        Self::flush_rest(sender, serving)
    }

    // Not inlined here and below, so that its stack is not taken when a request is read.
    #[inline(never)]
    fn flush_rest(sender: &mut Sender<'_, Connection>, serving: &Serving<'_>) -> Result<bool> {
        let mut progress = false;
        while !sender.outgoing.is_empty() {
            let sent = if !sender.outgoing.head.is_empty() {
                Self::send_head(sender, serving)?
            } else if sender.outgoing.content.is_some() {
                Self::send_content(sender, serving)?
            } else {
                sender.outgoing.next_part()?;
                continue;
            };
            if sent == 0 {
                serving.tally.add(Count::Blocked, 1);
                sender.blocked(progress);
                return Ok(false);
            }
            serving.tally.add(Count::Bytes, sent as u64);
            progress = true;
        }
        sender.outgoing.edition = None;
        Ok(true)
    }

    /// Whether what is sent next is not the end of the reply, or a FIN follows it.
    fn is_followed(&self) -> bool {
        !self.is_empty() || self.then != Then::KeepAlive
    }

    fn send_head(sender: &mut Sender<'_, Connection>, serving: &Serving<'_>) -> Result<usize> {
        let head = mem::take(&mut sender.outgoing.head);
        let more = sender.outgoing.is_followed();
        let sent = sender.send(&serving.server.buffers, [&head], more)?;
        sender.outgoing.head = behind([&head], sent)?;
        Ok(sent)
    }

    fn send_content(sender: &mut Sender<'_, Connection>, serving: &Serving<'_>) -> Result<usize> {
        let Some((body, range)) = sender.outgoing.content.take() else {
            return Ok(0);
        };
        let edition = sender.outgoing.edition.clone().ok_or(EIO)?;
        let content = edition.body(body).ok_or(EIO)?;
        let more = sender.outgoing.is_followed();
        let sent = sender.splice(&serving.server.buffers, content, range.clone(), more)?;
        let rest = range.start + sent..range.end;
        if !rest.is_empty() {
            sender.outgoing.content = Some((body, rest));
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
