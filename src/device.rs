// SPDX-License-Identifier: GPL-2.0-only

//! How the server is ruled: its nodes in `/dev`.

mod command_error;
mod control;
mod errno_text;
mod relay;
mod transaction;

pub(crate) use self::{
    control::ControlFile,
    relay::RelayFile,
    transaction::Transaction, //
};
