// SPDX-License-Identifier: GPL-2.0-only

//! Bytes in and out of a connection, with its state.

use super::state::ConnState;
use crate::sys::tcp::{
    Receiver,
    Sender, //
};
use core::ops::DerefMut;

/// The right to send on a connection, and to change its state, to which it dereferences.
pub(super) trait ResponseSink: Sender + DerefMut<Target = ConnState> {}

impl<T: Sender + DerefMut<Target = ConnState>> ResponseSink for T {}

/// The right to read from a connection, to send on it, and to change its state.
pub(super) trait Transport: Receiver + ResponseSink {}

impl<T: Receiver + ResponseSink> Transport for T {}
