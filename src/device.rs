// SPDX-License-Identifier: GPL-2.0-only

//! How the server is ruled: its nodes in `/dev`.

mod control;
mod reason;
mod refusal;
mod relay;
mod transaction;

pub(crate) use self::{
    control::ControlFile,
    relay::RelayFile,
    transaction::Transaction, //
};
