// SPDX-License-Identifier: GPL-2.0-only

//! A reply on its way into the send buffer.

use super::{
    counters::Count,
    exchange::Exchange,
    serving::Serving,
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
    Disposition, //
    Multipart,
    PartHead,
    Response,
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
    then: Disposition,
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
            then: Disposition::KeepAlive,
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
        self.is_empty() && self.then == Disposition::KeepAlive
    }

    /// What is to be done when all of the reply is in the send buffer.
    pub(crate) fn then(&self) -> Disposition {
        self.then
    }

    /// There is no reply any more that could be understood.
    pub(crate) fn end(&mut self) {
        self.then = Disposition::Linger;
    }

    /// Begins to send `reply`; what does not find space is for [`Outgoing::flush`]. `more`:
    /// something will be sent behind it at once.
    ///
    /// # Errors
    ///
    /// What the connection has met with. `ENOBUFS`: there is no memory for what found no space, and
    /// some of the reply may have been sent, so that it can be neither gone on with nor begun anew.
    #[inline(never)]
    pub(crate) fn begin(
        sender: &mut Sender<'_, Connection>,
        serving: &Serving<'_>,
        reply: &Response<'_, BodyId>,
        more: bool,
    ) -> Result {
        sender.outgoing.then = reply.disposition;
        let text = match reply.body {
            Body::Empty => &[],
            Body::Text(text) => text,
            Body::Slice(body, range) => {
                let range = indices(range)?;
                let content = serving.edition.body(body).ok_or(EIO)?;
                match content.slice(&range) {
                    Some(bytes) if bytes.len() <= COPY_MAX => bytes,
                    _ => return Self::begin_slice(sender, serving, reply, (body, range), more),
                }
            }
            Body::Multipart(body, multipart) => {
                let parts = Parts {
                    body,
                    multipart: *multipart,
                    next: 0,
                };
                let parts = KBox::new(parts, GFP_ATOMIC).map_err(|_| ENOBUFS)?;
                return Self::begin_parts(sender, serving, reply, parts);
            }
        };
        // One call for all of it.
        let [a, b, c] = reply.head;
        let pieces = [a, b, c, text];
        let length: usize = pieces.iter().map(|piece| piece.len()).sum();
        let sent = sender.send(&serving.server.buffers, pieces, more)?;
        serving.tally.add(Count::Bytes, sent as u64);
        if sent < length {
            sender.outgoing.head = behind(pieces, sent)?;
        }
        Ok(())
    }

    /// Sends a reply whose body is spliced. The edition is kept only for what finds no space: to
    /// keep it is to write a cache line that all CPUs share.
    #[inline(never)]
    fn begin_slice(
        sender: &mut Sender<'_, Connection>,
        serving: &Serving<'_>,
        reply: &Response<'_, BodyId>,
        (body, range): (BodyId, Range<usize>),
        more: bool,
    ) -> Result {
        let buffers = &serving.server.buffers;
        let content = serving.edition.body(body).ok_or(EIO)?;
        let sent = sender.send(buffers, reply.head, true)?;
        serving.tally.add(Count::Bytes, sent as u64);
        let mut rest = range;
        if sent == reply.head_length() {
            let spliced = sender.splice(buffers, content, rest.clone(), more)?;
            serving.tally.add(Count::Bytes, spliced as u64);
            rest.start += spliced;
        } else {
            sender.outgoing.head = behind(reply.head, sent)?;
        }
        if !rest.is_empty() {
            sender.outgoing.content = Some((body, rest));
            sender.outgoing.edition = Some(Arc::from(serving.edition));
        }
        Ok(())
    }

    /// Sends the head of a multipart; the parts are for [`Outgoing::flush`].
    #[inline(never)]
    fn begin_parts(
        sender: &mut Sender<'_, Connection>,
        serving: &Serving<'_>,
        reply: &Response<'_, BodyId>,
        parts: KBox<Parts>,
    ) -> Result {
        let sent = sender.send(&serving.server.buffers, reply.head, true)?;
        serving.tally.add(Count::Bytes, sent as u64);
        sender.outgoing.head = behind(reply.head, sent)?;
        sender.outgoing.parts = Some(parts);
        sender.outgoing.edition = Some(Arc::from(serving.edition));
        Ok(())
    }

    /// Sends what is left, as far as there is space; `false` if something still is. Disposition
    /// [`StreamHandler::event`](crate::sys::tcp::StreamHandler::event) follows when there is space again.
    ///
    /// # Errors
    ///
    /// What the connection has met with. `ENOMEM` for the head of a part; nothing is lost then.
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
                Exchange::blocked(sender, progress);
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
        !self.is_empty() || self.then != Disposition::KeepAlive
    }

    fn send_head(sender: &mut Sender<'_, Connection>, serving: &Serving<'_>) -> Result<usize> {
        let mut head = mem::take(&mut sender.outgoing.head);
        let more = sender.outgoing.is_followed();
        let sent = sender.send(&serving.server.buffers, [&head], more)?;
        // In place: the rest of a reply must not depend on memory.
        head.copy_within(sent.., 0);
        head.truncate(head.len() - sent);
        sender.outgoing.head = head;
        Ok(sent)
    }

    fn send_content(sender: &mut Sender<'_, Connection>, serving: &Serving<'_>) -> Result<usize> {
        let outgoing = &mut sender.outgoing;
        let (Some((body, range)), Some(edition)) =
            (outgoing.content.take(), outgoing.edition.take())
        else {
            return Err(EIO);
        };
        let content = edition.body(body).ok_or(EIO)?;
        let more = outgoing.is_followed();
        let sent = sender.splice(&serving.server.buffers, content, range.clone(), more)?;
        let rest = range.start + sent..range.end;
        if !rest.is_empty() {
            sender.outgoing.content = Some((body, rest));
        }
        sender.outgoing.edition = Some(edition);
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

/// The bytes of `pieces` behind the first `sent`. `ENOBUFS` if there is no memory for them.
fn behind<const N: usize>(pieces: [&[u8]; N], sent: usize) -> Result<KVec<u8>> {
    let mut rest = KVec::new();
    let mut skip = sent;
    for piece in pieces {
        match piece.get(skip..) {
            Some(unsent) => {
                rest.extend_from_slice(unsent, GFP_ATOMIC)
                    .map_err(|_| ENOBUFS)?;
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
