// SPDX-License-Identifier: GPL-2.0-only

//! The access log of a server.

mod policy;

pub(crate) use self::policy::LogPolicy;
