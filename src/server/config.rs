// SPDX-License-Identifier: GPL-2.0-only

//! The configuration of a server: its settings, and updates that apply as a whole or not at all.

mod active_config;
mod listen_address;
mod prepared;
mod settings;
mod update;

pub(super) use self::{
    active_config::ActiveConfig,
    settings::{
        Setting,
        Settings, //
    }, //
};

pub(crate) use self::{
    prepared::{
        PreparedUpdate,
        UpdateError, //
    },
    update::ConfigUpdate, //
};
