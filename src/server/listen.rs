// SPDX-License-Identifier: GPL-2.0-only

//! Listeners and accepting.

mod acceptor;

pub(super) use self::acceptor::Acceptor;
