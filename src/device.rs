// SPDX-License-Identifier: GPL-2.0-only

//! How the server is ruled: its nodes in `/dev`.

mod control;

pub(crate) use self::control::Control;
