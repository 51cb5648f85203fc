// SPDX-License-Identifier: GPL-2.0-only

//! Bytes in and out of a connection, with its state.

use super::state::ConnState;
use crate::sys::{
    softirq::BhDisabled,
    tcp::{
        Guard,
        Receiver,
        Sender,
        StreamHandler, //
    }, //
};
use core::ops::DerefMut;

/// The right to send on a connection, and to change its state, to which it dereferences.
pub(super) trait ResponseSink: DerefMut<Target = ConnState> {
    /// The right to send.
    type Sender: Sender;

    /// Returns the right to send.
    fn sender(&mut self) -> &mut Self::Sender;

    /// Returns the evidence that softirqs are disabled.
    fn bh(&self) -> &BhDisabled;
}

/// The right to read from a connection, to send on it, and to change its state.
pub(super) trait Transport: Receiver + ResponseSink {
    /// Returns whether the bytes that were sent allow a hand-over to a process. Otherwise an event
    /// follows when that may have changed.
    fn await_hand_over(&mut self) -> bool;
}

impl<H: StreamHandler<State = ConnState>> ResponseSink for Guard<'_, H> {
    type Sender = Self;

    #[inline]
    fn sender(&mut self) -> &mut Self {
        self
    }

    #[inline]
    fn bh(&self) -> &BhDisabled {
        Guard::bh(self)
    }
}

impl<H: StreamHandler<State = ConnState>> Transport for Guard<'_, H> {
    /// TCP charges the process for what is in the send buffer, so that is to be empty.
    fn await_hand_over(&mut self) -> bool {
        self.await_acknowledgement()
    }
}
