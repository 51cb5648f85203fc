// SPDX-License-Identifier: GPL-2.0-only

//! The commands of the control node: one per line, each with one spelling.

use crate::{
    bytes::parse_number,
    control::{
        address::peer_address,
        line::{
            Error,
            Line,
            Words, //
        },
        network::ProxyField,
        rule::{
            FilePattern,
            Rule, //
        }, //
    },
    http::{
        DateMatch,
        HostPattern,
        OriginPattern,
        ProcessAddress,
        Slashes, //
    },
    log::LogFormat, //
};
use core::{
    net::SocketAddr,
    ops::RangeInclusive,
    str, //
};

mod addresses;
mod help;
mod listen;
mod log;
mod timeout;

pub use self::{
    addresses::Addresses,
    help::HELP,
    timeout::Timeout, //
};

/// Bounds of the number of connections that are served at a time.
pub const CONNECTIONS: RangeInclusive<u32> = 1..=1 << 20;

/// Bounds of the minimum rate of a peer, in bytes per second.
pub const RATES: RangeInclusive<u32> = 1..=1_000_000_000;

/// Bounds of the length of a request head, in bytes.
pub const HEAD_BYTES: RangeInclusive<u32> = 8192..=32_768;

/// Bounds of the number of old sites that responses may go on to use.
pub const OLD_SITES: RangeInclusive<u32> = 0..=64;

/// Bounds of the memory for the lines of the access log that are not read yet, in bytes for each
/// CPU.
pub const LOG_BUFFER_BYTES: RangeInclusive<u32> = 65_536..=67_108_864;

/// Bounds of a timeout in seconds; a day at most.
pub const SECONDS: RangeInclusive<u32> = 1..=86_400;

/// A well-formed line of the control node: its addresses have ports, its numbers lie within their
/// bounds.
///
/// A command borrows its text, so that a caller can parse a line once and keep the command. Whether
/// the server can carry the command out is not known here.
#[derive(Clone, Debug)]
pub enum Command<'a> {
    /// Listens for connections.
    Listen {
        /// Addresses, at least one.
        addresses: Addresses<'a>,
        /// Whether clients speak TLS, so that the connections are for the agent.
        is_tls: bool,
    },
    /// Stops listening at these addresses; without any, everywhere.
    Unlisten(Addresses<'a>),
    /// Sets the process that shakes hands with clients that speak TLS; without one, there is none.
    TlsAgent(Option<ProcessAddress>),
    /// Serves.
    Start,
    /// Accepts no more connections and lets responses finish.
    Stop,
    /// Sets the number of connections that are served at a time.
    MaxConnections(u32),
    /// Sets the minimum rate, in bytes per second, at which a peer takes a response.
    MinRate(u32),
    /// Sets the bound of the length of a request head, in bytes.
    MaxHeadBytes(u32),
    /// Sets the number of old sites that responses may go on to use.
    MaxOldSites(u32),
    /// Sets the comparison of `If-Modified-Since`.
    IfModifiedSince(DateMatch),
    /// Sets the meaning of several slashes in a row in a path.
    MergeSlashes(Slashes),
    /// Sets a timeout in seconds.
    Timeout(Timeout, u32),
    /// Sets the format of the access log: for these hosts, or for all.
    Log(LogFormat, Option<HostPattern<'a>>),
    /// Sets the memory for the lines that are not read yet, in bytes for each CPU.
    LogBuffer(u32),
    /// Takes the addresses of clients from a field; without any, from none.
    ClientAddress(Option<ProxyField<'a>>),
    /// Serves the directory at this absolute path, or `built-in`, at these origins.
    Root(&'a [u8], OriginPattern<'a>),
    /// Adds a rule of the site.
    Rule(Rule<'a>),
    /// Removes the rules that hand over exactly these files.
    NoHandOver(FilePattern<'a>),
    /// Loads the site again.
    Reload,
    /// Removes all roots and rules.
    Clear,
    /// Sets the peer of the relay node.
    Relay(SocketAddr),
    /// Connects to a peer, sends this text and a line feed, and closes.
    Send(SocketAddr, &'a [u8]),
    /// Restarts all counters at zero.
    ResetCounters,
    /// Lists the commands.
    Help,
}

impl<'a> Command<'a> {
    /// Parses a line.
    ///
    /// # Errors
    ///
    /// The malformed word of the line, and the reason.
    ///
    /// # Examples
    ///
    /// ```
    /// use protocol::control::{Command, Lines};
    ///
    /// for line in Lines::new(b"max-connections 1000\nlisten 99999\n") {
    ///     match Command::parse(line) {
    ///         Ok(command) => assert!(matches!(command, Command::MaxConnections(1000))),
    ///         Err(error) => assert_eq!(
    ///             error.to_string(),
    ///             r#"line 2: "99999": a port must be 1 to 65535"#,
    ///         ),
    ///     }
    /// }
    /// ```
    pub fn parse(line: Line<'a>) -> Result<Command<'a>, Error<'a>> {
        let mut words = line.words();
        let arguments = Arguments {
            line,
            name: words.next().unwrap_or_default(),
            words,
        };
        match arguments.name {
            b"listen" => arguments.listen(),
            b"unlisten" => arguments.unlisten(),
            b"tls-agent" => arguments.tls_agent(),
            b"start" => arguments.end(Self::Start),
            b"stop" => arguments.end(Self::Stop),
            b"max-connections" => {
                let reason = "must be 1 to 1048576";
                arguments.bounded(CONNECTIONS, reason, Self::MaxConnections)
            }
            b"min-rate" => {
                let reason = "must be 1 to 1000000000";
                arguments.bounded(RATES, reason, Self::MinRate)
            }
            b"max-head-bytes" => {
                arguments.bounded(HEAD_BYTES, "must be 8192 to 32768", Self::MaxHeadBytes)
            }
            b"max-old-sites" => arguments.bounded(OLD_SITES, "must be 0 to 64", Self::MaxOldSites),
            b"if-modified-since" => arguments.if_modified_since(),
            b"merge-slashes" => arguments.merge_slashes(),
            b"timeout" => arguments.timeout(),
            b"log" => arguments.log(),
            b"log-buffer" => {
                let reason = "must be 65536 to 67108864";
                arguments.bounded(LOG_BUFFER_BYTES, reason, Self::LogBuffer)
            }
            b"client-address" => arguments.client_address(),
            b"root" => arguments.root(),
            b"no-hand-over" => arguments.no_hand_over(),
            b"reload" => arguments.end(Self::Reload),
            b"clear" => arguments.end(Self::Clear),
            b"relay" => arguments.relay(),
            b"send" => arguments.send(),
            b"reset" => arguments.reset(),
            b"help" => arguments.end(Self::Help),
            b"begin" | b"commit" => arguments.divider(),
            name => Rule::parse(line)?
                .map(Self::Rule)
                .ok_or_else(|| line.error(name, "no such command; \"help\" lists them")),
        }
    }
}

/// The name of a command and the words after it.
struct Arguments<'a> {
    line: Line<'a>,
    name: &'a [u8],
    words: Words<'a>,
}

impl<'a> Arguments<'a> {
    /// Takes a number within `bounds`; `reason` tells them.
    fn bounded(
        mut self,
        bounds: RangeInclusive<u32>,
        reason: &'static str,
        command: fn(u32) -> Command<'a>,
    ) -> Result<Command<'a>, Error<'a>> {
        let word = self.next("needs a number")?;
        let number = number(word)
            .filter(|number| bounds.contains(number))
            .ok_or_else(|| self.line.error(word, reason))?;
        self.end(command(number))
    }

    fn if_modified_since(mut self) -> Result<Command<'a>, Error<'a>> {
        let word = self.next("needs exact or before")?;
        let date_match = DateMatch::ALL
            .into_iter()
            .find(|known| known.word().as_bytes() == word)
            .ok_or_else(|| self.line.error(word, "must be exact or before"))?;
        self.end(Command::IfModifiedSince(date_match))
    }

    fn merge_slashes(mut self) -> Result<Command<'a>, Error<'a>> {
        let word = self.next("needs on or off")?;
        let slashes = Slashes::ALL
            .into_iter()
            .find(|known| known.word().as_bytes() == word)
            .ok_or_else(|| self.line.error(word, "must be on or off"))?;
        self.end(Command::MergeSlashes(slashes))
    }

    fn timeout(mut self) -> Result<Command<'a>, Error<'a>> {
        let word = self.next("needs one of idle, head, send, stop, adopted")?;
        let timeout = Timeout::ALL
            .into_iter()
            .find(|timeout| timeout.word().as_bytes() == word)
            .ok_or_else(|| {
                self.line
                    .error(word, "must be idle, head, send, stop or adopted")
            })?;
        let word = self.next("needs seconds")?;
        let seconds = number(word)
            .filter(|seconds| SECONDS.contains(seconds))
            .ok_or_else(|| self.line.error(word, "must be 1 to 86400 seconds"))?;
        self.end(Command::Timeout(timeout, seconds))
    }

    fn root(mut self) -> Result<Command<'a>, Error<'a>> {
        let directory = self.next("needs a directory")?;
        if !is_directory(directory) {
            let reason = "must be an absolute path, or built-in";
            return Err(self.line.error(directory, reason));
        }
        let origins = self
            .for_pattern(OriginPattern::parse)?
            .unwrap_or(OriginPattern::ANY);
        self.end(Command::Root(directory, origins))
    }

    /// Takes `for` and a pattern, if anything is left.
    fn for_pattern<T>(
        &mut self,
        parse: fn(&'a [u8]) -> Result<T, &'static str>,
    ) -> Result<Option<T>, Error<'a>> {
        let word = match self.words.next() {
            None => return Ok(None),
            Some(b"for") => self.next("needs a host")?,
            Some(word) => return Err(self.line.error(word, "must be for HOST")),
        };
        let pattern = parse(word).map_err(|reason| self.line.error(word, reason))?;
        Ok(Some(pattern))
    }

    fn no_hand_over(mut self) -> Result<Command<'a>, Error<'a>> {
        let word = self.next("needs files, such as *.php")?;
        let files =
            FilePattern::parse(word).map_err(|(word, reason)| self.line.error(word, reason))?;
        self.end(Command::NoHandOver(files))
    }

    fn relay(mut self) -> Result<Command<'a>, Error<'a>> {
        let peer = self.peer()?;
        self.end(Command::Relay(peer))
    }

    fn send(mut self) -> Result<Command<'a>, Error<'a>> {
        let peer = self.peer()?;
        let text = self.words.rest();
        if text.is_empty() {
            return Err(self.missing("needs a text to send"));
        }
        Ok(Command::Send(peer, text))
    }

    fn reset(mut self) -> Result<Command<'a>, Error<'a>> {
        match self.next("needs the word counters")? {
            b"counters" => self.end(Command::ResetCounters),
            word => Err(self.line.error(word, "must be counters")),
        }
    }

    /// Refuses a line that can only divide a text into [`Section`](super::section::Section)s.
    fn divider(mut self) -> Result<Command<'a>, Error<'a>> {
        Err(match self.words.next() {
            Some(word) => self.line.error(word, "unexpected word"),
            None => self.missing("the commands here are one transaction already"),
        })
    }

    /// Takes the address of a peer.
    fn peer(&mut self) -> Result<SocketAddr, Error<'a>> {
        let word = self.next("needs an address and a port")?;
        peer_address(word).map_err(|reason| self.line.error(word, reason))
    }

    /// Takes the next word.
    fn next(&mut self, missing: &'static str) -> Result<&'a [u8], Error<'a>> {
        self.words.next().ok_or_else(|| self.missing(missing))
    }

    /// Creates an error about a word that is missing.
    fn missing(&self, reason: &'static str) -> Error<'a> {
        self.line.error(self.name, reason)
    }

    /// Returns `command` if no word follows.
    fn end(mut self, command: Command<'a>) -> Result<Command<'a>, Error<'a>> {
        match self.words.next() {
            None => Ok(command),
            Some(word) => Err(self.line.error(word, "unexpected word")),
        }
    }
}

/// Returns whether `word` is an argument of `root`: an absolute path, or `built-in`.
pub fn is_directory(word: &[u8]) -> bool {
    word == b"built-in" || word.starts_with(b"/") && str::from_utf8(word).is_ok_and(is_plain)
}

/// Returns whether `text` is still one word after it was displayed.
fn is_plain(text: &str) -> bool {
    !text.contains(|character: char| character == ' ' || character.is_control())
}

/// Parses a decimal number.
fn number(word: &[u8]) -> Option<u32> {
    u32::try_from(parse_number(word, 10)?).ok()
}

#[cfg(test)]
mod tests;
