// SPDX-License-Identifier: GPL-2.0-only

//! Bytes in and out of an adopted connection with TLS, for one poll.

use super::{
    super::{
        state::ConnState,
        transport::{
            ResponseSink,
            Transport, //
        }, //
    },
    early_bytes::EarlyBytes,
    tls_link::TlsLink, //
};
use crate::sys::{
    page::PageBytes,
    softirq::BhDisabled,
    tcp::{
        Pieces,
        Receiver,
        SendBuffers,
        Sender,
        SockRef,
        SocketFile, //
    }, //
};
use core::ops::{
    Deref,
    DerefMut,
    Range, //
};
use kernel::prelude::*;

/// An adopted connection with TLS. All bytes that it can receive are early ones.
pub(super) struct TlsTransport<'a> {
    pub(super) sender: TlsSender<'a>,
    pub(super) state: &'a mut ConnState,
    pub(super) early: &'a mut EarlyBytes,
    pub(super) bh: &'a BhDisabled,
}

/// The sending side, which leaves all to the worker.
pub(super) struct TlsSender<'a> {
    pub(super) socket: &'a SocketFile,
    pub(super) link: &'a mut TlsLink,
}

impl Deref for TlsTransport<'_> {
    type Target = ConnState;

    fn deref(&self) -> &ConnState {
        self.state
    }
}

impl DerefMut for TlsTransport<'_> {
    fn deref_mut(&mut self) -> &mut ConnState {
        self.state
    }
}

impl Receiver for TlsTransport<'_> {
    fn copy_unread<'b>(&self, skip: usize, buffer: &'b mut [u8]) -> Result<&'b [u8]> {
        self.early.copy(skip, buffer)
    }

    fn consume(&mut self, count: usize) {
        self.early.consume(count);
    }

    /// The worker makes room.
    fn make_room(&mut self) {}

    fn discard(&mut self, limit: u32) -> u32 {
        // CAST: Wider than 32 bits, and no more than `limit`.
        self.early.consume(limit as usize) as u32
    }

    /// TCP has acknowledged what TLS has decrypted.
    fn defer_acknowledgement(&mut self) {}

    fn received_fin(&self) -> bool {
        self.sender.link.has_ended()
    }

    fn is_dead(&self) -> bool {
        self.sender.sock().is_dead()
    }

    fn has_unread(&self) -> bool {
        !self.early.is_empty() || self.sender.sock().has_unread()
    }
}

impl Sender for TlsSender<'_> {
    fn send(&mut self, _: &SendBuffers, pieces: &Pieces<'_>, more: bool) -> Result<usize> {
        self.link.push(pieces, more)
    }

    /// Returns how many bytes the worker has encrypted since the last poll.
    fn splice(
        &mut self,
        _: &SendBuffers,
        _: PageBytes<'_>,
        range: Range<usize>,
        _more: bool,
    ) -> Result<usize> {
        Ok(self.link.take_spliced().min(range.len()))
    }

    fn send_and_splice(
        &mut self,
        _: &SendBuffers,
        pieces: &Pieces<'_>,
        _: PageBytes<'_>,
        _: Range<usize>,
        _more: bool,
    ) -> Result<usize> {
        self.link.push(pieces, true)
    }

    fn acknowledged(&self) -> u32 {
        self.sock().acknowledged()
    }

    fn await_acknowledgement(&mut self) -> bool {
        self.link.is_empty()
    }

    fn half_close(&mut self) {
        self.link.end();
    }

    fn sock(&self) -> SockRef<'_> {
        self.socket.sock()
    }
}

impl<'a> ResponseSink for TlsTransport<'a> {
    type Sender = TlsSender<'a>;

    fn sender(&mut self) -> &mut TlsSender<'a> {
        &mut self.sender
    }

    fn bh(&self) -> &BhDisabled {
        self.bh
    }
}

impl Transport for TlsTransport<'_> {
    /// The process encrypts with the same keys: what was sent must be encrypted before.
    fn await_hand_over(&mut self) -> bool {
        self.sender.await_acknowledgement()
    }
}
