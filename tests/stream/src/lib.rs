// SPDX-License-Identifier: GPL-2.0-only

//! A test client's connection: TCP, or TLS over it.
//!
//! A test that has a [`Stream`] in place of a `TcpStream` can run over either. The caller chooses by
//! giving a [`Trust`] or none.

#![forbid(unsafe_code)]
#![warn(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

mod secure;
mod stream;
mod trust;

pub use stream::Stream;
pub use trust::{Resumption, Trust};
