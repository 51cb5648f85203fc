// SPDX-License-Identifier: GPL-2.0-only

//! The bytes between a connection with TLS and its polls.
//!
//! A poll must not sleep, and encryption may. So the worker moves bytes before and after a poll.

use super::super::{
    close_reason::CloseReason,
    pending_response::PendingResponse, //
};
use crate::sys::{
    errno::{
        ECONNRESET,
        ENOBUFS, //
    },
    memory_group::atomic_account,
    tcp::{
        Pieces,
        TlsReceived,
        TlsSocket, //
    }, //
};
use core::mem;
use kernel::prelude::*;

/// The bytes that a poll can send before the worker encrypts them, apart from those of pages.
const OUTPUT_MAX: usize = 16 << 10;

/// The bytes for which the worker makes room at a time.
const INPUT_STEP: usize = 2 << 10;

/// The records without a byte of data that a client may send in all.
const EMPTY_RECORDS_MAX: u32 = 64;

/// Descriptions of alerts (RFC 8446 section 6).
mod alert {
    pub(super) const CLOSE_NOTIFY: u8 = 0;
    pub(super) const UNEXPECTED_MESSAGE: u8 = 10;
    pub(super) const USER_CANCELED: u8 = 90;
}

/// The end of what the client sends.
struct InputEnd {
    /// Whether it has come: by an alert, by FIN, or by a record that is refused.
    has_come: bool,
    /// The description of the alert that ends the output.
    answer: u8,
}

impl InputEnd {
    /// Has an alert end the connection because of a record that is broken or must not come, for
    /// example one that would change keys: those are the business of a process. The requests before
    /// it are served.
    fn refuse(&mut self, description: u8) {
        self.answer = description;
        self.has_come = true;
    }

    /// Looks for a broken record, before which there may be bytes to be received. Returns whether it is
    /// the first one.
    fn note_broken(&mut self, socket: &TlsSocket<'_>) -> bool {
        match socket.take_broken() {
            Some(description) if self.answer == alert::CLOSE_NOTIFY => {
                self.answer = description;
                true
            }
            _ => false,
        }
    }

    /// Sends by `send`, despite a broken record that is found before or meanwhile.
    fn send_despite(
        &mut self,
        socket: &TlsSocket<'_>,
        send: impl Fn(&TlsSocket<'_>) -> Result<usize>,
    ) -> Result<usize> {
        self.note_broken(socket);
        match send(socket) {
            Err(_) if self.note_broken(socket) => send(socket),
            sent => sent,
        }
    }
}

/// What a connection with TLS has sent and received beside its polls.
pub(super) struct TlsLink {
    /// Whether the worker has used the connection.
    has_begun: bool,
    /// Bytes that polls have sent, of which the first `encrypted` are encrypted.
    output: KVec<u8>,
    encrypted: usize,
    /// Whether more bytes follow the output at once.
    is_followed: bool,
    /// The bytes of the pending content that are encrypted, and that no poll knows of.
    spliced: usize,
    /// The records without a byte of data so far.
    empty_records: u32,
    input_end: InputEnd,
    /// Whether the end of the output is the last byte.
    is_ending: bool,
    /// Whether the client was told of the end.
    has_notified: bool,
    is_half_closed: bool,
    /// The reason why the connection closes as soon as TCP has all records.
    closing: Option<CloseReason>,
}

impl TlsLink {
    /// Returns the link of a connection whose handshake has just ended.
    pub(super) const fn new() -> Self {
        Self {
            has_begun: false,
            output: KVec::new(),
            encrypted: 0,
            is_followed: false,
            spliced: 0,
            empty_records: 0,
            input_end: InputEnd {
                has_come: false,
                answer: alert::CLOSE_NOTIFY,
            },
            is_ending: false,
            has_notified: false,
            is_half_closed: false,
            closing: None,
        }
    }

    /// Prepares the connection for its first use.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    pub(super) fn begin(&mut self, socket: &TlsSocket<'_>) {
        if !mem::replace(&mut self.has_begun, true) {
            socket.begin();
        }
    }

    /// Returns whether the client sends no more.
    pub(super) fn has_ended(&self) -> bool {
        self.input_end.has_come
    }

    /// Returns whether all bytes that polls have sent are encrypted.
    pub(super) fn is_empty(&self) -> bool {
        self.output.is_empty()
    }

    /// Returns whether there is something for [`TlsLink::drain`] to do.
    pub(super) fn must_drain(&self, pending: &PendingResponse) -> bool {
        !self.is_empty()
            || self.closing.is_none() && !pending.is_empty()
            || self.is_ending && !self.is_half_closed
    }

    /// Appends pieces to the output and returns how many bytes found room. `is_followed` tells
    /// whether others follow at once.
    ///
    /// # Context
    ///
    /// Softirq or process context, must not sleep.
    ///
    /// # Errors
    ///
    /// `ENOBUFS` if memory is short: the request was consumed, so that the poll cannot begin again.
    pub(super) fn push(&mut self, pieces: &Pieces<'_>, is_followed: bool) -> Result<usize> {
        let room = OUTPUT_MAX.saturating_sub(self.output.len());
        let count = pieces.len().min(room);
        let flags = atomic_account();
        self.output.reserve(count, flags).map_err(|_| ENOBUFS)?;
        let mut left = count;
        for piece in pieces.unsent(0) {
            let part = piece.get(..left).unwrap_or(piece);
            self.output
                .extend_from_slice(part, flags)
                .map_err(|_| ENOBUFS)?;
            left -= part.len();
        }
        self.is_followed = is_followed || count < pieces.len();
        Ok(count)
    }

    /// Returns how many bytes of the pending content are encrypted that no poll knew of.
    pub(super) fn take_spliced(&mut self) -> usize {
        mem::take(&mut self.spliced)
    }

    /// Ends the output.
    pub(super) fn end(&mut self) {
        self.is_ending = true;
    }

    /// Ends the output, and notes that the connection closes then.
    pub(super) fn close(&mut self, reason: CloseReason) {
        self.is_ending = true;
        self.closing.get_or_insert(match self.input_end.answer {
            alert::CLOSE_NOTIFY => reason,
            _ => CloseReason::TlsRecord,
        });
    }

    /// Returns the reason why the connection closes, once the output has ended.
    pub(super) fn closing(&self) -> Option<CloseReason> {
        self.closing
    }

    /// Encrypts the output, then pending content, then the end; returns `false` if some of it waits
    /// for space. A poll must follow if content was pending.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    ///
    /// # Errors
    ///
    /// Those of [`TlsSocket::send`].
    pub(super) fn drain(
        &mut self,
        socket: &TlsSocket<'_>,
        pending: &PendingResponse,
    ) -> Result<bool> {
        while let Some(rest @ [_, ..]) = self.output.get(self.encrypted..) {
            let send = |socket: &TlsSocket<'_>| socket.send(rest, self.is_followed);
            let count = self.input_end.send_despite(socket, send)?;
            if count == 0 {
                return Ok(false);
            }
            self.encrypted += count;
        }
        // Frees the memory.
        mem::take(&mut self.output);
        self.encrypted = 0;
        if self.closing.is_none() && !pending.is_empty() {
            return self.splice(socket, pending);
        }
        if self.is_ending && !self.is_half_closed {
            return self.half_close(socket);
        }
        Ok(true)
    }

    /// Encrypts pending content, if that is what comes next.
    fn splice(&mut self, socket: &TlsSocket<'_>, pending: &PendingResponse) -> Result<bool> {
        let (Some((body, range)), Some(snapshot)) = (&pending.content, &pending.snapshot) else {
            return Ok(true);
        };
        if pending.head.is_empty() && self.spliced == 0 {
            let bytes = snapshot.body(*body).ok_or(EIO)?;
            let is_followed = pending.parts.is_some();
            self.spliced = self.input_end.send_despite(socket, |socket| {
                socket.splice(bytes, range.clone(), is_followed)
            })?;
            return Ok(self.spliced != 0);
        }
        Ok(true)
    }

    /// Tells the client that nothing follows: by an alert (RFC 8446 section 6.1), and by FIN.
    fn half_close(&mut self, socket: &TlsSocket<'_>) -> Result<bool> {
        if !self.has_notified {
            self.input_end.note_broken(socket);
            let answer = self.input_end.answer;
            self.has_notified = self.input_end.send_despite(socket, |socket| {
                socket.send_alert(answer != alert::CLOSE_NOTIFY, answer)
            })? != 0;
        }
        if self.has_notified && socket.is_flushed() {
            socket.half_close();
            self.is_half_closed = true;
        }
        Ok(self.is_half_closed)
    }

    /// Appends what was received to `input`, up to `most` bytes in all. A record that must not come, or
    /// that is broken, is the end.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM`, `ECONNRESET` if the client has given up by an alert, those of [`TlsSocket::receive`].
    pub(super) fn fill(
        &mut self,
        socket: &TlsSocket<'_>,
        input: &mut KVec<u8>,
        most: usize,
    ) -> Result {
        while !self.input_end.has_come && input.len() < most && socket.is_readable() {
            let room = INPUT_STEP.min(most - input.len());
            match socket.receive(input, room)? {
                Some(TlsReceived::Data(1..)) => (),
                Some(TlsReceived::Data(0) | TlsReceived::Alert(alert::USER_CANCELED))
                    if self.empty_records < EMPTY_RECORDS_MAX =>
                {
                    self.empty_records += 1;
                }
                Some(TlsReceived::Alert(alert::CLOSE_NOTIFY) | TlsReceived::End) => {
                    self.input_end.has_come = true;
                }
                Some(TlsReceived::Alert(alert::USER_CANCELED) | TlsReceived::Data(_))
                | Some(TlsReceived::Unexpected) => self.input_end.refuse(alert::UNEXPECTED_MESSAGE),
                Some(TlsReceived::Broken(description)) => self.input_end.refuse(description),
                Some(TlsReceived::Alert(_)) => return Err(ECONNRESET),
                None => break,
            }
        }
        if self.input_end.answer != alert::CLOSE_NOTIFY && !socket.is_readable() {
            self.input_end.has_come = true;
        }
        if input.is_empty() {
            // Frees the memory.
            mem::take(input);
        }
        Ok(())
    }
}
