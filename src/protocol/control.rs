// SPDX-License-Identifier: GPL-2.0-only

//! The language of the control node: lines of words, commands, and the rules of a site.

pub mod command;
pub mod line;
pub mod rule;
