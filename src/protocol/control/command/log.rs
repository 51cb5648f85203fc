// SPDX-License-Identifier: GPL-2.0-only

//! The commands of the access log.

use super::{
    Arguments,
    Command, //
};
use crate::{
    control::{
        line::Error,
        network::{
            Network,
            ProxyField, //
        }, //
    },
    http::{
        octet::is_token,
        HostPattern, //
    },
    log::LogFormat, //
};
use core::str;

/// Bound of the length of the name of a field in bytes.
const FIELD_MAX: usize = 64;

impl<'a> Arguments<'a> {
    /// Takes `FORMAT [for HOST]`.
    pub(super) fn log(mut self) -> Result<Command<'a>, Error<'a>> {
        let word = self.next("needs off, common, combined or json")?;
        let format = LogFormat::ALL
            .into_iter()
            .find(|known| known.word().as_bytes() == word)
            .ok_or_else(|| {
                self.line
                    .error(word, "must be off, common, combined or json")
            })?;
        let host = self.for_pattern(HostPattern::parse)?;
        self.end(Command::Log(format, host))
    }

    /// Takes `FIELD from NETWORK`, or `off`.
    pub(super) fn client_address(mut self) -> Result<Command<'a>, Error<'a>> {
        let word = self.next("needs a field, such as X-Forwarded-For, or off")?;
        match self.words.next() {
            None if word == b"off" => return Ok(Command::ClientAddress(None)),
            None => return Err(self.missing("needs from NETWORK")),
            Some(b"from") => {}
            Some(word) => return Err(self.line.error(word, "must be from NETWORK")),
        }
        let name = str::from_utf8(word)
            .ok()
            .filter(|name| is_token(name.as_bytes()) && name.len() <= FIELD_MAX)
            .ok_or_else(|| self.line.error(word, "must be the name of a field"))?;
        let word = self.next("needs a network, such as 192.0.2.0/24")?;
        let network = Network::parse(word).map_err(|reason| self.line.error(word, reason))?;
        self.end(Command::ClientAddress(Some(ProxyField { name, network })))
    }
}
