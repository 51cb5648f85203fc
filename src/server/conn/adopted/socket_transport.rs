// SPDX-License-Identifier: GPL-2.0-only

//! Bytes in and out of an adopted connection.

use super::{
    super::{
        state::ConnState,
        transport::{
            ResponseSink,
            Transport, //
        }, //
    },
    early_bytes::EarlyBytes, //
};
use crate::sys::{
    softirq::BhDisabled,
    tcp::{
        Receiver,
        SocketGuard, //
    }, //
};
use core::ops::{
    Deref,
    DerefMut, //
};
use kernel::prelude::*;

/// An adopted connection, whose first bytes may be early ones: those that the process had read.
pub(super) struct SocketTransport<'a, 'g> {
    pub(super) guard: &'a mut SocketGuard<'g>,
    pub(super) state: &'a mut ConnState,
    /// The early bytes that are not consumed.
    pub(super) early: &'a mut EarlyBytes,
}

impl Deref for SocketTransport<'_, '_> {
    type Target = ConnState;

    fn deref(&self) -> &ConnState {
        self.state
    }
}

impl DerefMut for SocketTransport<'_, '_> {
    fn deref_mut(&mut self) -> &mut ConnState {
        self.state
    }
}

impl Receiver for SocketTransport<'_, '_> {
    fn copy_unread<'b>(&self, skip: usize, buffer: &'b mut [u8]) -> Result<&'b [u8]> {
        if self.early.len() <= skip {
            return self.guard.copy_unread(skip - self.early.len(), buffer);
        }
        let early = self.early.copy(skip, buffer)?.len();
        let rest = buffer.get_mut(early..).unwrap_or_default();
        let received = self.guard.copy_unread(0, rest)?.len();
        Ok(buffer.get(..early + received).unwrap_or_default())
    }

    fn consume(&mut self, count: usize) {
        let early = self.early.consume(count);
        self.guard.consume(count - early);
    }

    fn make_room(&mut self) {
        self.guard.make_room();
    }

    fn discard(&mut self, limit: u32) -> u32 {
        // CAST: Wider than 32 bits, and no more than `limit`.
        let early = self.early.consume(limit as usize) as u32;
        early + self.guard.discard(limit - early)
    }

    fn defer_acknowledgement(&mut self) {
        self.guard.defer_acknowledgement();
    }

    fn received_fin(&self) -> bool {
        self.guard.received_fin()
    }

    fn is_dead(&self) -> bool {
        self.guard.is_dead()
    }

    fn has_unread(&self) -> bool {
        !self.early.is_empty() || self.guard.has_unread()
    }
}

impl<'g> ResponseSink for SocketTransport<'_, 'g> {
    type Sender = SocketGuard<'g>;

    fn sender(&mut self) -> &mut SocketGuard<'g> {
        self.guard
    }

    fn bh(&self) -> &BhDisabled {
        self.guard.bh()
    }
}

impl Transport for SocketTransport<'_, '_> {
    /// The control group of the process has been charged for what is sent: the process may have the
    /// connection at once.
    fn await_hand_over(&mut self) -> bool {
        true
    }
}
