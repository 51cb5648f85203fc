// SPDX-License-Identifier: GPL-2.0-only

//! Control interface: character devices.
//!
//! [`ControlFile`] is an open `/dev/khttpd`. The commands written to it become a [`Transaction`],
//! which is also the way of the commands given as a module parameter. [`RelayFile`] is an open
//! `/dev/khttpd-relay`, [`AdoptFile`] an open `/dev/khttpd-adopt`, [`LogFile`] an open
//! `/dev/khttpd-log`.

mod adopt;
mod command_error;
mod control;
mod errno_text;
mod log;
mod relay;
mod transaction;

pub(crate) use self::{
    adopt::AdoptFile,
    control::ControlFile,
    log::LogFile,
    relay::RelayFile,
    transaction::Transaction, //
};
