// SPDX-License-Identifier: GPL-2.0-only

//! The language of the control node: lines of words, commands, and the rules of a site.

mod address;
pub mod command;
pub mod line;
pub mod network;
pub mod rule;
pub mod section;

pub use self::{
    command::{
        Addresses,
        Command,
        Timeout, //
    },
    line::{
        Error,
        Escaped,
        Line,
        Lines,
        Words, //
    },
    network::{
        Network,
        ProxyField, //
    },
    rule::{
        EncodedPath,
        Exceptions,
        FieldValue,
        FilePattern,
        Location,
        Names,
        PolicyRule,
        Rule,
        Suffix,
        TrailingSlash, //
    },
    section::{
        Section,
        Sections, //
    },
};
