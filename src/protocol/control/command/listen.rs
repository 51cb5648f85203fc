// SPDX-License-Identifier: GPL-2.0-only

//! The commands of listeners.

use super::{
    addresses::Addresses,
    Arguments,
    Command, //
};
use crate::control::{
    address::{
        listen_address,
        process_address,
        user, //
    },
    line::Error, //
};

/// The word behind addresses whose clients speak TLS.
const TLS: &[u8] = b"tls";

impl<'a> Arguments<'a> {
    /// Takes `[ADDRESS:]PORT... [tls]`.
    pub(super) fn listen(mut self) -> Result<Command<'a>, Error<'a>> {
        let addresses = Addresses::new(self.words.clone());
        let is_tls = self.skip_addresses()?.is_some();
        if addresses.clone().next().is_none() {
            return Err(self.missing("needs a port, or an address and a port"));
        }
        self.end(Command::Listen { addresses, is_tls })
    }

    /// Takes `[[ADDRESS:]PORT...]`.
    pub(super) fn unlisten(mut self) -> Result<Command<'a>, Error<'a>> {
        let addresses = Addresses::new(self.words.clone());
        match self.skip_addresses()? {
            None => Ok(Command::Unlisten(addresses)),
            Some(word) => Err(self.line.error(word, "unexpected word")),
        }
    }

    /// Takes `[ADDRESS:]PORT [uid USER]`, or `off`.
    pub(super) fn tls_agent(mut self) -> Result<Command<'a>, Error<'a>> {
        let word = self.next("needs the port of a process, such as 8443, or off")?;
        if word == b"off" {
            return self.end(Command::TlsAgent(None));
        }
        let mut agent = process_address(word).map_err(|reason| self.line.error(word, reason))?;
        match self.words.next() {
            None => (),
            Some(b"uid") => {
                let word = self.next("needs the number of a user")?;
                let uid = user(word).map_err(|reason| self.line.error(word, reason))?;
                agent.uid = Some(uid);
            }
            Some(word) => return Err(self.line.error(word, "must be uid, or nothing")),
        }
        self.end(Command::TlsAgent(Some(agent)))
    }

    /// Takes the addresses to listen on, and the word `tls` behind them, which it returns.
    fn skip_addresses(&mut self) -> Result<Option<&'a [u8]>, Error<'a>> {
        for word in self.words.by_ref() {
            if word == TLS {
                return Ok(Some(word));
            }
            listen_address(word).map_err(|reason| self.line.error(word, reason))?;
        }
        Ok(None)
    }
}
