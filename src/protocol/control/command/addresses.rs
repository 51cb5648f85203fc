// SPDX-License-Identifier: GPL-2.0-only

//! The addresses of a command.

use crate::control::{
    address::listen_address,
    line::Words, //
};
use core::net::SocketAddr;

/// An iterator over the addresses of a command, each with its word, which is `[ADDRESS:]PORT`. The
/// first other word ends it.
#[derive(Clone, Debug)]
pub struct Addresses<'a>(Words<'a>);

impl<'a> Addresses<'a> {
    /// Returns the addresses at the beginning of `words`.
    pub(super) fn new(words: Words<'a>) -> Self {
        Self(words)
    }
}

impl<'a> Iterator for Addresses<'a> {
    type Item = (&'a [u8], SocketAddr);

    fn next(&mut self) -> Option<Self::Item> {
        let word = self.0.next()?;
        Some((word, listen_address(word).ok()?))
    }
}
